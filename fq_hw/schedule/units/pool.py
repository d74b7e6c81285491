"""Pooling unit."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fq_hw.schedule.events import Channel, Process, Times
from fq_hw.schedule.memories import ceil_div, distributed
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.units.base import Beat, Unit

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

    @property
    def latency_from(self) -> Mapping[str, int]:
        return {"i": ((self.rows - 1) * self.width + self.columns - 1) * self.folds}

    def processes(
        self, i: Sequence[Channel], o: Sequence[Channel], new: Callable[[], Times]
    ) -> list[Process]:

        def pool() -> Process:
            free = index = 0
            while True:
                for y, x, _ in itertools.product(
                    *map(range, (self.height, self.width, self.folds))
                ):
                    emits = self.emits(y, x)
                    if emits and index:
                        free = max(free, (yield from o[0].taken(index - 1)))
                    free = 1 + (yield from i[0].take(free))
                    if emits:
                        o[0].offers.put(free)
                        index += 1

        return [pool()]

    def parts(self) -> Parts:
        width, depth = self.o.width, self.depth
        counts = sum(
            map(bits, (self.folds, self.width, self.height, self.rows, self.columns, depth))
        )
        summed = self.pooling is Pooling.SUM
        signs = self.lanes * ceil_div(self.folds, 16) if self.signed else 0
        return Parts(
            lut={
                "fixed": 1,
                "ram": distributed(depth, width),
                "muxed": width * (ceil_div(depth, 16) - 1),
                "summed": width if summed else 0,
                "compared": 0 if summed else width + signs,
                "counts": counts,
            },
            ff={"fixed": 1, "out": width, "counts": counts},
        )
