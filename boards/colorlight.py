"""Colorlight's receiver cards: 5A-75B, i5 and i9.

5A-75B is revision 7.0, its UART on J19: rx is KEY+, tx is DATA_LED-. i5 is version 7.0, i9 7.2,
each on its extension board, whose programmer has the UART.
"""

from boards.board import Board
from boards.devices import ECP5_SOURCE, LFE5U_25F, LFE5U_45F
from boards.ethernet.phy import PhyPins
from fq_hw.schedule.sdram import M12L64322A

__all__ = ["COLORLIGHT_5A75B", "COLORLIGHT_I5", "COLORLIGHT_I9"]

PHY = PhyPins(
    rx_delay_ns=2, tx_delay_ns=0, source="litex-boards, whose designs have run on the board"
)

COLORLIGHT_5A75B = Board(
    name="colorlight-5a75b",
    family="ecp5",
    clock_mhz=25.0,
    platform="amaranth_boards.colorlight_5a75b_r7_0:Colorlight_5A75B_R70Platform",
    loader=("--board", "colorlight"),
    capacity=LFE5U_25F,
    ethernet=PHY,
    source=ECP5_SOURCE,
    tested="built to a bitstream; the bitstream has not run on a board",
)
COLORLIGHT_I5 = Board(
    name="colorlight-i5",
    family="ecp5",
    clock_mhz=25.0,
    platform="boards.colorlight_platform:ColorlightI5",
    loader=("--board", "colorlight-i5"),
    capacity=LFE5U_25F,
    sdram=M12L64322A,
    ethernet=PHY,
    source=ECP5_SOURCE,
    tested="built to a bitstream; the bitstream has not run on a board",
)
COLORLIGHT_I9 = Board(
    name="colorlight-i9",
    family="ecp5",
    clock_mhz=25.0,
    platform="boards.colorlight_platform:ColorlightI9",
    loader=("--board", "colorlight-i9"),
    capacity=LFE5U_45F,
    sdram=M12L64322A,
    ethernet=PHY,
    source=ECP5_SOURCE,
    tested="built to a bitstream; the bitstream has not run on a board",
)
