"""Lowering of a stage in turn: an array with its passes, and the parameters that it takes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from itertools import groupby

import numpy as np

from fq_hw import ir
from fq_hw.errors import CapacityError, FoldingError, require
from fq_hw.ir import Graph
from fq_hw.schedule.in_turn.drafts import Draft, Drafts, convolved, is_planar, region_of
from fq_hw.schedule.in_turn.geometry import DEPTHS, Array, Pass
from fq_hw.schedule.in_turn.stage import InTurn, inside
from fq_hw.schedule.lines import Line, line_of
from fq_hw.schedule.memories import blocks, ceil_div, taken
from fq_hw.schedule.parts import bits
from fq_hw.schedule.plan import Inside
from fq_hw.schedule.planes import Planes
from fq_hw.schedule.sdram import Agenda, PassBursts, Slots, agenda_of
from fq_hw.schedule.units import (
    ArrayUnit,
    Beat,
    FoldBufferUnit,
    LineUnit,
    ParameterUnit,
    Replay,
)
from fq_hw.schedule.words import level_fields, line_fields, line_unit, weight_words

__all__ = ["Passes", "fitted", "passes"]


class Passes:
    """The passes of ``stage`` as an array computes them.

    ``offset`` is what the tensor before it lacks, ``in_bits`` its width; only sums need these.
    Levels come in ``whole`` pixels or in words, and have a half of the banks for themselves where
    these are ``halved``. Raises what ``Drafts`` does.
    """

    def __init__(
        self,
        graph: Graph,
        stage: InTurn,
        offset: np.ndarray | None = None,
        in_bits: int = 1,
        whole: bool = False,
        halved: bool = False,
    ):
        self.graph, self.stage, self.array = graph, stage, stage.array
        self.in_bits, self.whole = in_bits, whole
        self.laid = Drafts(graph, stage, offset, halved)

    @cached_property
    def lines(self) -> dict[str, Line]:
        """By name of the threshold the line that it lies on, all of one shift; where it is wide."""
        if not self.laid.wide:
            return {}
        found = {}
        for draft in self.laid.drafts:
            if draft.threshold is not None:
                op = draft.threshold
                found[op.name] = line_of(op, self.graph.types[op.inputs[0]])
                if found[op.name] is None:
                    self.laid.refuse(op, "needs levels at even distances", f"{op.out_bits} bits")
        shift = max((line.shift for line in found.values()), default=0)
        return {name: line.shifted(shift) for name, line in found.items()}

    def line_unit(self, value_bits: int) -> LineUnit:
        """What makes levels of values, as wide as all its lines need."""
        pe = {"channels": self.array.pe, "lanes": self.array.pe, "pixels": 1}
        pe["in_bits"], out_bits = value_bits, self.laid.act_bits
        made = [
            line_unit(self.lines[d.threshold.name], d.offset, out_bits, **pe)
            for d in self.laid.drafts
            if d.threshold is not None
        ]
        names = ("origin_bits", "slope_bits", "bias_bits", "two_sided", "high")
        widest = {name: max(getattr(unit, name) for unit in made) for name in names}
        return replace(made[0], **widest, low=min(unit.low for unit in made))

    def bounded(self, draft: Draft) -> Pass:
        """The pass of ``draft``, with the levels between which its line ends."""
        if draft.threshold is None or not self.lines:
            return draft.step
        line = self.lines[draft.threshold.name]
        return replace(draft.step, low=line.low, high=line.high)

    @cached_property
    def unit(self) -> ArrayUnit:
        """The array."""
        graph, stage, array, types = self.graph, self.stage, self.array, self.graph.types
        acc_bits = max(
            d.weight.highest(self.laid.act_bits).bit_length()
            for d in self.laid.drafts
            if d.weight is not None
        )
        highs = {n: int((types[n].high - offset).max()) for n, offset in self.laid.offsets.items()}
        highest = max(highs.values())
        value_bits = max(acc_bits, highest.bit_length(), 1)
        trunk_bits = max((highs[n].bit_length() for n in self.laid.kept), default=1)
        steps = [(d.step, d.threshold) for d in self.laid.drafts if d.threshold is not None]
        padded = any(step.folds * array.pe > len(op.levels) for step, op in steps)
        level_bits = value_bits + 1 if padded else max(value_bits, (highest + 1).bit_length())
        users = graph.users[stage.until]
        levels = stage.after in self.laid.regions
        return ArrayUnit(
            array=array,
            act_bits=self.laid.act_bits,
            passes=tuple(self.bounded(draft) for draft in self.laid.drafts),
            shape_in=types[stage.after].shape,
            shape_out=types[stage.until].shape,
            acc_bits=acc_bits,
            value_bits=value_bits,
            level_bits=level_bits,
            trunk_bits=max(trunk_bits, 1),
            trunk_depth=self.laid.trunk_depth,
            line=self.line_unit(value_bits) if self.lines else None,
            masked=self.laid.masked,
            leaves=self.laid.regions.get(stage.until),
            entry=self.laid.regions.get(stage.after),
            in_bits=0 if levels else self.in_bits,
            whole=levels and self.whole,
            planar=is_planar(users) and stage.until not in self.laid.regions,
        )

    def outside(self, slots: Slots) -> Beat:
        """What moves between the array and a trunk in an SDRAM: whole words of that."""
        lanes = ceil_div(self.array.pe * self.unit.trunk_bits, slots.width)
        return Beat(lanes=lanes, bits=slots.width)

    def moves(self, slots: Slots) -> Iterator[PassBursts]:
        """What an SDRAM moves in each pass, if it has parameters and trunk.

        Raises FoldingError where the sums of a pass do not fill whole bursts.
        """
        unit, lanes = self.unit, self.outside(slots).lanes
        beats = self.buffer(slots.width).beats_in
        for step in unit.passes:
            sums, trunk = unit.sums_in_trunk(step) * lanes, step.add or step.keep
            rest = step.folds * sums % slots.burst if trunk else 0
            contract = f"must fill whole bursts of {slots.burst} words with its sums outside"
            hint = "take shorter bursts, or keep the trunk on the chip"
            where, got = f"pass {step.name!r}", step.folds * sums
            require(not rest, where, contract, got, hint=hint, kind=FoldingError)
            yield PassBursts(
                folds=step.folds, words=(step.steps + unit.header_words) * beats,
                sums=sums, reads=step.add, writes=step.keep,
            )  # fmt: skip

    def spilled(self, slots: Slots) -> ArrayUnit:
        """The array, with its trunk in an SDRAM beside its parameters. Raises what ``moves`` does.

        A pass is as slow as what is moved for it, but for what may come before it and go behind.
        """
        stage, unit, cycles = self.stage, self.unit, slots.burst / slots.share
        where, begins = f"array behind {stage.after!r}", unit.entry is not None
        contract = "takes sums, and must take levels where its trunk is outside"
        hint = "begin behind the levels that are made of them"
        require(begins, where, contract, hint=hint, kind=FoldingError)
        contract = f"keeps {stage.until!r}, and must give it where its trunk is outside"
        hint = "end with a convolution whose sums are added up over all pixels"
        require(unit.passes[-1].give, where, contract, hint=hint, kind=FoldingError)
        moved = (one.bursts(slots.burst) - one.ahead(slots.burst) for one in self.moves(slots))
        return replace(
            unit,
            outside=self.outside(slots),
            moves=tuple(int(max(bursts, 0) * cycles) for bursts in moved),
            trunk_depth=unit.GROUPS * unit.array.columns,
        )

    def agenda(self, slots: Slots) -> Agenda:
        """What an SDRAM does in a frame that has parameters and trunk."""
        return agenda_of(tuple(self.moves(slots)), slots.burst)

    @property
    def parameters(self) -> ParameterUnit:
        """What gives the array its parameters."""

        def read(step: Pass) -> tuple[int, int]:
            return step.steps, step.weight_groups if step.steps else 1

        replays = [
            Replay(words=words, times=times, folds=sum(step.folds for step in steps))
            for (words, times), steps in groupby(self.unit.passes, read)
        ]
        width, header = self.array.word_bits, self.unit.header_words
        late = self.unit.i_parameter.late
        return ParameterUnit(width=width, header=header, replays=tuple(replays), late=late)

    @property
    def inside(self) -> tuple[Inside, ...]:
        """The tensors of each pass."""
        return tuple(
            Inside(sums=d.tensor, levels=d.threshold and d.threshold.name, offset=d.offset)
            for d in self.laid.drafts
        )

    def buffer(self, beat_bits: int) -> FoldBufferUnit:
        """What gives the array parameters that come in beats of so many bits.

        It has room for the largest fold and the next, and for more that takes no block more.
        """
        whole = self.parameters
        least = 2 * (max(replay.words for replay in whole.replays) + whole.header)
        unit = FoldBufferUnit(**vars(whole), beat_bits=beat_bits, places=1 << bits(least))
        width = unit.beats_in * beat_bits
        count = blocks(unit.places, width, rom=False, part=beat_bits)
        while blocks(2 * unit.places, width, rom=False, part=beat_bits) == count:
            unit = replace(unit, places=2 * unit.places)
        return unit

    def beats(self, beat_bits: int) -> np.ndarray:
        """The parameters in beats, a row of bits each: a word's lowest first."""
        words = self.words
        lost = -words.shape[1] % beat_bits
        return np.pad(words, ((0, 0), (0, lost))).reshape(-1, beat_bits)

    @property
    def words(self) -> np.ndarray:
        """The parameters, one row of bits a word, in the order of the memory.

        Behind the weights of a fold comes its header, which ends with the last word's top bit.
        """
        unit, array, rows = self.unit, self.array, []
        for draft in self.laid.drafts:
            step = draft.step
            fields = np.zeros((step.folds * array.pe, unit.field_bits), np.uint8)
            if draft.threshold is not None and unit.line is not None:
                line = self.lines[draft.threshold.name]
                known = line_fields(unit.line, line, draft.offset)
                fields[: len(known)] = known
            elif draft.threshold is not None:
                known = level_fields(draft.threshold, draft.offset, unit.level_bits)
                fields[:, :-1] = 1  # nothing reaches the levels of channels beyond the tensor's
                fields[: len(known)] = known
            header = np.zeros((step.folds, unit.header_words * array.word_bits), np.uint8)
            header[:, -array.pe * unit.field_bits :] = fields.reshape(step.folds, -1)
            words = [header.reshape(step.folds, -1, array.word_bits)]
            if draft.weight is not None:
                words.insert(0, plane_words(draft.weight, step))
            rows.append(np.concatenate(words, axis=1).reshape(-1, array.word_bits))
        return np.concatenate(rows)


