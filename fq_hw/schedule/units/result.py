"""Result unit: the last of every plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from fq_hw.schedule.events import Channels, Process, by_turns, room
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.steps import Put, Repeat, Rest, Steps, Take
from fq_hw.schedule.units.base import Beat, Unit

__all__ = ["ResultChainUnit", "ResultKind", "ResultUnit"]


class ResultKind(IntEnum):
    """What a beat of a result says."""

    SCORE = 0  # the score of a class; class 0 comes first
    LABEL = 1  # the class with the highest score, of several the lowest
    NEXT = 2  # the class with the next highest score, of several the lowest


@dataclass(frozen=True, kw_only=True)
class ResultUnit(Unit):
    """A frame's result: the score of each class as it comes, then the ``best`` classes, best first.

    It keeps the best so far and no others, and compares one of them a cycle.
    """

    classes: int
    score_bits: int
    best: int = 1

    KIND_BITS = 2

    def __post_init__(self) -> None:
        fits = 1 <= self.best <= self.classes
        self.check(fits, f"best must be in 1..{self.classes} classes", self.best)

    @property
    def label_bits(self) -> int:
        """Width of a class."""
        return max((self.classes - 1).bit_length(), 1)

    @property
    def data_bits(self) -> int:
        """Width of a beat's number, which is signed: a score, or a class."""
        return max(self.score_bits, self.label_bits + 1)

    @property
    def i(self) -> Beat:
        return Beat(lanes=1, bits=self.score_bits, signed=True)

    @property
    def o(self) -> Beat:
        """The number, what it is, and whether it is the result's last."""
        return Beat(lanes=1, bits=self.data_bits + self.KIND_BITS + 1)

    @property
    def beats_out(self) -> int:
        """Beats of a result."""
        return self.classes + self.best

    @property
    def beats(self) -> int:
        return self.classes * (self.best + 1) + self.best

    def latency(self) -> int:
        """Cycles from taking a score to giving it: it is compared first."""
        return self.best

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        turns = [(1, 1)] * self.classes + [(0, self.best)]
        return [by_turns(i[0], o[0], turns, self.best)]

    def parts(self) -> Parts:
        kept = self.score_bits + self.label_bits
        several = self.best > 1
        return Parts(
            both={"fixed": 1, "counts": bits(self.classes) + bits(self.best)},
            lut={
                "number": self.data_bits,
                "compared": self.score_bits,
                "moved": 2 * kept if several else 0,
            },
            ff={"number": self.data_bits, "kept": self.best * kept, "moved": kept * several},
        )


@dataclass(frozen=True, kw_only=True)
class ResultChainUnit(ResultUnit):
    """The same with a score in every cycle: each of the ``best`` has a comparison of its own.

    A score walks from the best to the next, a cycle each; what it displaces walks on in its place.
    """

    @property
    def beats(self) -> int:
        return self.beats_out

    def latency(self) -> int:
        return 1

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        """A register, of the scores and then of the best, each of which is found just in time."""
        score = room(o[0], 1, 0), Take(i[0]), Put(o[0].offers)
        name = room(o[0], 1, 0), Rest(1), Put(o[0].offers)
        return [Steps(Repeat(self.classes, score), Repeat(self.best, name))]

    def parts(self) -> Parts:
        kept, walks = self.best * (self.score_bits + self.label_bits), self.best - 1
        return Parts(
            both={"fixed": 1, "counts": bits(self.classes), "best": self.best},
            lut={
                "number": self.data_bits,
                "compared": self.best * self.score_bits,
                "named": self.label_bits * walks,
                "walking": walks * (self.score_bits + self.label_bits),
            },
            ff={
                "number": self.data_bits,
                "kept": kept,
                "walking": walks * (self.score_bits + self.label_bits),
            },
        )
