"""Unit that puts pixels of one level around an image."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.steps import (
    Channel,
    Channels,
    Give,
    Process,
    Repeat,
    Rest,
    Step,
    Steps,
    Take,
    Wait,
)
from fq_hw.schedule.units.base import Beat, LaneUnit

__all__ = ["PadUnit"]


@dataclass(frozen=True, kw_only=True)
class PadUnit(LaneUnit):
    """An image of ``height`` x ``width`` within pixels whose channels all are ``level``.

    ``pads`` are rows above, columns to the left, rows below, columns to the right. What lies
    before the first pixel waits until that is offered.
    """

    height: int
    width: int
    pads: tuple[int, int, int, int]
    level: int

    def __post_init__(self) -> None:
        whole = 1 <= self.lanes <= self.channels and self.channels % self.lanes == 0
        self.check(whole, f"lanes must divide {self.channels} channels", self.lanes)
        some = min(self.pads) >= 0 and any(self.pads)
        self.check(some, "pads must be four numbers, none below 0, not all 0", self.pads)
        most = 2**self.in_bits - 1
        self.check(0 <= self.level <= most, f"level must be in 0..{most}", self.level)

    @property
    def o(self) -> Beat:
        return self.i

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of what comes out."""
        top, left, bottom, right = self.pads
        return top + self.height + bottom, left + self.width + right

    @property
    def beats(self) -> int:
        return self.size[0] * self.size[1] * self.slices

    @property
    def lead(self) -> int:
        """Beats that are made before the first that is taken."""
        top, left, _, _ = self.pads
        return (top * self.size[1] + left) * self.slices

    def latency(self) -> int:
        """Below 0 where beats are given before the first, which is only offered, is taken."""
        return self.STAGES - self.lead

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        _, left, _, right = (n * self.slices for n in self.pads)
        width, row = self.width * self.slices, self.size[1] * self.slices
        made, passed = (Rest(1), Give(o[0], then=0)), (Take(i[0]), Give(o[0], then=0))
        inside = [*repeated(left, made), Repeat(width, passed), *repeated(right, made)]
        above, below = self.pads[0] * row, self.pads[2] * row
        offered, before = self.heard(i[0]), self.lead > 0
        return [
            Steps(
                *(offered[:1] if before else ()),
                *repeated(above, made),
                Repeat(self.height, tuple(inside)),
                *repeated(below, made),
                *(offered[1:] if before else ()),
            )
        ]

    def heard(self, i: Channel) -> tuple[Step, ...]:
        """Wait until a frame's first beat is offered, and go past the others."""
        rest = self.height * self.width * self.slices - 1
        return Wait(i.offers), *([Wait(i.offers, skip=rest)] if rest else [])

    def parts(self) -> Parts:
        (top, left, bottom, right), (rows, columns) = self.pads, self.size
        ends = (bits(rows) * ((top > 0) + (bottom > 0)), bits(columns) * ((left > 0) + (right > 0)))
        return Parts(
            both={"fixed": 1, "counts": sum(map(bits, (self.slices, rows, columns)))},
            lut={"compared": sum(ends), "level": self.o.width if self.level else 0},
            exact_ff=self.o.width,
        )


def repeated(count: int, steps: tuple[Step, ...]) -> list[Step]:
    """Some steps so many times, which may be none."""
    return [Repeat(count, steps)] if count else []
