"""Pixel embedding behind a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fq_hw.schedule.events import join
from fq_hw.schedule.memories import Memory, in_block_ram
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.steps import Channels, Process
from fq_hw.schedule.units.base import READ, Beat, FramelessUnit

__all__ = ["LateEmbedUnit"]


@dataclass(frozen=True, kw_only=True)
class LateEmbedUnit(FramelessUnit):
    """Pixel embedding of a window's beats: bytes in, ``length`` levels of each out, READ later.

    A beat has ``lanes`` of a pixel's ``colours`` of each of ``columns`` windows; ``hold`` beats
    have the same colours, and then the next come. ``tables`` is 1 where the colours share one. A
    beat passes as it comes: nothing waits here, and what is blank stays so.
    """

    colours: int
    length: int
    bits: int
    tables: int
    lanes: int
    columns: int = 1
    hold: int = 1
    padded: bool = False

    STAGES = 0

    def __post_init__(self) -> None:
        whole = self.lanes >= 1 and self.colours % self.lanes == 0
        self.check(whole, f"lanes must divide {self.colours} colours", self.lanes)
        large = in_block_ram(*self.rows)
        self.check(large, "tables must be large enough for block RAM", self.rows)

    @property
    def contents(self) -> tuple[int, ...]:
        return self.tables, 256, self.length

    @property
    def turns(self) -> int:
        """Tables that a lane has, one above the other."""
        return self.colours // self.lanes if self.tables > 1 else 1

    @property
    def rows(self) -> tuple[int, int]:
        """Words, and bits of a word, of a lane's tables."""
        return 256 * self.turns, self.length * self.bits

    @property
    def blanks(self) -> int:
        """Bits of a beat that say what is blank."""
        return self.columns if self.padded else 0

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.columns * self.lanes, bits=8, blanks=self.blanks)

    @property
    def o(self) -> Beat:
        lanes = self.columns * self.lanes * self.length
        return Beat(lanes=lanes, bits=self.bits, blanks=self.blanks, late=READ)

    @property
    def loops(self) -> Mapping[str, int]:
        """What is counted, to know a beat's colours."""
        return {"hold": self.hold, "turn": self.turns} if self.turns > 1 else {}

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        return [join(i, o[0])]

    def parts(self) -> Parts:
        counts = sum(bits(limit) + 1 for limit in self.loops.values() if limit > 1)
        table = Memory(*self.rows, rom=True)
        words = self.o.width - self.blanks if self.turns > 1 else 0  # not in the block's register
        return Parts(
            exact_lut=2 + 2 * counts,
            exact_ff=READ * self.blanks + counts + words,
            memories=(table,) * self.columns * self.lanes,
        )
