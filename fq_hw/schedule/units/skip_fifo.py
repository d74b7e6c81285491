"""Skip FIFO unit."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fq_hw.schedule.events import Channel, Process, Times, register_stage
from fq_hw.schedule.memories import Memory, block_muxed, ceil_div, distributed, ram_in_blocks
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.units.base import Beat, FramelessUnit

__all__ = ["FifoUnit"]


@dataclass(frozen=True, kw_only=True)
class FifoUnit(FramelessUnit):
    """Skip FIFO: holds ``depth`` beats, its two output registers included."""

    lanes: int
    bits: int
    depth: int

    def __post_init__(self) -> None:
        self.check(self.depth >= 3, "depth must be at least 3", self.depth)

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.bits)

    o = i

    def latency(self) -> int:
        """Cycles through an empty FIFO."""
        return 3

    def processes(
        self, i: Sequence[Channel], o: Sequence[Channel], new: Callable[[], Times]
    ) -> list[Process]:
        written, moved = new(), new()
        latch = Channel(written.runnable)  # between the RAM's register and the one behind it

        def write() -> Process:
            free, words = 0, self.depth - 2
            for index in itertools.count():
                if index >= words:
                    room = yield moved, index - words
                    free = max(free, room + 1)
                taken = yield from i[0].take(free)
                free = taken + 1
                written.put(free)

        def read() -> Process:
            taken, step = 0, -1
            for index in itertools.count():
                available = yield written, index
                step = max(available, taken, step + 1)
                moved.put(step)
                taken = yield from latch.give(step + 1)

        return [write(), read(), register_stage(latch, o[0])]

    def parts(self) -> Parts:
        depth, width = self.depth - 2, self.i.width  # two words wait in the output registers
        block = ram_in_blocks(depth, width)
        return Parts(
            lut={
                "fixed": 1,
                "ram": 0 if block else distributed(depth, width),
                "muxed": 0 if block else width * (ceil_div(depth, 16) - 1),
                "block muxed": block_muxed(depth, width, rom=False) if block else 0,
                "place": bits(depth),
            },
            ff={"fixed": 1, "word": 0 if block else 2 * width, "place": bits(depth)},
            memories=(Memory(depth, width, rom=False),) if block else (),
        )
