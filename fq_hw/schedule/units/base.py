"""What all units have in common."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from fq_hw.errors import FoldingError, require

__all__ = ["READ", "Beat", "PixelUnit", "Rom", "Unit", "ceil_div", "in_block_ram"]


READ = 2  # cycles that reading takes: a memory's own register and the one behind it


def ceil_div(a: int, b: int) -> int:
    """a / b, rounded up."""
    return -(-a // b)


def in_block_ram(depth: int, width: int) -> bool:
    """Whether a memory goes to block RAM: when it is deep and fills a ninth of a block."""
    return depth > 16 and depth * width >= 2048


class Rom(enum.Enum):
    """Where the words of a ROM lie: where its size says, or in logic though it is large."""

    BY_SIZE = "by size"
    LOGIC = "logic"


@dataclass(frozen=True, kw_only=True)
class Beat:
    """What one transfer of a stream carries: ``lanes`` integers of ``bits``, lane 0 lowest.

    ``blanks`` bits stand above them: each says that its equal share of the lanes counts as 0,
    whatever the lanes hold. The payload is there ``late`` cycles after the transfer: what is read
    from a memory need not wait there for its reader.
    """

    lanes: int
    bits: int
    signed: bool = False
    blanks: int = 0
    late: int = 0

    @property
    def width(self) -> int:
        """Bits of a beat."""
        return self.lanes * self.bits + self.blanks


@dataclass(frozen=True, kw_only=True)
class Unit:
    """Base of all units; says nothing but that it is one."""

    def check(self, ok: object, contract: str, got: object) -> None:
        """Raise FoldingError, naming the unit, unless ``ok``."""
        require(ok, type(self).__name__, contract, got, kind=FoldingError)


@dataclass(frozen=True, kw_only=True)
class PixelUnit(Unit):
    """Base of units that take every pixel in turn, ``lanes`` of its channels a beat."""

    channels: int
    pixels: int
    lanes: int

    @property
    def folds(self) -> int:
        """Beats of a pixel."""
        return ceil_div(self.channels, self.lanes)

    @property
    def beats(self) -> int:
        """Cycles a frame takes at least."""
        return self.pixels * self.folds
