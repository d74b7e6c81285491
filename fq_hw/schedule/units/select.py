"""Unit that brings the channels of a pixel in another order."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.parts import Parts
from fq_hw.schedule.units.base import Beat, PixelUnit

__all__ = ["SelectUnit"]


@dataclass(frozen=True, kw_only=True)
class SelectUnit(PixelUnit):
    """Whole pixels: channel k of what comes out is channel ``order[k]``, or ``level`` where -1.

    Wires, and a register.
    """

    order: tuple[int, ...]
    level: int = 0

    def __post_init__(self) -> None:
        whole = self.lanes == self.channels
        self.check(whole, f"lanes must be all {self.channels} channels", self.lanes)
        known = self.order and min(self.order) >= -1 and max(self.order) < self.channels
        self.check(known, f"order must be of {self.channels} channels, or -1", self.order)
        most = 2**self.in_bits - 1
        self.check(0 <= self.level <= most, f"level must be in 0..{most}", self.level)

    @property
    def o(self) -> Beat:
        return Beat(lanes=len(self.order), bits=self.in_bits)

    @property
    def kept(self) -> int:
        """Lanes that are more than a constant, each counted once."""
        return len({channel for channel in self.order if channel >= 0})

    def parts(self) -> Parts:
        return Parts(both={"fixed": 1}, exact_ff=self.kept * self.in_bits)
