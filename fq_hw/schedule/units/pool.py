"""Pooling unit."""

from __future__ import annotations

import enum
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from fq_hw.schedule.events import Channels, Process, registers
from fq_hw.schedule.memories import ceil_div, distributed
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.units.base import Beat, LaneUnit

__all__ = ["PoolUnit", "Pooling"]


class Pooling(enum.Enum):
    """What is made of a window."""

    MAX = "max"
    SUM = "sum"


@dataclass(frozen=True, kw_only=True)
class PoolUnit(LaneUnit):
    """Largest value, or sum, of windows of ``kernel`` rows x columns side by side, per channel.

    Where it is ``signed``, constants say of which channels it gives the smallest value instead.
    A row of windows is kept while it grows; rows and columns that fill no window are dropped.
    """

    pooling: Pooling
    height: int
    width: int
    kernel: tuple[int, int]
    signed: bool = False

    def __post_init__(self) -> None:
        (rows, columns), contract = self.kernel, f"windows must fit {self.height}x{self.width}"
        inside = 1 <= rows <= self.height and 1 <= columns <= self.width
        self.check(inside, contract, self.kernel)

    @property
    def contents(self) -> tuple[int, ...] | None:
        return (self.channels,) if self.signed else None

    @property
    def o(self) -> Beat:
        most = 2**self.in_bits - 1
        size = math.prod(self.kernel) if self.pooling is Pooling.SUM else 1
        return Beat(lanes=self.lanes, bits=(most * size).bit_length())

    @property
    def depth(self) -> int:
        """Words of its memory: a row of windows."""
        return self.width // self.kernel[1] * self.slices

    @property
    def beats(self) -> int:
        return self.height * self.width * self.slices

    @property
    def latency_from(self) -> Mapping[str, int]:
        rows, columns = self.kernel
        return {"i": ((rows - 1) * self.width + columns - 1) * self.slices}

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        rows, columns = self.kernel
        across = range(1, self.width + 1)
        places = itertools.product(range(1, self.height + 1), across, range(self.slices))
        gives = [y % rows == x % columns == 0 for y, x, _ in places]  # a window's last
        return [registers(i[0], o[0], gives=gives)]

    def parts(self) -> Parts:
        width, depth = self.o.width, self.depth
        loops = (self.slices, self.width, self.height, *self.kernel, depth)
        summed = self.pooling is Pooling.SUM
        signs = self.lanes * ceil_div(self.slices, 16) if self.signed else 0
        return Parts(
            both={"fixed": 1, "counts": sum(map(bits, loops))},
            lut={
                "ram": distributed(depth, width),
                "muxed": width * (ceil_div(depth, 16) - 1),
                "summed": width if summed else 0,
                "compared": 0 if summed else width + signs,
            },
            ff={"out": width},
        )
