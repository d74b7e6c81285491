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

    Beats of ``lanes`` come as [fold][column][slice] and leave as [column][fold][slice], without the
    ``idle`` last slices of the last fold, which have no channels. Two groups are under way, one
    being written, one being read. With four ``banks``, each for a group, neither waits for news of
    the other; with two, for which a group must have LARGE beats, the memory is half as large.
    """

    columns: int
    folds: int
    slices: int
    groups: int
    idle: int = 0
    banks: int = 4

    def __post_init__(self) -> None:
        large = self.banks == 4 or (self.banks == 2 and self.group_beats >= self.LARGE)
        contract = f"banks must be 4, or 2 where a group has {self.LARGE} beats"
        self.check(large, contract, self.banks)
        some = 0 <= self.idle < self.slices
        self.check(some, f"idle must be in 0..{self.slices - 1}", self.idle)
        several = self.columns > 1 or not self.idle
        self.check(several, "columns must be more than 1 where slices are idle", self.columns)

    @property
    def group_beats(self) -> int:
        """Beats of a group, as it comes."""
        return self.columns * self.folds * self.slices

    @property
    def pixel_beats(self) -> int:
        """Beats of a pixel, as it leaves."""
        return self.folds * self.slices - self.idle

    @property
    def bank_words(self) -> int:
        """Words from one bank to the next: of two they are exact, else a power of two."""
        if self.banks == 2:
            return self.group_beats
        return 1 << max(self.group_beats - 1, 1).bit_length()

    @property
    def depth(self) -> int:
        """Words of the memory."""
        return self.banks * self.bank_words

    @property
    def beats(self) -> int:
        return self.groups * (self.group_beats + self.turnaround)

    @property
    def turnaround(self) -> int:
        """Cycles a group, on average, in which the writer of two banks waits for the reader."""
        return 1 if self.banks == 2 and not self.idle else 0

    LARGE = 32
    ASK = WindowUnit.ASK

    def latency(self) -> int:
        """Cycles from the first beat of a group to offering the first, unstalled."""
        return self.group_beats + self.ASK + READ

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        asked, whole, freed = Channel(), Times(), Times()  # groups written, groups read
        leaving = self.columns * self.pixel_beats
        write = store(i[0], whole, freed, self.banks, 1, self.group_beats)
        read = Steps(Wait(whole, plus=self.ASK), Give(asked, leaving), Put(freed, 1))
        return [write, read, registers(asked, o[0], READ)]

    def parts(self) -> Parts:
        lut, ff, memories = ring(self.depth, self.i.width)
        counts = sum(map(bits, (self.group_beats, self.slices, self.folds, self.columns)))
        muxed = 0 if memories else self.i.width * (ceil_div(self.depth, 16) - 1)
        exact = self.bank_words & (self.bank_words - 1)
        request = bits(self.depth) + 1
        return Parts(
            both={"fixed": 1, "counts": counts, "requests": request},
            lut={"ram": lut, "muxed": muxed, "exact": 2 * bits(self.depth) if exact else 0},
            ff={"words": self.i.width, "ram": ff},
            memories=memories,
        )
