"""Score unit."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.events import Channels, Process, by_turns
from fq_hw.schedule.parts import Parts
from fq_hw.schedule.units.base import Beat, Unit

__all__ = ["ScoreUnit"]


@dataclass(frozen=True, kw_only=True)
class ScoreUnit(Unit):
    """Scores: each class's sum times its multiplier, bit by bit, one class after the other."""

    classes: int
    sum_bits: int
    multiplier_bits: int
    score_bits: int
    biased: bool = False  # whether a constant is added to each class's score
    falling: bool = False  # whether a multiplier is negative; ``multiplier_bits`` hold the others

    @property
    def contents(self) -> tuple[int, ...]:
        return 2, self.classes

    @property
    def i(self) -> Beat:
        return Beat(lanes=1, bits=self.sum_bits, signed=True)

    @property
    def o(self) -> Beat:
        return Beat(lanes=1, bits=self.score_bits, signed=True)

    @property
    def class_cycles(self) -> int:
        """Cycles from taking one class to taking the next."""
        return self.latency() + 1

    @property
    def beats(self) -> int:
        return self.classes * self.class_cycles

    def latency(self) -> int:
        """Cycles from taking a class to offering its score."""
        return self.multiplier_bits + 1 + self.biased

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        return [by_turns(i[0], o[0], [(1, 1)], self.latency())]

    def parts(self) -> Parts:
        bits = self.score_bits
        added = bits * (1 + self.biased) + self.sum_bits * self.falling
        return Parts(
            both={"fixed": 1, "multiplier bits": self.multiplier_bits},
            lut={"score bits": added, "classes": self.classes},
            ff={"score bits": bits, "sum bits": self.sum_bits},
        )
