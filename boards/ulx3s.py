"""Radiona ULX3S, the variants with the LFE5U-12F, -25F, -45F and -85F."""

from boards.board import Board
from boards.devices import ECP5_SOURCE, LFE5U_25F, LFE5U_45F, LFE5U_85F
from fq_hw.schedule.sdram import SDR_16M16

__all__ = ["ULX3S_12F", "ULX3S_25F", "ULX3S_45F", "ULX3S_85F"]

SPI = ("gpio", "0+", "0-", "1+", "1-")  # sck, cs, copi, cipo on GP0, GN0, GP1, GN1

ULX3S_12F = Board(
    name="ulx3s-12f",
    family="ecp5",
    clock_mhz=25.0,
    platform="amaranth_boards.ulx3s:ULX3S_12F_Platform",
    loader=("--board", "ulx3s"),
    capacity=LFE5U_25F,
    spi=SPI,
    usb=True,
    sdram=SDR_16M16,
    source="nextpnr-ecp5's utilisation table: the die is the LFE5U-25F's; Lattice promises half",
    tested="built to a bitstream; the bitstream has not run on a board",
)
ULX3S_25F = Board(
    name="ulx3s-25f",
    family="ecp5",
    clock_mhz=25.0,
    platform="amaranth_boards.ulx3s:ULX3S_25F_Platform",
    loader=("--board", "ulx3s"),
    capacity=LFE5U_25F,
    spi=SPI,
    usb=True,
    sdram=SDR_16M16,
    source=ECP5_SOURCE,
    tested="built to a bitstream; the bitstream has not run on a board",
)
ULX3S_45F = Board(
    name="ulx3s-45f",
    family="ecp5",
    clock_mhz=25.0,
    platform="amaranth_boards.ulx3s:ULX3S_45F_Platform",
    loader=("--board", "ulx3s"),
    capacity=LFE5U_45F,
    spi=SPI,
    usb=True,
    sdram=SDR_16M16,
    source=ECP5_SOURCE,
    tested="built to a bitstream; the bitstream has not run on a board",
)
ULX3S_85F = Board(
    name="ulx3s-85f",
    family="ecp5",
    clock_mhz=25.0,
    platform="amaranth_boards.ulx3s:ULX3S_85F_Platform",
    loader=("--board", "ulx3s"),
    capacity=LFE5U_85F,
    spi=SPI,
    usb=True,
    sdram=SDR_16M16,
    source=ECP5_SOURCE,
    tested="built to a bitstream; the bitstream has not run on a board",
)
