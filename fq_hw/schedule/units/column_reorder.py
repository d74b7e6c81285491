"""Unit that brings the sums of a group of pixels in order."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.events import registers, store
from fq_hw.schedule.memories import ceil_div
from fq_hw.schedule.parts import Parts, bits, ring
from fq_hw.schedule.steps import Channel, Channels, Give, Process, Put, Steps, Times, Wait
from fq_hw.schedule.units.base import READ, PassUnit
from fq_hw.schedule.units.sliding_window import WindowUnit

__all__ = ["ReorderUnit"]


@dataclass(frozen=True, kw_only=True)
class ReorderUnit(PassUnit):
    """Sums of a group of pixels, from fold by fold to pixel by pixel.

    Beats of ``lanes`` come as [fold][column][slice] and leave as [column][fold][slice]. Two groups
    are under way, one being written, one being read; ``BANKS`` fit into the memory, so that
    neither waits for news of the other.
    """

    columns: int
    folds: int
    slices: int
    groups: int

    @property
    def group_beats(self) -> int:
        """Beats of a group."""
        return self.columns * self.folds * self.slices

    @property
    def depth(self) -> int:
        """Words of the memory: four banks, each a power of two."""
        return self.BANKS << max(self.group_beats - 1, 1).bit_length()

    @property
    def beats(self) -> int:
        return self.groups * self.group_beats

    BANKS = 4
    ASK = WindowUnit.ASK

    def latency(self) -> int:
        """Cycles from the first beat of a group to offering the first, unstalled."""
        return self.group_beats + self.ASK + READ

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        asked, whole, freed = Channel(), Times(), Times()  # groups written, groups read
        write = store(i[0], whole, freed, self.BANKS, 1, self.group_beats)
        read = Steps(Wait(whole, plus=self.ASK), Give(asked, self.group_beats), Put(freed, 1))
        return [write, read, registers(asked, o[0], READ)]

    def parts(self) -> Parts:
        lut, ff, memories = ring(self.depth, self.i.width)
        counts = sum(map(bits, (self.group_beats, self.slices, self.folds, self.columns)))
        muxed = 0 if memories else self.i.width * (ceil_div(self.depth, 16) - 1)
        request = bits(self.depth) + 1
        return Parts(
            both={"fixed": 1, "counts": counts, "requests": request},
            lut={"ram": lut, "muxed": muxed},
            ff={"words": self.i.width, "ram": ff},
            memories=memories,
        )
