"""Muse Lab iCESugar-Pro; its debugger carries the UART."""

from boards.board import Board
from boards.devices import ECP5_SOURCE, LFE5U_25F
from fq_hw.schedule.sdram import SDR_16M16

__all__ = ["ICESUGAR_PRO"]

ICESUGAR_PRO = Board(
    name="icesugar-pro",
    family="ecp5",
    clock_mhz=25.0,
    platform="amaranth_boards.icesugar_pro:ICESugarProPlatform",
    loader=("--cable", "cmsisdap"),
    capacity=LFE5U_25F,
    sdram=SDR_16M16,
    source=ECP5_SOURCE,
    tested="built to a bitstream; the bitstream has not run on a board",
)
