"""Score unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fq_hw.schedule.events import Channels, Process, by_turns
from fq_hw.schedule.parts import Parts
from fq_hw.schedule.units.base import Beat, Unit

__all__ = ["ScoreUnit"]


@dataclass(frozen=True, kw_only=True)
class ScoreUnit(Unit):
    """Scores and label: each class's sum times its multiplier, bit by bit, and the argmax."""

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
    def label_bits(self) -> int:
        """Width of the label."""
        return max((self.classes - 1).bit_length(), 1)

    @property
    def result_bits(self) -> int:
        """Width of a result: the label, then the scores."""
        return self.label_bits + self.classes * self.score_bits

    @property
    def o(self) -> Beat:
        """A result."""
        return Beat(lanes=1, bits=self.result_bits)

    @property
    def class_cycles(self) -> int:
        """Cycles from taking one class to taking the next."""
        return self.multiplier_bits + 2 + self.biased

    @property
    def beats(self) -> int:
        return self.classes * self.class_cycles + 1

    def latency(self) -> int:
        """Cycles from taking the last class to offering the result."""
        return self.class_cycles

    @property
    def latency_from(self) -> Mapping[str, int]:
        return {"i": self.classes - 1}

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        return [by_turns(i[0], o[0], [(self.classes, 1)], self.class_cycles)]

    def parts(self) -> Parts:
        bits, kept = self.score_bits, self.classes * self.score_bits
        added = bits * (1 + self.biased) + self.sum_bits * self.falling
        return Parts(
            both={"fixed": 1, "kept": kept, "multiplier bits": self.multiplier_bits},
            lut={"score bits": added, "classes": self.classes},
            ff={"score bits": bits},
        )
