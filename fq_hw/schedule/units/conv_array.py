"""Unit of an array that computes several layers in turn."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from fq_hw.schedule.in_turn.geometry import Array, Pass, Region
from fq_hw.schedule.memories import Memory, ceil_div
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.steps import (
    Channels,
    Give,
    Process,
    Repeat,
    Rest,
    Step,
    Steps,
    Take,
    Wait,
    in_turn,
)
from fq_hw.schedule.two_tree import TwoTree, build
from fq_hw.schedule.units.base import Beat, Unit

__all__ = ["ArrayUnit"]

Shape = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class ArrayUnit(Unit):
    """An array that takes a tensor whole, makes its passes over it, and gives the last one's sums.

    ``shape_in``, ``shape_out`` are height, width, channels of what it takes and gives. It takes
    levels of ``act_bits``, which go to the banks at ``entry``, or without one sums of ``in_bits``,
    which go to the trunk: in words of these, or levels in ``whole`` pixels. It gives raw sums in
    raster order, or where it is ``planar`` all pixels of ``pe`` channels before the next channels.

    value_bits   of sums and of the trunk; ``acc_bits`` of a convolution's sums alone
    level_bits   of a threshold's level; behind the weights of a fold come, for each of its
                 channels, ``steps`` levels and a sign, in ``header_words`` words
    trunk_depth  words of ``pe`` values
    """

    array: Array
    act_bits: int
    passes: tuple[Pass, ...]
    shape_in: Shape
    shape_out: Shape
    acc_bits: int
    value_bits: int
    level_bits: int
    trunk_depth: int
    entry: Region | None = None
    in_bits: int = 0
    whole: bool = False
    planar: bool = False

    PARAMETERS: ClassVar = ("i_parameter",)
    PACED: ClassVar = False

    def __post_init__(self) -> None:
        self.check(self.passes, "needs passes", len(self.passes))
        self.check(self.passes[-1].keep, "must keep what the last pass gives", self.passes[-1].name)

    @property
    def i(self) -> Beat:
        """All channels of a pixel, or no more than a word of the memory takes."""
        bits, lanes = self.in_bits, self.array.pe
        if self.entry is not None:
            bits, lanes = self.act_bits, self.array.simd
        channels = self.shape_in[2]
        return Beat(lanes=channels if self.whole else min(lanes, channels), bits=bits)

    @property
    def i_parameter(self) -> Beat:
        return Beat(lanes=1, bits=self.array.word_bits)

    @property
    def o(self) -> Beat:
        return Beat(lanes=min(self.array.pe, self.shape_out[2]), bits=self.value_bits)

    @property
    def steps(self) -> int:
        """Levels of a threshold."""
        return 2**self.act_bits - 1

    @property
    def field_bits(self) -> int:
        """Levels and sign of a channel."""
        return self.steps * self.level_bits + 1

    @property
    def header_words(self) -> int:
        """Words of parameters behind a fold's weights."""
        return ceil_div(self.array.pe * self.field_bits, self.array.word_bits)

    @property
    def tree(self) -> TwoTree:
        """The adders of one dot product."""
        return build(self.array.simd, self.act_bits, self.array.levels_per_stage)

    @property
    def settle(self) -> int:
        """Cycles before new levels are read, while the sums of the last fold still need theirs."""
        return self.tree.stages + 2

    @property
    def drain(self) -> int:
        """Cycles from a pass's last group to where all its results are in memory."""
        return 2 * self.array.columns + self.tree.stages + 5

    @property
    def beats_in(self) -> int:
        """Beats of a pixel that comes in."""
        return ceil_div(self.shape_in[2], self.i.lanes)

    @property
    def words_in(self) -> int:
        """Words of a pixel that comes in; a cycle each."""
        return ceil_div(self.shape_in[2], self.array.pe if self.entry is None else self.array.simd)

    @property
    def beats_out(self) -> int:
        """Beats of a frame's result."""
        height, width, channels = self.shape_out
        return height * width * ceil_div(channels, self.o.lanes)

    @property
    def padded_in(self) -> int:
        """Pixels of a row that are written: those beyond its end, up to a whole group, are 0."""
        if self.entry is None:
            return self.shape_in[1]
        return self.entry.groups * self.array.columns * self.entry.stride

    @property
    def row_gap(self) -> int:
        """Cycles at the end of a row in which nothing is taken."""
        return (self.padded_in - self.shape_in[1]) * self.words_in

    def fold_cycles(self, step: Pass) -> int:
        """Cycles of one fold of a pass."""
        return step.weight_groups * (step.steps + step.wait) + self.settle + self.header_words

    @property
    def pass_cycles(self) -> int:
        """Cycles of all passes, while nothing waits."""
        each = (1 + step.folds * self.fold_cycles(step) + self.drain for step in self.passes)
        return sum(each) + len(self.passes) - 1

    @property
    def macs(self) -> int:
        """Products per cycle."""
        return self.array.columns * self.array.pe * self.array.simd

    @property
    def load_cycles(self) -> int:
        """Cycles in which a frame comes in, while nothing waits."""
        return self.shape_in[0] * (self.shape_in[1] * self.words_in + self.row_gap)

    @property
    def beats(self) -> int:
        return self.load_cycles + self.pass_cycles + 2 * self.beats_out + 1

    def latency(self) -> int:
        """Cycles from taking a frame's first beat to offering its first result, unstalled."""
        before = self.words_in // self.beats_in - 1  # a beat is taken with the last of its words
        return self.load_cycles - before + self.pass_cycles + 2

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        x, *parameters = i
        words = self.word_cycles
        first = [Wait(given.offers, len(words) - 1, skip=len(words)) for given in parameters]
        cycles = self.words_in // self.beats_in  # of a beat
        beat = Wait(x.offers), Rest(cycles - 1), Take(x)
        row = Repeat(self.shape_in[1] * self.beats_in, beat), Rest(self.row_gap)
        computed = self.pass_cycles + 2
        passes: list[Step] = []
        for given in parameters:  # all that a word waits, the passes wait
            steps = [now - before for before, now in itertools.pairwise([*words, computed])]
            passes += [Rest(words[0]), *in_turn([Take(given, then=step)] for step in steps)]
        result = Give(o[0]), Wait(o[0].offers, plus=2)
        return [
            Steps(
                *first,  # nothing comes in before the frame's first word is there
                Repeat(self.shape_in[0], row),
                *(passes or [Rest(computed)]),
                Repeat(self.beats_out - 1, result),
                Give(o[0]),
                Wait(o[0].offers),
            )
        ]

    @property
    def latency_from(self) -> Mapping[str, int]:
        return {"i": 0}

    @property
    def word_cycles(self) -> list[int]:
        """When each word of a frame's parameters is taken, from the passes' first cycle on."""
        found, now = [], 0
        for step in self.passes:
            now += 1
            for _ in range(step.folds):
                for group in range(step.weight_groups):
                    found += [now + use + 1 for use in step.use_steps]
                    now += step.steps + step.wait
                    if group == 0:
                        now += self.settle + self.header_words
                        found += range(now - self.header_words + 1, now + 1)
            now += self.drain + 1
        return found

    def parts(self) -> Parts:
        array, dots = self.array, self.array.columns * self.array.pe
        word = array.simd * self.act_bits
        addresses = bits(array.depth) + bits(self.trunk_depth)
        return Parts(
            exact_lut=dots * self.tree.positions,
            lut={
                "fixed": 1,
                "accumulators": dots * self.acc_bits,
                "pixels": array.columns * word,
                "values": array.pe * self.value_bits,
                "levels": array.pe * self.steps * self.level_bits,
                "addresses": addresses,
                "passes": len(self.passes),
            },
            ff={
                "fixed": 1,
                "tree": dots * len(self.tree.registers),
                "accumulators": dots * (2 * self.acc_bits + self.tree.sum_bits),
                "pixels": array.columns * word,
                "words": array.word_bits,
                "fields": array.pe * self.field_bits,
                "values": 2 * array.pe * self.value_bits,
                "addresses": addresses,
            },
            memories=(
                *[Memory(array.depth, word, rom=False, part=array.pe * self.act_bits)]
                * array.columns,
                Memory(self.trunk_depth, array.pe * self.value_bits, rom=False, single_port=True),
            ),
        )
