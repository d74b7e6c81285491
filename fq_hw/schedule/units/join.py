"""What units that join two streams have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fq_hw.schedule.units.base import Beat, Unit

__all__ = ["JoinUnit"]


@dataclass(frozen=True, kw_only=True)
class JoinUnit(Unit):
    """Base of units that join two streams of as many lanes."""

    lanes: int
    bits: tuple[int, int]

    @property
    def ins(self) -> Mapping[str, Beat]:
        return {"i_a": self.a, "i_b": self.b}

    @property
    def a(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.bits[0])

    @property
    def b(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.bits[1])
