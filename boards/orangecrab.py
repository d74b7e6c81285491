"""OrangeCrab r0.2; UART on the Feather pins 0 (rx) and 1 (tx), SPI on its own and 10 (cs)."""

from boards.board import Board
from boards.devices import ECP5_SOURCE, LFE5U_25F, LFE5U_85F

__all__ = ["ORANGECRAB_25F", "ORANGECRAB_85F"]

SPI = ("io", "sck", "10", "copi", "cipo")

ORANGECRAB_25F = Board(
    name="orangecrab-25f",
    family="ecp5",
    clock_mhz=48.0,
    platform="amaranth_boards.orangecrab_r0_2:OrangeCrabR0_2_25FPlatform",
    loader=("--board", "orangeCrab"),
    capacity=LFE5U_25F,
    uart=("io", "0", "1"),
    spi=SPI,
    usb=True,
    source=ECP5_SOURCE,
    tested="built to a bitstream; the bitstream has not run on a board",
)
ORANGECRAB_85F = Board(
    name="orangecrab-85f",
    family="ecp5",
    clock_mhz=48.0,
    platform="amaranth_boards.orangecrab_r0_2:OrangeCrabR0_2_85FPlatform",
    loader=("--board", "orangeCrab"),
    capacity=LFE5U_85F,
    uart=("io", "0", "1"),
    spi=SPI,
    usb=True,
    source=ECP5_SOURCE,
    tested="built to a bitstream; the bitstream has not run on a board",
)
