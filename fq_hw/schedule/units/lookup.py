"""Unit that looks levels up in a table."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.memories import Memory, in_block_ram, logic_rom
from fq_hw.schedule.parts import Parts
from fq_hw.schedule.units.base import READ, Beat, PixelUnit

__all__ = ["LookupUnit"]


@dataclass(frozen=True, kw_only=True)
class LookupUnit(PixelUnit):
    """table[x] of every lane; a table a lane, all the same."""

    out_bits: int

    STAGES = READ  # registers: of the table, and behind it

    @property
    def depth(self) -> int:
        """Words of the table."""
        return 2**self.in_bits

    @property
    def contents(self) -> tuple[int, ...]:
        return (self.depth,)

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.out_bits)

    def parts(self) -> Parts:
        block = in_block_ram(self.depth, self.out_bits)
        logic = {} if block else logic_rom(self.depth, self.out_bits)
        memory = Memory(self.depth, self.out_bits, rom=True)
        return Parts(
            lut={"fixed": 1, **{name: self.lanes * cells for name, cells in logic.items()}},
            ff={
                "fixed": 1,
                "block words": self.o.width if block else 0,
                "words": 0 if block else self.o.width,
            },
            memories=(memory,) * self.lanes if block else (),
        )
