"""IcePi Zero 1.3; the UART is that of its USB bridge, SPI that of the
Raspberry Pi header: SPI0 with CE0."""

from boards.board import Board
from boards.devices import ECP5_SOURCE, LFE5U_25F
from fq_hw.schedule.sdram import SDR_16M16

__all__ = ["ICEPI_ZERO"]

ICEPI_ZERO = Board(
    name="icepi-zero",
    family="ecp5",
    clock_mhz=50.0,
    platform="amaranth_boards.icepi_zero:IcepiZero1_3Platform",
    loader=("--board", "icepi-zero"),
    capacity=LFE5U_25F,
    spi=("gpio", "11", "8", "10", "9"),
    sdram=SDR_16M16,
    source=ECP5_SOURCE,
    tested="built to a bitstream; the bitstream has not run on a board",
)
