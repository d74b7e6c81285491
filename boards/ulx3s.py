"""Radiona ULX3S, the variants with the LFE5U-25F and the LFE5U-85F."""

from boards.board import Board, Capacity

__all__ = ["ULX3S_25F", "ULX3S_85F"]

SOURCE = "Lattice FPGA-DS-02012, ECP5 family data sheet; nextpnr-ecp5's utilisation table"
TESTED = "built to a bitstream; the bitstream has not run on a board"

ULX3S_25F = Board(
    name="ulx3s-25f",
    family="ecp5",
    clock_mhz=25.0,
    platform="amaranth_boards.ulx3s:ULX3S_25F_Platform",
    capacity=Capacity(lut=24_288, ff=24_288, ebr=56),
    source=SOURCE,
    tested=TESTED,
)
ULX3S_85F = Board(
    name="ulx3s-85f",
    family="ecp5",
    clock_mhz=25.0,
    platform="amaranth_boards.ulx3s:ULX3S_85F_Platform",
    capacity=Capacity(lut=83_640, ff=83_640, ebr=208),
    source=SOURCE,
    tested=TESTED,
)
