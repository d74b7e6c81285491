"""Unit that makes more pixels of a row: repeated ones, or those that lie in its channels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.units.banks import BankedUnit

__all__ = ["SpreadUnit"]


@dataclass(frozen=True, kw_only=True)
class SpreadUnit(BankedUnit):
    """Each of ``width`` pixels of a row becomes ``block`` rows x columns of ``slices`` beats.

    These are the pixel itself, again and again; where it is ``deep`` they lie one behind the other
    in its channels.
    """

    width: int
    slices: int
    block: tuple[int, int]
    deep: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        least = min(self.width, self.slices, self.groups, *self.block)
        self.check(least >= 1, "must have rows, pixels and beats", least)

    @property
    def loops(self) -> tuple[tuple[int, int], ...]:
        """How a row is read, innermost first: how often, and how far apart."""
        (down, across), slices = self.block, self.slices
        if self.deep:
            pixel = down * across * slices
            return (across * slices, 1), (self.width, pixel), (down, across * slices)
        return (slices, 1), (across, 0), (self.width, slices), (down, 0)

    @property
    def group_beats(self) -> int:
        return self.width * self.slices * (math.prod(self.block) if self.deep else 1)

    @property
    def leaving(self) -> int:
        return self.width * self.slices * math.prod(self.block)

    def parts(self) -> Parts:
        loops = sum(bits(count) for count, _ in self.loops)
        return self.parts_of(loops + 2 * bits(self.group_beats))
