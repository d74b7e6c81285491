"""Unit of a streamed ROM."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.events import Channels, Process, feed
from fq_hw.schedule.memories import (
    Memory,
    block_muxed,
    ceil_div,
    distinct,
    in_block_ram,
    logic_rom,
)
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.units.base import READ, Beat, Rom, StoredUnit

__all__ = ["RomUnit"]


@dataclass(frozen=True, kw_only=True)
class RomUnit(StoredUnit):
    """A ROM streamed word after word, for ever: weights or levels. Ready before the first beat.

    Its words may come ``late``, READ cycles after they are asked for. One that is read in several
    ``pieces``, a piece a cycle, comes every so many cycles, from a memory as much narrower and
    deeper.
    """

    depth: int
    rom: Rom = Rom.BY_SIZE
    late: bool = False
    pieces: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        fits = 1 <= self.pieces <= (self.width if self.late else 1)
        contract = f"pieces must be in 1..{self.width}, and 1 of what is not late"
        self.check(fits, contract, self.pieces)

    @property
    def o(self) -> Beat:
        return Beat(lanes=1, bits=self.width, late=READ * self.late)

    @property
    def rows(self) -> int:
        """Words of its memory."""
        return self.depth * self.pieces

    @property
    def row_width(self) -> int:
        """Bits of such a word, a piece."""
        return ceil_div(self.width, self.pieces)

    @property
    def in_block_ram(self) -> bool:
        """Whether its words lie in block RAM."""
        return self.rom is Rom.BY_SIZE and in_block_ram(self.rows, self.row_width)

    def latency(self) -> int:
        """Cycles from reset to offering the first word."""
        return self.pieces - 1 if self.late else READ

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        return [feed(o[0], self.latency(), rest=self.pieces)]

    def parts(self) -> Parts:
        depth, width, block = self.rows, self.row_width, self.in_block_ram
        columns = 0 if block or depth == 1 else distinct(depth, width)
        joined = self.pieces > 1
        return Parts(
            both={
                "fixed": 1,
                "address": bits(depth),
                "pieces": 1 if joined else 0,
                "counts": self.pieces if joined else 0,
            },
            lut={
                "muxed": block_muxed(depth, width, rom=True) if block else 0,
                **logic_rom(1 if block else depth, width),
            },
            ff={
                "block words": width if block else 0,
                "logic words": columns,
                "joined": self.width - width,
            },
            wires={"words": self.width if block else 0},
            memories=(Memory(depth, width, rom=True),) if block else (),
        )
