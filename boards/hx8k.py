"""Lattice iCE40-HX8K breakout board."""

from boards.board import Board, Capacity

__all__ = ["HX8K_BREAKOUT"]

HX8K_BREAKOUT = Board(
    name="hx8k-breakout",
    family="ice40",
    clock_mhz=12.0,
    platform="amaranth_boards.ice40_hx8k_b_evn:ICE40HX8KBEVNPlatform",
    loader=("--board", "ice40_generic"),
    capacity=Capacity(lut=7_680, ff=7_680, ebr=32, grid=(34, 34)),
    source="Lattice FPGA-DS-02029, iCE40 LP/HX family data sheet",
    tested="built to a bitstream; the bitstream has not run on a board",
)
