"""Pixel embedding unit."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.memories import Memory, in_block_ram
from fq_hw.schedule.parts import Parts
from fq_hw.schedule.units.base import Beat, Unit

__all__ = ["EmbedUnit"]


@dataclass(frozen=True, kw_only=True)
class EmbedUnit(Unit):
    """Pixel embedding ROM: ``colours`` bytes in, ``colours * length`` levels out, one pixel a beat.

    ``tables`` is 1 where the colours share one table; each colour has a read port of its own.
    """

    colours: int
    length: int
    bits: int
    tables: int
    pixels: int

    @property
    def contents(self) -> tuple[int, ...]:
        return self.tables, 256, self.length

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.colours, bits=8)

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.colours * self.length, bits=self.bits)

    @property
    def beats(self) -> int:
        return self.pixels

    def parts(self) -> Parts:
        width = self.length * self.bits
        block = in_block_ram(256, width)
        return Parts(
            lut={"fixed": 1, "logic": 0 if block else self.colours * width},
            ff={"fixed": 1, "words": 0 if block else self.colours * width},
            memories=(Memory(256, width, rom=True),) * self.colours if block else (),
        )
