"""Colorlight 5A-75B, revision 7.0; UART on J19: rx is KEY+, tx is DATA_LED-."""

from boards.board import Board
from boards.devices import ECP5_SOURCE, LFE5U_25F
from boards.ethernet.rgmii import PhyPins

__all__ = ["COLORLIGHT_5A75B"]

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
