"""Concatenation unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.steps import Channels, Give, Process, Repeat, Steps, Take
from fq_hw.schedule.units.base import Beat, JoinUnit

__all__ = ["ConcatUnit"]


@dataclass(frozen=True, kw_only=True)
class ConcatUnit(JoinUnit):
    """Concatenation: for every pixel ``slices[0]`` beats of the first stream, then the second's.

    Where it is ``swapped`` the second stream's come first.
    """

    pixels: int
    slices: tuple[int, int]
    swapped: bool

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.lanes, bits=max(self.bits))

    @property
    def beats(self) -> int:
        return self.pixels * sum(self.slices)

    @property
    def order(self) -> tuple[int, int]:
        """Which stream comes first, and which second."""
        return (1, 0) if self.swapped else (0, 1)

    @property
    def latency_from(self) -> Mapping[str, int]:
        return {list(self.ins)[self.order[0]]: 0}

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        beat = {which: (Take(i[which]), Give(o[0], then=0)) for which in self.order}
        return [Steps(*(Repeat(self.slices[which], beat[which]) for which in self.order))]

    def parts(self) -> Parts:
        counts = sum(map(bits, self.slices))
        return Parts(both={"fixed": 1, "out": self.o.width, "counts": counts})
