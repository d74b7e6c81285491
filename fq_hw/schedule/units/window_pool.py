"""Unit of pools whose windows overlap, or lie partly outside the image."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.memories import ceil_div
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.units.base import READ
from fq_hw.schedule.units.engine import ChannelUnit

__all__ = ["WindowPoolUnit"]


@dataclass(frozen=True, kw_only=True)
class WindowPoolUnit(ChannelUnit):
    """The largest value of each window, per channel; what lies outside the image does not count.

    Where it is ``signed``, constants say of which channels it gives the smallest value instead.
    """

    signed: bool = False

    @property
    def contents(self) -> tuple[int, ...] | None:
        return (self.cout,) if self.signed else None

    @property
    def raw_bits(self) -> int:
        return self.act_bits

    @property
    def sum_cycles(self) -> int:
        return READ + self.SPREAD

    def parts(self) -> Parts:
        values = self.o.width
        signs = self.pe * ceil_div(self.nf, 16) if self.signed else 0
        return Parts(
            both={"fixed": 1, "beats": bits(self.sf)},
            lut={
                "compared": values if self.sf > 1 else 0,
                "carried": values if self.sf > 1 and self.act_bits > 2 else 0,
                "signs": signs + (2 * values if self.signed else 0),
                **self.queue,
            },
            ff={
                "values": values,
                "kept": values if self.sf > 1 else 0,
                "out": values,
                "queued": self.queue_registers,
                "stages": self.sum_cycles,
                "marks": 2 * self.pe if self.sf > 1 else 0,
                "signs": 4 * self.pe + bits(self.nf) if self.signed else 0,
            },
        )
