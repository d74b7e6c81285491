"""Unit of a buffer between a memory outside the chip and an array."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fq_hw.schedule.memories import Memory, ceil_div
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.steps import (
    Channels,
    Give,
    Process,
    Put,
    Repeat,
    Rest,
    Step,
    Steps,
    Take,
    Times,
    Wait,
)
from fq_hw.schedule.units.base import READ, Beat
from fq_hw.schedule.units.parameters import ReplayUnit

__all__ = ["FoldBufferUnit"]


@dataclass(frozen=True, kw_only=True)
class FoldBufferUnit(ReplayUnit):
    """Words come in once a frame, in beats of ``beat_bits``, and go out as often as they are read.

    A ring of ``places`` words, which hold the largest fold: a fold goes out while those that follow
    come in, word by word the first time. Its places are free when it has gone for the last time.
    """

    beat_bits: int
    places: int

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(self.beat_bits >= 1, "needs beats of some bits", self.beat_bits)
        most = max(replay.words for replay in self.replays) + self.header
        fits = self.places >= max(most, 2) and self.places.bit_count() == 1
        contract = f"places must be a power of two, and {most} or more for the largest fold"
        self.check(fits, contract, self.places)

    @property
    def contents(self) -> None:
        return None

    @property
    def ins(self) -> Mapping[str, Beat]:
        return {"i": self.i}

    @property
    def i(self) -> Beat:
        return Beat(lanes=1, bits=self.beat_bits)

    @property
    def beats_in(self) -> int:
        """Beats of a word."""
        return ceil_div(self.width, self.beat_bits)

    @property
    def latency_from(self) -> Mapping[str, int]:
        return {"i": self.beats_in - 1}

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        """A word is there a cycle after its last beat, and a place a cycle after it is freed."""
        written, freed = Times(), Times()
        folds: list[Step] = []
        for replay in self.replays:
            words = replay.words + self.header
            again = (replay.times - 1) * replay.words
            fold = (
                Repeat(words, (Wait(written), Give(o[0]))),
                *([Give(o[0], again)] if again else []),
                Put(freed, count=words),
            )
            folds.append(Repeat(replay.folds, fold))
        # Without a stream a ROM gives a beat a cycle, READ cycles after reset first.
        come, first = (Take(i[0], self.beats_in), []) if i else (Rest(self.beats_in), [Rest(READ)])
        return [Steps(Wait(freed, self.places), come, Put(written), first=first), Steps(*folds)]

    def parts(self) -> Parts:
        address = bits(self.places)
        lanes, width = self.beats_in, self.beats_in * self.beat_bits
        memory = Memory(self.places, width, rom=False, part=self.beat_bits)
        return Parts(
            exact_lut=4 * address + 3 * self.counters + 2 * len(self.replays) + lanes,
            exact_ff=4 * address + 2 * self.counters + lanes + 2,
            memories=(memory,),
        )
