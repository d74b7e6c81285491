"""Pooling unit."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from fq_hw.schedule.units.base import Beat, Unit, ceil_div

__all__ = ["PoolUnit", "Pooling"]


class Pooling(enum.Enum):
    """What is made of a window."""

    MAX = "max"
    SUM = "sum"


@dataclass(frozen=True, kw_only=True)
class PoolUnit(Unit):
    """Largest value, or sum, of windows of ``rows`` x ``columns`` side by side, per channel.

    Where it is ``signed``, constants say of which channels it gives the smallest value instead.
    A row of windows is kept while it grows; rows and columns that fill no window are dropped.
    """

    pooling: Pooling
    height: int
    width: int
    channels: int
    lanes: int
    in_bits: int
    rows: int
    columns: int
    signed: bool = False

    def __post_init__(self) -> None:
        inside = 1 <= self.rows <= self.height and 1 <= self.columns <= self.width
        got = (self.rows, self.columns)
        self.check(inside, f"windows must fit {self.height}x{self.width}", got)

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.in_bits)

    @property
    def o(self) -> Beat:
        most = 2**self.in_bits - 1
        size = self.rows * self.columns if self.pooling is Pooling.SUM else 1
        return Beat(lanes=self.lanes, bits=(most * size).bit_length())

    @property
    def folds(self) -> int:
        """Beats of a pixel."""
        return ceil_div(self.channels, self.lanes)

    @property
    def depth(self) -> int:
        """Words of its memory: a row of windows."""
        return self.width // self.columns * self.folds

    @property
    def beats(self) -> int:
        """Cycles a frame takes at least."""
        return self.height * self.width * self.folds

    def emits(self, y: int, x: int) -> bool:
        """Whether the pixel at row y, column x is the last of a window."""
        return y % self.rows == self.rows - 1 and x % self.columns == self.columns - 1

    def latency(self) -> int:
        """Cycles from taking a window's last beat to offering its result."""
        return 1
