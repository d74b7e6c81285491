"""Unit of an array that computes several layers in turn."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from fq_hw.schedule.in_turn.geometry import Array, Pass, Region
from fq_hw.schedule.memories import Memory, ceil_div, distributed
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.steps import (
    Channel,
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
    in_turn,
)
from fq_hw.schedule.two_tree import TwoTree, build
from fq_hw.schedule.units.base import READ, Beat, Unit
from fq_hw.schedule.units.line import LineUnit

__all__ = ["ArrayUnit"]

Shape = tuple[int, int, int]


class Gates:
    """What groups of sums wait for, and tell of."""

    def __init__(self):
        self.complete, self.clear = Times(), Times()  # of those that leave
        self.there, self.freed = Times(), Times()  # of the trunk's that come from outside
        self.made, self.gone = Times(), Times()  # of those that go there


@dataclass(frozen=True, kw_only=True)
class ArrayUnit(Unit):
    """An array that takes a tensor whole, makes its passes over it, and gives the last one's sums.

    ``shape_in``, ``shape_out`` are height, width, channels of what it takes and gives. It takes
    levels of ``act_bits``, which go to the banks at ``entry``, or without one sums of ``in_bits``,
    which go to the trunk: in words of these, or levels in ``whole`` pixels. It gives raw sums in
    raster order, or where it is ``planar`` all pixels of ``pe`` channels before the next channels,
    in ``pixel_order``. They come out of the trunk behind the last pass, or while it runs, if it
    is to ``give`` them. Or it gives the last pass's levels, which lie at ``leaves`` in the banks.

    value_bits   of sums; ``acc_bits`` of a convolution's sums alone, ``trunk_bits`` of those that
                 the trunk keeps
    level_bits   of a threshold's level; behind the weights of a fold come, for each of its
                 channels, ``steps`` levels and a sign, in ``header_words`` words
    line         instead of levels where these are many: what takes its place, with the constants
                 of ``pe`` channels as a header
    masked       weight bits keep an activation (1) or drop it, instead of -1 or +1
    trunk_depth  words of ``pe`` values

    Where ``entry`` lies ``alone``, the next frame comes in while the array works on the one before,
    as soon as no pass reads that any more.

    A trunk ``outside`` comes and goes in such beats, a column's ``pe`` sums of ``trunk_bits`` in
    each: every pass that adds takes all of a tensor, every pass that keeps gives all of one, fold
    by fold, row by row, a row's groups whole. GROUPS of either are here: a group whose sums are
    complete waits for its part of the trunk, and for room. What is outside needs so many cycles,
    at least, for what it ``moves`` in each pass.
    """

    array: Array
    act_bits: int
    passes: tuple[Pass, ...]
    shape_in: Shape
    shape_out: Shape
    acc_bits: int
    value_bits: int
    level_bits: int
    trunk_bits: int
    trunk_depth: int
    line: LineUnit | None = None
    masked: bool = False
    entry: Region | None = None
    leaves: Region | None = None
    in_bits: int = 0
    whole: bool = False
    planar: bool = False
    outside: Beat | None = None
    moves: tuple[int, ...] = ()

    GROUPS: ClassVar = 2
    PARAMETERS: ClassVar = ("i_parameter",)
    PACED: ClassVar = False

    def __post_init__(self) -> None:
        self.check(self.passes, "needs passes", len(self.passes))
        last = self.passes[-1]
        ways = (last.keep, last.give, self.leaves is not None)
        self.check(sum(ways) == 1, "must keep or give what the last pass makes", last.name)
        self.check(
            not last.give or self.planar, "gives all pixels of some channels first", last.name
        )
        if self.outside is not None:
            ends = self.entry is not None and last.give
            self.check(
                ends, "must take levels and give sums, where its trunk is outside", last.name
            )
            need, have = self.array.pe * self.trunk_bits, self.outside.width
            self.check(need <= have, f"needs beats of {need} bits for its trunk", have)

    @property
    def i(self) -> Beat:
        """All channels of a pixel, or no more than a word of the memory takes."""
        bits, lanes = self.in_bits, self.array.pe
        if self.entry is not None:
            bits, lanes = self.act_bits, self.array.simd
        channels = self.shape_in[2]
        return Beat(lanes=channels if self.whole else min(lanes, channels), bits=bits)

    @property
    def reads(self) -> int:
        """Cycles in which the banks read: with their output register where adders have any."""
        return 1 if self.array.levels_per_stage is None else READ

    @property
    def i_parameter(self) -> Beat:
        return Beat(lanes=1, bits=self.array.word_bits, late=self.reads)

    @property
    def o(self) -> Beat:
        if self.leaves is not None:
            return Beat(lanes=min(self.array.simd, self.shape_out[2]), bits=self.act_bits)
        return Beat(lanes=min(self.array.pe, self.shape_out[2]), bits=self.value_bits)

    @property
    def ins(self) -> Mapping[str, Beat]:
        trunk = {} if self.outside is None else {"i_trunk": self.outside}
        return {"i": self.i, **trunk, "i_parameter": self.i_parameter}

    @property
    def outs(self) -> Mapping[str, Beat]:
        return {"o": self.o} if self.outside is None else {"o": self.o, "o_trunk": self.outside}

    @property
    def WAITS(self) -> bool:  # noqa: N802 - of a class, for all other units
        return self.outside is not None

    def sums_in_trunk(self, step: Pass) -> int:
        """Beats of the trunk that a pass of it takes or gives, a fold."""
        return step.rows * step.groups * self.array.columns

    @property
    def steps(self) -> int:
        """Levels of a threshold."""
        return 2**self.act_bits - 1

    @property
    def field_bits(self) -> int:
        """Levels and sign of a channel, or the constants of its line."""
        if self.line is not None:
            return self.line.i_constant.bits
        return self.steps * self.level_bits + 1

    @property
    def planes(self) -> int:
        """Binary planes of the widest weights."""
        return max(step.planes for step in self.passes)

    @property
    def plane_bits(self) -> int:
        """Width of a dot product of all planes, which are added up first; 0 where there is one."""
        if self.planes == 1:
            return 0
        most = (2**self.act_bits - 1) * self.array.simd * (2**self.planes - 1)
        return min(most.bit_length(), self.acc_bits)

    @property
    def plane_cycles(self) -> int:
        """Cycles that adding up planes takes."""
        return 1 if self.plane_bits else 0

    @property
    def dot_cycles(self) -> int:
        """Cycles from the words of the last plane to their dot product."""
        return self.tree.stages + self.plane_cycles

    @property
    def level_cycles(self) -> int:
        """Cycles from a value to its level, beyond one."""
        return 0 if self.line is None else self.line.sum_cycles

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
        return self.dot_cycles + 2

    @property
    def drain(self) -> int:
        """Cycles from a pass's last group to where all its results are in memory."""
        return 2 * self.array.columns + self.dot_cycles + self.reads + 4 + self.level_cycles

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

    @property
    def has_trunk(self) -> bool:
        """Whether sums are kept, or come in."""
        return self.entry is None or any(step.add or step.keep for step in self.passes)

    @property
    def unload_cycles(self) -> int:
        """Cycles from the end of the last pass to offering what was kept."""
        return 2 if self.leaves is None else self.reads + 1

    @property
    def gap_out(self) -> int:
        """Cycles behind a row that leaves the banks in which none comes."""
        if self.leaves is None:
            return 0
        return (self.leaves.groups * self.array.columns - self.shape_out[1]) * self.leaves.words

    @property
    def apart(self) -> bool:
        """Whether what comes in has a half of the banks for itself."""
        return self.entry is not None and self.entry.alone

    @property
    def hears(self) -> int:
        return int(self.apart)

    @property
    def readers(self) -> int:
        """Passes up to the last that reads what came in."""
        return max(n for n, step in enumerate(self.passes, 1) if step.source == self.entry)

    @property
    def read_cycles(self) -> int:
        """Cycles from a frame's last word to the next one's first in which none is taken."""
        if self.readers == len(self.passes):
            return 1 + self.pass_cycles
        return self.starts[self.readers] - 1

    def group_cycles(self, step: Pass, first: bool = False) -> int:
        """Cycles of a group of pixels; the ``first`` of a fold waits for its header."""
        head = self.settle + self.header_words if first else 0
        return step.steps + step.wait + head

    def fold_cycles(self, step: Pass) -> int:
        """Cycles of one fold of a pass."""
        rest = (step.weight_groups - 1) * self.group_cycles(step)
        return self.group_cycles(step, first=True) + rest

    @property
    def out(self) -> int:
        """Cycles from the command that completes a group's sums to taking the first of them."""
        return self.reads + self.dot_cycles + 3

    def held(self, step: Pass) -> int:
        """Cycles in which groups of a pass that gives wait until those before are out."""
        if not step.give:
            return 0
        least = self.out + self.array.columns
        inside, between = (max(0, least - self.group_cycles(step, one)) for one in (False, True))
        return step.folds * (step.weight_groups - 1) * inside + (step.folds - 1) * between

    @property
    def starts(self) -> list[int]:
        """The first cycle of each pass, from the frame's last word that came in."""
        found, now = [], 1
        for step in self.passes:
            found.append(now)
            now += step.folds * self.fold_cycles(step) + self.held(step) + self.drain + 2
        return found

    @property
    def pass_cycles(self) -> int:
        """Cycles of all passes, while nothing waits."""
        last = self.passes[-1]
        cycles = last.folds * self.fold_cycles(last) + self.held(last)
        return self.starts[-1] + cycles + self.drain

    def word_cycles(self, step: Pass, first: bool) -> list[int]:
        """When a group takes its words, from its first cycle on; the ``first`` of a fold or not."""
        end = self.group_cycles(step, first)
        header = range(end - self.header_words + 1, end + 1) if first else ()
        return [*range(1, step.steps + 1), *header]

    def leaving(self, step: Pass, group: int) -> list[int | None]:
        """Where in its row each column of a group lies, as they leave; None where none counts."""
        columns, every = self.array.columns, 2 if step.thin else 1
        turn = 1 if step.dense else 0
        pixels = (group * columns + (n - turn) % columns for n in range(columns))
        return [None if pixel % every else pixel // every for pixel in pixels]

    @property
    def pixel_order(self) -> list[int]:
        height, width, _ = self.shape_out
        step = self.passes[-1]
        groups = range(step.read_groups if step.give else 0)
        row = [x for n in groups for x in self.leaving(step, n) if x is not None and x < width]
        row = row or [*range(width)]
        return [y * width + x for y in range(height) for x in row]

    @property
    def macs(self) -> int:
        """Products per cycle."""
        return self.array.macs

    @property
    def load_cycles(self) -> int:
        """Cycles in which a frame comes in, while nothing waits."""
        return self.shape_in[0] * (self.shape_in[1] * self.words_in + self.row_gap)

    @property
    def beats(self) -> int:
        work = self.pass_cycles + (1 if self.passes[-1].give else self.beats_out + 2)
        for step, moved in zip(self.passes, self.moves, strict=False):
            work += max(0, moved - step.folds * self.fold_cycles(step))
        if self.apart:
            return max(work + 1, self.read_cycles + self.load_cycles)
        return self.load_cycles + work

    def waiting(self, cycles: int) -> int:
        """Beats that come while none is taken, where those of a frame come evenly in ``cycles``."""
        height, width, _ = self.shape_in
        frame = height * width * self.beats_in
        return min(frame, ceil_div(frame * self.read_cycles, cycles)) if self.apart else frame

    def latency(self) -> int:
        """Cycles from taking a frame's first beat to offering its first result, unstalled."""
        loaded = self.load_cycles - (self.words_in // self.beats_in - 1)  # a beat's last word
        loaded += int(self.apart)  # and the register behind it
        last = self.passes[-1]
        if not last.give:
            return loaded + self.pass_cycles + self.unload_cycles
        places = self.leaving(last, 0)
        before = next(n for n, x in enumerate(places) if x is not None and x < last.width)
        return loaded + self.starts[-1] + self.group_cycles(last, True) + self.out + before + 1

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        x, *trunk = i[: 1 if self.outside is None else 2]
        parameters = i[1 + len(trunk) :]
        known = {"behind": self.words - 1, "skip": self.words}
        cycles = self.words_in // self.beats_in  # of a beat
        beat = Wait(x.offers), Rest(cycles - 1), Take(x)
        row = Repeat(self.shape_in[1] * self.beats_in, beat), Rest(self.row_gap)
        gates, ended, free, full = Gates(), *(Times() for _ in range(3))
        load = Repeat(self.shape_in[0], row)
        known_to_be = [Wait(given.offers, **known) for given in parameters]
        steps: list[Step] = [*known_to_be, load]  # nothing comes in before there is a parameter
        if self.apart:
            steps = [Wait(full, plus=1)]
        for number, step in enumerate(self.passes, 1):
            groups = [
                self.group_steps(step, n == 0, parameters, *self.gated(step, n % 2, gates))
                for n in range(3)
            ]
            steps += [Rest(1), Repeat(step.folds, self.fold_steps(step, groups))]
            steps += [Rest(self.drain)]
            over = self.apart and number == self.readers
            steps += [Put(free)] if over else []
            steps += [Rest(1)] if number < len(self.passes) else []
        found: list[Process] = []
        if trunk:
            columns = self.array.columns
            found.append(
                Steps(Wait(gates.freed, self.GROUPS, 1), Take(trunk[0], columns), Put(gates.there))
            )
            found.append(Steps(Wait(gates.made, plus=1), Give(o[1], columns), Put(gates.gone)))
        if self.passes[-1].give:
            steps += [Wait(ended), Rest(1)]
            found.append(Steps(*self.giving(o[0], gates.complete, gates.clear), Put(ended)))
        else:
            height = self.shape_out[0]
            row = Give(o[0], self.beats_out // height), Rest(self.gap_out)
            behind = max(0, self.gap_out + 1 - self.unload_cycles) - self.gap_out
            steps += [Rest(self.unload_cycles), Repeat(height - 1, row), row[0]]
            steps += [Rest(self.gap_out + behind)]
        if not self.apart:
            return [Steps(*steps), *found]
        # The passes of a frame begin when it is in and its first parameter is there.
        begin = [Rest(1), *(Wait(given.offers, **known, plus=1) for given in parameters)]
        heard = (Wait(given.offers, **known, plus=self.hears) for given in parameters)
        first = [*heard, Put(free)]
        return [Steps(*steps, *begin, first=first), Steps(Wait(free), load, Put(full)), *found]

    def fold_steps(self, step: Pass, groups: Sequence[tuple[Step, ...]]) -> tuple[Step, ...]:
        """A fold: its first group, then others of two kinds in turn."""
        first, odd, even = groups
        pairs, rest = divmod(step.weight_groups - 1, 2)
        if odd == even:
            return (*first, Repeat(step.weight_groups - 1, odd))
        return (*first, Repeat(pairs, (*odd, *even)), *(odd if rest else ()))

    def gated(self, step: Pass, second: int, gates: Gates) -> tuple[list[Step], list[Step]]:
        """What a group's sums wait for when they are complete, and what is known then.

        Those that leave, for those before. Those that meet a trunk outside, for their part of it
        and for room: of two groups that are one behind a ``thin`` pass the first waits for both,
        and with the ``second`` all is done.
        """
        if step.give:
            return [Wait(gates.clear, 1)], [Put(gates.complete)]
        if self.outside is None:
            return [], []
        before: list[Step] = []
        after: list[Step] = []
        last = self.array.columns - (2 if step.thin and not step.dense else 1)
        taken = self.out + last * (2 if step.add else 1)  # the last column's, or its word's read
        if step.add and not (step.thin and second):
            before.append(Wait(gates.there))
        if step.keep and not (step.thin and second):
            before.append(Wait(gates.gone, self.GROUPS))
        if step.add and (second or not step.thin):
            after.append(Put(gates.freed, taken))
        if step.keep and (second or not step.thin):
            after.append(Put(gates.made, taken + (2 if step.add else 1)))
        return before, after

    def group_steps(
        self,
        step: Pass,
        first: bool,
        parameters: Channels,
        before: Sequence[Step],
        after: Sequence[Step],
    ) -> tuple[Step, ...]:
        """A group of pixels: takes its words; something is done before and after the last cycle."""
        words, end = (
            self.word_cycles(step, first) if parameters else [],
            self.group_cycles(step, first),
        )
        last = words[-1:] == [end]
        wanted = [0, *(words[:-1] if last else words), end]
        gaps = [now - was for was, now in itertools.pairwise(wanted)]
        rounds = [[Take(given, then=gap)] for gap in gaps[1:] for given in parameters]
        taken = [Take(given, then=0) for given in parameters if last]
        return (Rest(gaps[0]), *in_turn(rounds), *before, *taken, *after)

    def giving(self, o: Channel, complete: Times, clear: Times) -> tuple[Step, ...]:
        """The last pass's sums on their way out; with the end of the last, all have gone."""
        step, rounds = self.passes[-1], []
        for group in range(step.read_groups):
            places = self.leaving(step, group)
            steps: list[Step] = [Wait(complete, plus=self.out)]
            for n, x in enumerate(places):
                steps.append(Rest(1))
                steps += [Put(clear)] if n == len(places) - 1 else []
                steps += [Give(o, then=0)] if x is not None and x < step.width else []
            rounds.append(steps)
        rows = Repeat(step.folds * step.rows, in_turn(rounds))
        return (rows, Rest(int(places[-1] is not None)))

    @property
    def latency_from(self) -> Mapping[str, int]:
        return {"i": 0}

    @property
    def words(self) -> int:
        """Words of parameters that a frame takes."""
        return sum(
            step.folds * (step.weight_groups * step.steps + self.header_words)
            for step in self.passes
        )

    @property
    def bank_memories(self) -> tuple[Memory, ...]:
        """What a bank is made of: a memory, or two; words that come in are written whole."""
        array = self.array
        word, part = array.simd * self.act_bits, array.pe * self.act_bits
        if not self.apart:
            return (Memory(array.depth, word, rom=False, part=part),)
        half = array.depth // 2
        return Memory(half, word, rom=False, part=part), Memory(half, word, rom=False)

    def parts(self) -> Parts:
        array, dots = self.array, self.array.columns * self.array.pe
        word = array.simd * self.act_bits
        addresses = bits(array.depth) + bits(self.trunk_depth)
        trunk = array.pe * self.trunk_bits
        kept: tuple[Memory, ...] = ()
        if self.has_trunk:
            kept = (Memory(self.trunk_depth, trunk, rom=False, single_port=True),)
        near = 0
        if self.outside is not None:  # some groups each way, in distributed RAM
            kept, near = (), 2 * distributed(self.GROUPS * array.columns, trunk)
        planes, line = dots * self.plane_bits, self.line
        return Parts(
            exact_lut=dots * self.tree.positions
            + (array.columns * word if self.apart else 0)
            + near
            + planes,
            exact_ff=(2 * trunk if near else 0) + 2 * planes,
            lut={
                "fixed": 1,
                "accumulators": dots * self.acc_bits,
                "pixels": array.columns * word,
                "values": array.pe * self.value_bits,
                "levels": 0 if line else array.pe * self.steps * self.level_bits,
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
            memories=(*self.bank_memories * array.columns, *kept),
            units=(line,) if line else (),
        )
