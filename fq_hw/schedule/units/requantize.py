"""Unit that requantizes by a shift."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.parts import Parts
from fq_hw.schedule.units.base import Beat, LevelUnit

__all__ = ["RequantizeUnit"]


@dataclass(frozen=True, kw_only=True)
class RequantizeUnit(LevelUnit):
    """(x + constant) / 2**shift, rounded down, brought into 0..2**out_bits - 1.

    A constant word holds a signed constant for every lane: what the raw sum lacks, the bias, and
    the half that makes rounding down rounding.
    """

    constant_bits: int
    shift: int

    PARAMETERS = ("i_constant",)

    @property
    def i_constant(self) -> Beat:
        """A constant word."""
        return Beat(lanes=self.lanes, bits=self.constant_bits, signed=True)

    @property
    def sum_bits(self) -> int:
        """Width of the signed sum of x and its constant."""
        return max(self.in_bits + 1, self.constant_bits) + 1

    def parts(self) -> Parts:
        sums = self.lanes * self.sum_bits
        above = self.lanes * max(self.sum_bits - self.shift - self.out_bits, 0)
        kept = self.lanes * (self.sum_bits - max(self.shift - 1, 0))
        return Parts(
            lut={"fixed": 1, "sum bits": sums, "above": above, "out": self.o.width},
            ff={"fixed": 1, "kept": kept, "out": self.o.width},
        )
