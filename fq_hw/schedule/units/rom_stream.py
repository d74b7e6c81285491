"""Unit of a streamed ROM."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.memories import Memory, block_muxed, distinct, in_block_ram, logic_rom
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.units.base import READ, Beat, Rom, StoredUnit

__all__ = ["RomUnit"]


@dataclass(frozen=True, kw_only=True)
class RomUnit(StoredUnit):
    """A ROM streamed word after word, for ever: weights or levels. Ready before the first beat.

    Its words may come ``late``, READ cycles after they are asked for.
    """

    depth: int
    rom: Rom = Rom.BY_SIZE
    late: bool = False

    @property
    def o(self) -> Beat:
        return Beat(lanes=1, bits=self.width, late=READ * self.late)

    @property
    def in_block_ram(self) -> bool:
        """Whether its words lie in block RAM."""
        return self.rom is Rom.BY_SIZE and in_block_ram(self.depth, self.width)

    def latency(self) -> int:
        """Cycles from reset to offering the first word."""
        return 0 if self.late else READ

    def parts(self) -> Parts:
        depth, width, block = self.depth, self.width, self.in_block_ram
        columns = 0 if block or depth == 1 else distinct(depth, width)
        return Parts(
            both={"fixed": 1, "address": bits(depth)},
            lut={
                "muxed": block_muxed(depth, width, rom=True) if block else 0,
                **logic_rom(1 if block else depth, width),
            },
            ff={"block words": width if block else 0, "logic words": columns},
            memories=(Memory(depth, width, rom=True),) if block else (),
        )
