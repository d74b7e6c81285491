"""Boards: one record each, the host link, and the way from a component to a bitstream."""

from boards.board import Board, Capacity
from boards.colorlight import COLORLIGHT_5A75B, COLORLIGHT_I5, COLORLIGHT_I9
from boards.ecpix5 import ECPIX5_45F, ECPIX5_85F
from boards.hx8k import HX8K_BREAKOUT
from boards.icebreaker import ICEBREAKER
from boards.icepi_zero import ICEPI_ZERO
from boards.icesugar_pro import ICESUGAR_PRO
from boards.orangecrab import ORANGECRAB_25F, ORANGECRAB_85F
from boards.tang import (
    TANG_MEGA_138K,
    TANG_NANO_9K,
    TANG_NANO_20K,
    TANG_PRIMER_20K,
    TANG_PRIMER_25K,
)
from boards.ulx3s import ULX3S_12F, ULX3S_25F, ULX3S_45F, ULX3S_85F
from boards.upduino import UPDUINO_V3
from fq_hw.errors import one_of

__all__ = ["BOARDS", "Board", "Capacity", "find"]

BOARDS = (
    ULX3S_85F,  # the default
    ULX3S_12F,
    ULX3S_25F,
    ULX3S_45F,
    ECPIX5_45F,
    ECPIX5_85F,
    ORANGECRAB_25F,
    ORANGECRAB_85F,
    ICESUGAR_PRO,
    COLORLIGHT_5A75B,
    COLORLIGHT_I5,
    COLORLIGHT_I9,
    ICEPI_ZERO,
    ICEBREAKER,
    UPDUINO_V3,
    HX8K_BREAKOUT,
    TANG_PRIMER_20K,
    TANG_NANO_9K,
    TANG_NANO_20K,
    TANG_PRIMER_25K,
    TANG_MEGA_138K,
)


def find(name: str) -> Board:
    """Return the board called ``name``; ParameterError lists the known ones."""
    known = {board.name: board for board in BOARDS}
    one_of(name, known, "board")
    return known[name]
