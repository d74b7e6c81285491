"""Unit behind an engine of several weight planes."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.parts import Parts
from fq_hw.schedule.units.base import Beat, PixelUnit

__all__ = ["PlaneUnit"]


@dataclass(frozen=True, kw_only=True)
class PlaneUnit(PixelUnit):
    """Sums of the weights' bit planes to sums of weights: sum over planes p of 2**p * raw_p.

    The planes of a channel come side by side, the lowest first. Where the top one counts negative,
    as a two's complement's does, it is ``inverted``: 2**in_bits - 1 - raw is never negative.
    """

    planes: int
    inverted: bool

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes * self.planes, bits=self.in_bits)

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.in_bits + self.planes)

    @property
    def levels(self) -> tuple[tuple[int, ...], ...]:
        """Widths of a lane's sums behind each register: neighbours are added, at least once.

        Registers in between also keep synthesis from adding all planes in one heap of LUTs.
        """
        most, worth, levels = [2**self.in_bits - 1] * self.planes, 1, []
        while not levels or len(most) > 1:
            pairs = [(*most[n : n + 2], 0)[:2] for n in range(0, len(most), 2)]
            most = [low + (high << worth) for low, high in pairs]
            levels.append(tuple(value.bit_length() for value in most))
            worth *= 2
        return tuple(levels)

    @property
    def left_out(self) -> int:
        """What the inversion adds to every sum."""
        return (2**self.in_bits - 1) << (self.planes - 1) if self.inverted else 0

    def latency(self) -> int:
        """Cycles from taking a beat to offering its sums."""
        return len(self.levels)

    def parts(self) -> Parts:
        before, chains = (self.in_bits,) * self.planes, 0
        for widths in self.levels:  # a chain of carries for every pair, as long as the upper one
            chains += sum(n + n % 2 for n in before[1::2])
            before = widths
        return Parts(
            lut={"fixed": 1, "carry": self.lanes * chains, "added": self.lanes * (self.planes - 1)},
            ff={"fixed": 1, "sums": self.lanes * sum(map(sum, self.levels))},
        )
