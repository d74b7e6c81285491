"""1BitSquared iCEBreaker, with the iCE40UP5K; SPI on Pmod 1A, as Digilent's type 2."""

from boards.board import Board
from boards.devices import ICE40UP5K, ICE40UP5K_SOURCE

__all__ = ["ICEBREAKER"]

ICEBREAKER = Board(
    name="icebreaker",
    family="ice40",
    clock_mhz=12.0,
    platform="amaranth_boards.icebreaker:ICEBreakerPlatform",
    loader=("--board", "ice40_generic"),
    capacity=ICE40UP5K,
    spi=("pmod", "4", "1", "2", "3"),
    source=ICE40UP5K_SOURCE,
    tested="built to a bitstream; the bitstream has not run on a board",
)
