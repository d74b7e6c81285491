"""Boards: one record each, the host link, and the way from a component to a bitstream."""

from boards.board import Board, Capacity
from boards.colorlight import COLORLIGHT_5A75B
from boards.ecpix5 import ECPIX5_45F, ECPIX5_85F
from boards.hx8k import HX8K_BREAKOUT
from boards.icebreaker import ICEBREAKER
from boards.icepi_zero import ICEPI_ZERO
from boards.icesugar_pro import ICESUGAR_PRO
from boards.orangecrab import ORANGECRAB_25F, ORANGECRAB_85F
from boards.tang import TANG_NANO_9K, TANG_PRIMER_20K
from boards.ulx3s import ULX3S_12F, ULX3S_25F, ULX3S_45F, ULX3S_85F
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
    ICEPI_ZERO,
    ICEBREAKER,
    HX8K_BREAKOUT,
    TANG_PRIMER_20K,
    TANG_NANO_9K,
)


def find(name: str) -> Board:
    """Return the board called ``name``; ParameterError lists the known ones."""
    known = {board.name: board for board in BOARDS}
    one_of(name, known, "board")
    return known[name]
