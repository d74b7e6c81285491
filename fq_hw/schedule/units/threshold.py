"""Threshold unit."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.events import room
from fq_hw.schedule.parts import Parts
from fq_hw.schedule.steps import Channels, Process, Put, Steps, Take
from fq_hw.schedule.units.base import Beat, LevelUnit

__all__ = ["ThresholdUnit"]


@dataclass(frozen=True, kw_only=True)
class ThresholdUnit(LevelUnit):
    """Requantize: per lane the number of levels not above x, counted down where a sign bit is set.

    A level word holds, lane by lane, ``2**out_bits - 1`` ascending levels of ``level_bits`` and a
    sign bit on top: y = count, or steps - count.
    """

    level_bits: int

    PARAMETERS = ("i_level",)

    @property
    def steps(self) -> int:
        """Levels of a channel."""
        return 2**self.out_bits - 1

    @property
    def i_level(self) -> Beat:
        """A level word."""
        return Beat(lanes=self.lanes, bits=self.steps * self.level_bits + 1)

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        """The comparisons' register, and behind it two places."""
        return [Steps(Take(i[0]), room(o[0], 2, 1), Put(o[0].offers, 1))]

    def parts(self) -> Parts:
        compared = self.lanes * self.steps
        return Parts(
            lut={
                "fixed": 1,
                "compared bits": compared * self.level_bits,
                "compared": compared,
                "odd": compared * (self.level_bits % 2),  # the carry ends amid a pair of positions
                "out": self.o.width,
            },
            ff={"fixed": 1, "out": 2 * self.o.width},
            exact_ff=compared + self.lanes,
        )