def plane_words(weight: Planes, step: Pass) -> np.ndarray:
    """Weights as the words of each fold, as ``step`` takes them: bits of folds, uses, pe*simd."""
    pe, simd, found = step.array.pe, step.array.simd, []
    for plane in reversed(range(weight.count)):
        bits = weight.bits[plane :: weight.count]
        if step.depthwise:  # each at its channel's lane, in the word that its fold reads
            channels = np.arange(len(bits))
            spread = np.zeros((*bits.shape[:3], simd), np.uint8)
            spread[channels, :, :, channels % simd] = bits[..., 0]
            bits = spread
        found.append(weight_words(bits.transpose(0, 2, 1, 3), step.folds, pe, simd))
    return np.stack(found, axis=2).reshape(step.folds, -1, pe * simd)


def passes(
    graph: Graph,
    stage: InTurn,
    offset: np.ndarray | None = None,
    in_bits: int = 1,
    whole: bool = False,
) -> Passes:
    """The passes of ``stage`` as ``Passes`` has them, with halved banks where these are better.

    They must take no block more, and a frame fewer cycles.
    """
    made = Passes(graph, stage, offset, in_bits, whole)
    unit = made.unit
    if unit.entry is None:
        return made
    halves = replace(unit, entry=replace(unit.entry, alone=True)).bank_memories
    if taken(halves) > taken(unit.bank_memories):
        return made
    with suppress(CapacityError):
        halved = Passes(graph, stage, offset, in_bits, whole, halved=True)
        if halved.unit.beats < unit.beats:
            return halved
    return made


def fitted(graph: Graph, after: str, until: str, array: Array) -> InTurn:
    """A stage on ``array`` with as many words in its banks, from 256 up, as take the fewest blocks.

    Where they do not hold levels beside those that are read, sums must wait in the trunk. Raises
    what ``Passes`` does where there is no way, or not even the deepest banks are enough.
    """
    *shallow, deepest = (
        InTurn(after=after, until=until, array=replace(array, depth=depth)) for depth in DEPTHS
    )
    ops = inside(graph, deepest)
    levels = [op.name for op in ops if isinstance(op, ir.Threshold) and op.name != until]
    largest = max(
        (region_of(graph, n, array).size for n in levels if convolved(graph.users[n])), default=0
    )
    best, fewest = None, math.inf
    for stage in shallow:
        if stage.array.depth < largest:  # which spares most of the work
            continue
        with suppress(CapacityError):
            made = Passes(graph, stage)
            count = taken(made.unit.parts().memories)
            if count < fewest:
                best, fewest = stage, count
            if not made.laid.waiting:
                return best
    if best is None:
        Passes(graph, deepest)
    return best or deepest
