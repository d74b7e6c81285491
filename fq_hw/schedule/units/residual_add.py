"""Residual adder unit."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.events import Channel, Channels, Process, join, queue
from fq_hw.schedule.parts import Parts
from fq_hw.schedule.units.base import Beat, FramelessUnit, JoinUnit

__all__ = ["AddUnit"]


@dataclass(frozen=True, kw_only=True)
class AddUnit(JoinUnit, FramelessUnit):
    """Integer residual adder: beat by beat a * 2**shift[0] + b * 2**shift[1], in ``out_bits``."""

    out_bits: int
    shift: tuple[int, int] = (0, 0)

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.out_bits)

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        both = Channel()
        return [join(i, both), queue(both, o[0])]

    def parts(self) -> Parts:
        carry = self.lanes * (self.out_bits + self.out_bits % 2)
        return Parts(
            lut={"fixed": 1, "carry": carry, "lanes": self.lanes},
            ff={"fixed": 1, "out": self.o.width},
        )
