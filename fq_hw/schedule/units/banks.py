"""Base of units that write a group of beats while the group before is read in another order."""

from __future__ import annotations

import abc
from dataclasses import dataclass

from fq_hw.schedule.events import registers, store
from fq_hw.schedule.memories import ceil_div
from fq_hw.schedule.parts import Parts, bits, ring
from fq_hw.schedule.steps import Channel, Channels, Give, Process, Put, Steps, Times, Wait
from fq_hw.schedule.units.base import READ, PassUnit
from fq_hw.schedule.units.sliding_window import WindowUnit

__all__ = ["BankedUnit"]


@dataclass(frozen=True, kw_only=True)
class BankedUnit(PassUnit):
    """``groups`` a frame. Two groups are under way, one being written, one being read.

    With four ``banks``, each for a group, neither waits for news of the other; with two, for which
    a group must have LARGE beats, the memory is half as large.
    """

    groups: int
    banks: int = 4

    LARGE = 32
    ASK = WindowUnit.ASK

    def __post_init__(self) -> None:
        large = self.banks == 4 or (self.banks == 2 and self.group_beats >= self.LARGE)
        contract = f"banks must be 4, or 2 where a group has {self.LARGE} beats"
        self.check(large, contract, self.banks)

    @property
    @abc.abstractmethod
    def group_beats(self) -> int:
        """Beats of a group, as it comes."""

    @property
    @abc.abstractmethod
    def leaving(self) -> int:
        """Beats of a group, as it leaves."""

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
    def turnaround(self) -> int:
        """Cycles a group, on average, in which the writer of two banks waits for the reader."""
        return 1 if self.banks == 2 and self.leaving == self.group_beats else 0

    @property
    def beats(self) -> int:
        return self.groups * (max(self.group_beats, self.leaving) + self.turnaround)

    def latency(self) -> int:
        """Cycles from the first beat of a group to offering the first, unstalled."""
        return self.group_beats + self.ASK + READ

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        asked, whole, freed = Channel(), Times(), Times()  # groups written, groups read
        write = store(i[0], whole, freed, self.banks, 1, self.group_beats)
        read = Steps(Wait(whole, plus=self.ASK), Give(asked, self.leaving), Put(freed, 1))
        return [write, read, registers(asked, o[0], READ)]

    def parts_of(self, counts: int) -> Parts:
        """What it is made of, with so many bits of counters."""
        lut, ff, memories = ring(self.depth, self.i.width)
        muxed = 0 if memories else self.i.width * (ceil_div(self.depth, 16) - 1)
        exact = self.bank_words & (self.bank_words - 1)
        request = bits(self.depth) + 1
        return Parts(
            both={"fixed": 1, "counts": counts, "requests": request},
            lut={"ram": lut, "muxed": muxed, "exact": 2 * bits(self.depth) if exact else 0},
            ff={"words": self.i.width, "ram": ff},
            memories=memories,
        )
