"""Unit that sums over the pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fq_hw.schedule.events import Channels, Process, by_turns, registers
from fq_hw.schedule.memories import ceil_div, distinct, distributed
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.units.base import Beat, PixelUnit

__all__ = ["PixelSumUnit"]


@dataclass(frozen=True, kw_only=True)
class PixelSumUnit(PixelUnit):
    """Sum over a frame's pixels, per channel, from a constant start value of each channel.

    Sums of ``levels`` begin at 0, and are never negative. Pixels come one after the other,
    ``slices`` beats each, or ``planar``: all pixels of a slice of channels before the next slice.
    """

    sum_bits: int
    planar: bool = False
    levels: bool = False

    @property
    def contents(self) -> tuple[int, ...] | None:
        return None if self.levels else (self.channels,)

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.sum_bits, signed=not self.levels)

    @property
    def latency_from(self) -> Mapping[str, int]:
        return {"i": (self.pixels - 1) * (1 if self.planar else self.slices)}

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        if self.planar:
            return [by_turns(i[0], o[0], [(self.pixels, 1)], rest=0)]
        gives = [False] * (self.pixels - 1) * self.slices + [True] * self.slices
        return [registers(i[0], o[0], gives=gives)]

    def parts(self) -> Parts:
        several = self.slices > 1
        width = self.o.width
        return Parts(
            both={"fixed": 1, "counts": bits(self.slices) + bits(self.pixels)},
            lut={
                "sums": 0 if self.planar else distributed(self.slices, width),
                "muxed": 0 if self.planar else width * (ceil_div(self.slices, 16) - 1),
                "starts": distinct(self.slices, width) if several and not self.levels else 0,
                "sum bits": width,
                "lanes": self.lanes,
            },
            ff={"out": width},
        )
