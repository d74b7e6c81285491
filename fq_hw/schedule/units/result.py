"""Units that make the result: sum over the pixels, scores."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.units.base import Beat, PixelUnit, Unit

__all__ = ["PixelSumUnit", "ScoreUnit"]


@dataclass(frozen=True, kw_only=True)
class PixelSumUnit(PixelUnit):
    """Sum over a frame's pixels, per channel, from a constant start value of each channel."""

    in_bits: int
    sum_bits: int

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.in_bits)

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.sum_bits, signed=True)

    def latency(self) -> int:
        """Cycles from taking the last pixel's beat to offering its sum."""
        return 1


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
    def class_cycles(self) -> int:
        """Cycles from taking one class to taking the next."""
        return self.multiplier_bits + 2 + self.biased

    @property
    def beats(self) -> int:
        """Cycles a frame takes at least."""
        return self.classes * self.class_cycles + 1

    def latency(self) -> int:
        """Cycles from taking the last class to offering the result."""
        return self.class_cycles
