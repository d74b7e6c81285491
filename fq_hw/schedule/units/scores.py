"""Score unit."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.events import Channel, Channels, Process, by_turns, queue, registers
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.units.base import Beat, Unit

__all__ = ["ScorePipelineUnit", "ScoreUnit"]


@dataclass(frozen=True, kw_only=True)
class ScoreUnit(Unit):
    """Scores: each class's sum times its multiplier, bit by bit, one class after the other.

    A class has a word of constants: the multiplier, and where there are such, whether it is
    ``falling``, negative; the start, which is added to the sum first and makes it one of
    ``whole_bits``; the bias, which is added to the product. ``raw`` sums are never negative.
    """

    classes: int
    sum_bits: int
    multiplier_bits: int
    score_bits: int
    raw: bool = False
    whole_bits: int = 0  # where there is a start
    biased: bool = False
    falling: bool = False

    PARAMETERS = ("i_constant",)

    def __post_init__(self) -> None:
        fits = self.whole_bits or not (self.raw or self.falling)
        self.check(fits, "raw or falling sums must have whole_bits", self.whole_bits)

    @property
    def i(self) -> Beat:
        return Beat(lanes=1, bits=self.sum_bits, signed=not self.raw)

    @property
    def i_constant(self) -> Beat:
        """The constants of a class."""
        return Beat(lanes=1, bits=sum(self.fields.values()))

    @property
    def fields(self) -> dict[str, int]:
        """The fields of a word of constants, the lowest first, and their bits."""
        found = {"multiplier": self.multiplier_bits, "falling": int(self.falling)}
        found |= {"start": self.whole_bits, "bias": self.score_bits * self.biased}
        return {name: size for name, size in found.items() if size}

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
        addend = self.whole_bits or self.sum_bits
        bias = self.score_bits * self.biased
        return Parts(
            both={"fixed": 1, "multiplier bits": self.multiplier_bits, "bias": bias},
            lut={"score bits": self.score_bits, "whole bits": self.whole_bits,
                 "left": bits(self.latency())},
            ff={"score bits": self.score_bits, "addend bits": addend, "left": bits(self.latency())},
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ScorePipelineUnit(ScoreUnit):
    """The same with a class in every cycle: each bit of the multiplier has an adder of its own."""

    @property
    def class_cycles(self) -> int:
        return 1

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        """Registers, the last of which has two places."""
        last = Channel()
        return [registers(i[0], last, self.latency() - 1), queue(last, o[0])]

    def parts(self) -> Parts:
        addend, terms = self.whole_bits or self.sum_bits, self.multiplier_bits
        bias = self.score_bits * self.biased
        return Parts(
            both={"fixed": 1, "stages": self.latency()},
            lut={
                "whole bits": self.whole_bits,
                "adders": sum(addend + n for n in range(1, terms)),
                "score bits": self.score_bits,
                "bias": bias,
            },
            ff={
                "addends": terms * addend,
                "factors": terms * (terms + 1) // 2,
                "sums": sum(addend + n for n in range(1, terms + self.biased)),
                "biases": bias * (terms + 1),
                "score bits": 2 * self.score_bits,
            },
        )
