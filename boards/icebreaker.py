"""1BitSquared iCEBreaker, with the iCE40UP5K; SPI on Pmod 1A, as Digilent's type 2."""

from boards.board import Board, Capacity

__all__ = ["ICEBREAKER"]

ICEBREAKER = Board(
    name="icebreaker",
    family="ice40",
    clock_mhz=12.0,
    platform="amaranth_boards.icebreaker:ICEBreakerPlatform",
    loader=("--board", "ice40_generic"),
    capacity=Capacity(lut=5_280, ff=5_280, ebr=30, spram=4, grid=(26, 32)),
    spi=("pmod", "4", "1", "2", "3"),
    source="Lattice FPGA-DS-02008, iCE40 UltraPlus family data sheet",
    tested="built to a bitstream; the bitstream has not run on a board",
)
