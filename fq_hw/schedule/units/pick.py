"""Unit that leaves rows, columns and channels out."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from fq_hw.ir import Places
from fq_hw.schedule.events import registers
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.steps import Channels, Process
from fq_hw.schedule.units.base import Beat, LaneUnit

__all__ = ["PickUnit"]


@dataclass(frozen=True, kw_only=True)
class PickUnit(LaneUnit):
    """Some rows, some columns of these, some beats of their pixels; the rest is dropped.

    A register. What waits behind it is less, and a strided 1x1 convolution has no stride.
    """

    height: int
    width: int
    rows: Places
    columns: Places
    beats_kept: Places | None = None  # of a pixel; None keeps all

    def __post_init__(self) -> None:
        whole = 1 <= self.lanes <= self.channels and self.channels % self.lanes == 0
        self.check(whole, f"lanes must divide {self.channels} channels", self.lanes)
        for name, (places, size) in self.sides.items():
            last = places.start + (places.count - 1) * places.step
            inside = 0 <= places.start <= last < size and places.step >= 1
            plain = places.times == 1 and not places.padded
            self.check(inside and plain, f"{name} must be some of {size}, each once", places)

    @property
    def sides(self) -> Mapping[str, tuple[Places, int]]:
        """By loop, innermost first, which turns are kept, and of how many."""
        kept = self.beats_kept or Places(count=self.slices)
        return {
            "slice": (kept, self.slices),
            "column": (self.columns, self.width),
            "row": (self.rows, self.height),
        }

    @property
    def o(self) -> Beat:
        return self.i

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of what is picked."""
        return self.rows.count, self.columns.count

    @property
    def beats(self) -> int:
        return self.height * self.width * self.slices

    @property
    def latency_from(self) -> Mapping[str, int]:
        first = [places.start for places, _ in self.sides.values()]
        return {"i": first[0] + self.slices * (first[1] + self.width * first[2])}

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        turns = []
        for places, size in reversed([*self.sides.values()]):
            kept = set(places.indices.tolist())
            turns.append([n in kept for n in range(size)])
        return [registers(i[0], o[0], 1, [all(turn) for turn in itertools.product(*turns)])]

    def parts(self) -> Parts:
        loops = [size for _, size in self.sides.values()]
        for places, size in self.sides.values():
            if not places.whole(size):
                loops += [max(places.start, places.step - 1) + 1]
                loops += [] if places.ends(size) else [places.count + 1]
        return Parts(both={"fixed": 1, "counts": sum(map(bits, loops))}, exact_ff=self.i.width)
