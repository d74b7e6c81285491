"""Unit that picks the pixels a strided 1x1 convolution reads."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.events import registers
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.steps import Channels, Process
from fq_hw.schedule.units.base import Beat, LaneUnit

__all__ = ["PickUnit"]


@dataclass(frozen=True, kw_only=True)
class PickUnit(LaneUnit):
    """Every ``stride``-th pixel of every ``stride``-th row, from the first on; the rest is dropped.

    A register. What waits behind it are fewer pixels, and a convolution of no stride.
    """

    height: int
    width: int
    stride: int

    def __post_init__(self) -> None:
        whole = 1 <= self.lanes <= self.channels and self.channels % self.lanes == 0
        self.check(whole, f"lanes must divide {self.channels} channels", self.lanes)
        self.check(self.stride >= 2, "stride must be at least 2", self.stride)

    @property
    def o(self) -> Beat:
        return self.i

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of what is picked."""
        return -(-self.height // self.stride), -(-self.width // self.stride)

    @property
    def beats(self) -> int:
        return self.height * self.width * self.slices

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        rows, across = ([n % self.stride == 0 for n in range(size)]
                        for size in (self.height, self.width))  # fmt: skip
        gives = [row and pixel for row in rows for pixel in across for _ in range(self.slices)]
        return [registers(i[0], o[0], 1, gives)]

    def parts(self) -> Parts:
        loops = self.slices, self.width, self.height, self.stride, self.stride
        count = sum(map(bits, loops))
        return Parts(both={"fixed": 1, "counts": count}, exact_ff=self.i.width)
