"""Residual adder unit."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.events import Channel, Channels, Process, join, queue
from fq_hw.schedule.parts import Parts
from fq_hw.schedule.units.base import Beat, FramelessUnit, JoinUnit

__all__ = ["AddUnit", "digits"]


def digits(factor: int) -> list[tuple[int, int]]:
    """``factor`` as the fewest powers of two: signs and exponents, no two of these neighbours."""
    found, place = [], 0
    while factor:
        if factor & 1:
            sign = 2 - (factor & 3)
            found.append((sign, place))
            factor -= sign
        factor, place = factor >> 1, place + 1
    return found


@dataclass(frozen=True, kw_only=True)
class AddUnit(JoinUnit, FramelessUnit):
    """Integer residual adder: beat by beat a * times[0] + b * times[1], in ``out_bits``.

    A factor is shifts and adders, as many as its signed digits.
    """

    out_bits: int
    times: tuple[int, int] = (1, 1)

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.out_bits)

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        both = Channel()
        return [join(i, both), queue(both, o[0])]

    def parts(self) -> Parts:
        carry = self.lanes * (self.out_bits + self.out_bits % 2)
        more = sum(len(digits(factor)) for factor in self.times) - 2
        return Parts(
            lut={"fixed": 1, "carry": carry, "lanes": self.lanes, "factors": carry * more},
            ff={"fixed": 1, "out": self.o.width},
        )
