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
        return {
            name: Beat(lanes=self.lanes, bits=bits)
            for name, bits in zip(("i_a", "i_b"), self.bits, strict=True)
        }
