"""Threshold unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fq_hw.schedule.events import Channel, Process, Times, register_stage, skid_buffer
from fq_hw.schedule.parts import Parts
from fq_hw.schedule.units.base import Beat, PixelUnit

__all__ = ["ThresholdUnit"]


@dataclass(frozen=True, kw_only=True)
class ThresholdUnit(PixelUnit):
    """Requantize: per lane the number of levels not above x, counted down where a sign bit is set.

    A level word holds, lane by lane, ``2**out_bits - 1`` ascending levels of ``level_bits`` and a
    sign bit on top: y = count, or steps - count.
    """

    in_bits: int
    level_bits: int
    out_bits: int

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.in_bits)

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.out_bits)

    @property
    def ins(self) -> Mapping[str, Beat]:
        return {"i": self.i, "i_level": self.level}

    @property
    def steps(self) -> int:
        """Levels of a channel."""
        return 2**self.out_bits - 1

    @property
    def level(self) -> Beat:
        """A level word."""
        return Beat(lanes=self.lanes, bits=self.steps * self.level_bits + 1)

    def latency(self) -> int:
        """Cycles from taking a beat to offering its result."""
        return self.STAGES

    PARAMETERS = ("i_level",)
    STAGES = 2  # registers: of the levels that are reached, and of the result

    def processes(
        self, i: Sequence[Channel], o: Sequence[Channel], new: Callable[[], Times]
    ) -> list[Process]:
        compared = Channel(o[0].offers.runnable)
        return [register_stage(i[0], compared), *skid_buffer(compared, o[0], new)]

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
