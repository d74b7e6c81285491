"""Unit of pools whose windows overlap, or lie partly outside the image."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.memories import ceil_div, distributed
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.units.base import READ
from fq_hw.schedule.units.engine import EngineUnit

__all__ = ["WindowPoolUnit"]


@dataclass(frozen=True, kw_only=True)
class WindowPoolUnit(EngineUnit):
    """The largest value of each window, per channel; what lies outside the image does not count.

    Where it is ``signed``, constants say of which channels it gives the smallest value instead.
    """

    taps: int
    signed: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(self.hold == 1, "has nothing to hold", self.hold)
        whole = self.cout % self.pe == 0
        self.check(whole, f"pe must divide {self.cout} channels", self.pe)

    @property
    def contents(self) -> tuple[int, ...] | None:
        return (self.cout,) if self.signed else None

    @property
    def sf(self) -> int:
        return self.taps

    @property
    def raw_bits(self) -> int:
        return self.act_bits

    @property
    def sum_cycles(self) -> int:
        return READ + self.SPREAD

    def parts(self) -> Parts:
        values = self.o.width
        deep = self.slots > 2  # a queue of two places is made of registers
        signs = self.pe * ceil_div(self.nf, 16) if self.signed else 0
        return Parts(
            both={"fixed": 1, "beats": bits(self.sf)},
            lut={
                "compared": values if self.sf > 1 else 0,
                "carried": values if self.sf > 1 and self.act_bits > 2 else 0,
                "signs": signs + (2 * values if self.signed else 0),
                "queued": distributed(self.slots - 1, self.o.width) if deep else 0,
                "queue": 1 if self.slots > 1 else 0,
            },
            ff={
                "values": values,
                "kept": values if self.sf > 1 else 0,
                "out": values,
                "queued": values if self.slots == 2 else 0,
                "stages": self.sum_cycles,
                "marks": 2 * self.pe if self.sf > 1 else 0,
                "signs": 4 * self.pe + bits(self.nf) if self.signed else 0,
            },
        )
