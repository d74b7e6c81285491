"""Unit that sums over the pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fq_hw.schedule.events import Channel, Process, Times
from fq_hw.schedule.memories import ceil_div, distinct, distributed
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.units.base import Beat, PixelUnit

__all__ = ["PixelSumUnit"]


@dataclass(frozen=True, kw_only=True)
class PixelSumUnit(PixelUnit):
    """Sum over a frame's pixels, per channel, from a constant start value of each channel.

    Pixels come one after the other, ``folds`` beats each, or ``planar``: all pixels of a fold of
    channels before the next fold.
    """

    in_bits: int
    sum_bits: int
    planar: bool = False

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.in_bits)

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.sum_bits, signed=True)

    @property
    def together(self) -> int:
        """Beats of a pixel that come before the next pixel."""
        return 1 if self.planar else self.folds

    def latency(self) -> int:
        """Cycles from taking the last pixel's beat to offering its sum."""
        return 1

    @property
    def latency_from(self) -> Mapping[str, int]:
        return {"i": (self.pixels - 1) * self.together}

    def processes(
        self, i: Sequence[Channel], o: Sequence[Channel], new: Callable[[], Times]
    ) -> list[Process]:

        def accumulate() -> Process:
            free = index = 0
            while True:
                for _ in range((self.pixels - 1) * self.together):
                    free = 1 + (yield from i[0].take(free))
                for _ in range(self.together):
                    if index:
                        free = max(free, (yield from o[0].taken(index - 1)))
                    free = 1 + (yield from i[0].take(free))
                    o[0].offers.put(free)
                    index += 1

        return [accumulate()]

    def parts(self) -> Parts:
        folded = self.folds > 1
        width = self.o.width
        return Parts(
            lut={
                "fixed": 1,
                "sums": 0 if self.planar else distributed(self.folds, width),
                "muxed": 0 if self.planar else width * (ceil_div(self.folds, 16) - 1),
                "starts": distinct(self.folds, width) if folded else 0,
                "sum bits": width,
                "lanes": self.lanes,
                "counts": bits(self.folds) + bits(self.pixels),
            },
            ff={
                "fixed": 1,
                "out": width * (1 + self.planar),
                "counts": bits(self.folds) + bits(self.pixels),
            },
        )
