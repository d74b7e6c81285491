"""Unit that requantizes by a shift."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fq_hw.schedule.events import Channel, Process, Times, registers
from fq_hw.schedule.parts import Parts
from fq_hw.schedule.units.base import Beat, PixelUnit

__all__ = ["RequantizeUnit"]


@dataclass(frozen=True, kw_only=True)
class RequantizeUnit(PixelUnit):
    """(x + constant) / 2**shift, rounded down, brought into 0..2**out_bits - 1.

    A constant word holds a signed constant for every lane: what the raw sum lacks, the bias, and
    the half that makes rounding down rounding.
    """

    in_bits: int
    constant_bits: int
    shift: int
    out_bits: int

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.in_bits)

    @property
    def constant(self) -> Beat:
        """A constant word."""
        return Beat(lanes=self.lanes, bits=self.constant_bits, signed=True)

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.out_bits)

    @property
    def ins(self) -> Mapping[str, Beat]:
        return {"i": self.i, "i_constant": self.constant}

    @property
    def sum_bits(self) -> int:
        """Width of the signed sum of x and its constant."""
        return max(self.in_bits + 1, self.constant_bits) + 1

    def latency(self) -> int:
        """Cycles from taking a beat to offering its result."""
        return self.STAGES

    PARAMETERS = ("i_constant",)
    STAGES = 2  # registers: of the sums, and of the result

    def processes(
        self, i: Sequence[Channel], o: Sequence[Channel], new: Callable[[], Times]
    ) -> list[Process]:
        return registers(i[0], o[0], self.latency())

    def parts(self) -> Parts:
        sums = self.lanes * self.sum_bits
        above = self.lanes * max(self.sum_bits - self.shift - self.out_bits, 0)
        kept = self.lanes * (self.sum_bits - max(self.shift - 1, 0))
        return Parts(
            lut={"fixed": 1, "sum bits": sums, "above": above, "out": self.o.width},
            ff={"fixed": 1, "kept": kept, "out": self.o.width},
        )
