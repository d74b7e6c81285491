"""tinyVision's UPduino v3, with the iCE40UP5K; its jumper OSC closed, a UART on pins 23 and 25."""

from boards.board import Board
from boards.devices import ICE40UP5K, ICE40UP5K_SOURCE

__all__ = ["UPDUINO_V3"]

UPDUINO_V3 = Board(
    name="upduino-v3",
    family="ice40",
    clock_mhz=12.0,
    platform="boards.upduino_platform:UPduino",
    loader=("--board", "ice40_generic", "--cable", "ft232"),
    capacity=ICE40UP5K,
    source=ICE40UP5K_SOURCE,
    tested="built to a bitstream; the bitstream has not run on a board",
)
