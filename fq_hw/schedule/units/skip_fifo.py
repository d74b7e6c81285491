"""Skip FIFO unit."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from fq_hw.schedule.events import room
from fq_hw.schedule.memories import (
    Memory,
    block_muxed,
    blocks,
    ceil_div,
    distributed,
    ram_in_blocks,
)
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.steps import Channels, Process, Put, Steps, Take
from fq_hw.schedule.units.base import FramelessUnit, PassUnit

__all__ = ["FifoUnit"]


@functools.cache
def widths(depth: int, width: int) -> tuple[int, ...]:
    """Bits of one queue of so many words, or of two side by side where these take fewer blocks."""
    if not ram_in_blocks(depth, width):
        return (width,)
    ways = [(width,), *((width - n, n) for n in range(1, width // 2 + 1))]
    return min(ways, key=lambda way: sum(blocks(depth, n, rom=False) for n in way))


@dataclass(frozen=True, kw_only=True)
class FifoUnit(PassUnit, FramelessUnit):
    """Skip FIFO: holds ``depth`` beats, its two output registers included.

    Two queues go side by side where their memories take fewer blocks than one of whole words.
    """

    depth: int

    STAGES = 3

    def __post_init__(self) -> None:
        self.check(self.depth >= 3, "depth must be at least 3", self.depth)

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        alone = self.depth == 3  # one place in the memory, free again a cycle after it was read
        cycles = 2 if alone else 1
        return [
            Steps(room(o[0], self.depth, 1), Take(i[0], then=cycles), Put(o[0].offers, 3 - cycles))
        ]

    @property
    def widths(self) -> tuple[int, ...]:
        """Bits of each queue; two words of the FIFO wait in the output registers."""
        return widths(self.depth - 2, self.i.width)

    @classmethod
    def priced_as(cls, depth: int) -> int:
        """The deepest that is made of as much: memories grow by 16 words, the smallest by less."""
        words = max(depth, 3) - 2
        return 2 + (ceil_div(words, 16) * 16 if words > 16 else words)

    def parts(self) -> Parts:
        depth, width, queues = self.depth - 2, self.i.width, self.widths
        block = ram_in_blocks(depth, width)
        return Parts(
            both={"fixed": len(queues), "place": len(queues) * bits(depth)},
            lut={
                "ram": 0 if block else distributed(depth, width),
                "muxed": 0 if block else width * (ceil_div(depth, 16) - 1),
                "block muxed": sum(block_muxed(depth, n, rom=False) for n in queues if block),
            },
            ff={"word": 0 if block else 2 * width},
            memories=tuple(Memory(depth, n, rom=False) for n in queues if block),
        )
