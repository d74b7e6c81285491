"""Lowering of a stage in turn: ops of a graph become passes of an array over its memories.

Sums are raw as in ``fq_hw.schedule.lower``: what they lack, one constant per channel, ends in
levels. The trunk of the residual blocks has a memory of its own and is changed in place; levels
lie in the banks, placed wherever nothing alive is overwritten.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

import numpy as np

from fq_hw import ir
from fq_hw.errors import CapacityError, FoldingError, GraphError, require
from fq_hw.ir import Axis, Graph
from fq_hw.schedule.in_turn.geometry import DEPTHS, Array, Pass, Region
from fq_hw.schedule.in_turn.stage import InTurn, inside
from fq_hw.schedule.lines import FEWEST_BITS, Line, line_of
from fq_hw.schedule.memories import blocks, ceil_div, taken
from fq_hw.schedule.parts import bits
from fq_hw.schedule.plan import Inside
from fq_hw.schedule.planes import Planes, planes
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """A pass with what its header holds: levels."""

    step: Pass
    weight: Planes | None = None
    threshold: ir.Threshold | None = None
    tensor: str  # of the sums
    offset: np.ndarray  # of that tensor


def convolved(readers: Sequence[ir.Op]) -> bool:
    """Whether convolutions read a tensor, and nothing else does."""
    return bool(readers) and all(isinstance(op, ir.Conv) for op in readers)


def region_of(graph: Graph, name: str, array: Array, leaves: bool = False) -> Region:
    """The words of levels that convolutions read, or that ``leaves``, from 0 up."""
    h, w, c = graph.types[name].shape
    stride = 1 if leaves else min(op.axes[0].stride for op in graph.users[name])
    groups = ceil_div(ceil_div(w, stride), array.columns)
    return Region(base=0, rows=h, groups=groups, words=ceil_div(c, array.simd), stride=stride)


class Passes:
    """The passes of ``stage``: follows its ops and keeps track of what lies in which memory.

    ``offset`` is what the tensor before it lacks, ``in_bits`` its width; only sums need these.
    Levels come in ``whole`` pixels or in words, and have a half of the banks for themselves where
    these are ``halved``. Raises GraphError or CapacityError, naming the op, where the array cannot
    run it.
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
        self.in_bits, self.whole, self.halved = in_bits, whole, halved
        self.left = Counter({name: len(users) for name, users in graph.users.items()})
        self.regions: dict[str, Region] = {}
        self.offsets: dict[str, np.ndarray] = {}
        self.trunk: str | None = None
        self.done: set[str] = set()
        self.drafts: list[Draft] = []
        self.trunk_depth = 1
        self.kept: list[str] = []  # tensors that the trunk holds at some time
        self.ops = inside(graph, stage)
        self.enter(graph[stage.after], offset)
        for op in self.ops:
            self.follow(op)

    def refuse(self, op: ir.Op, contract: str, got: object) -> None:
        require(False, op.where, f"{contract} in an array", got, kind=GraphError)

    def check_room(self, op: ir.Op, place: object) -> None:
        """Refuse levels that found no ``place``."""
        contract = f"must fit the {self.room} words of each activation bank"
        require(place, op.where, contract, kind=CapacityError)

    @property
    def room(self) -> int:
        """Words of a bank, or of either half."""
        return self.array.depth // (2 if self.halved else 1)

    def folds(self, channels: int) -> int:
        """Folds that fill whole activation words."""
        return ceil_div(channels, self.array.simd) * self.array.lane_groups

    def region(self, name: str) -> Region | None:
        """A place for the levels ``name`` where nothing alive is overwritten."""
        readers = self.graph.users[name]
        if not convolved(readers) and name != self.stage.until:
            got = [type(op).__name__ for op in readers]
            self.refuse(self.graph[name], "needs convolutions as readers", got)
        alone = self.halved and name == self.stage.after
        want = region_of(self.graph, name, self.array, leaves=name == self.stage.until)
        want = replace(want, alone=alone)
        alive = [r for n, r in self.regions.items() if self.left[n] and r.alone == alone]
        bases = [0, self.room - want.size]
        for r in alive:
            bases += [r.base + r.size, r.base - want.size]
        for base in bases:
            inside = 0 <= base <= self.room - want.size
            apart = all(base + want.size <= r.base or r.base + r.size <= base for r in alive)
            if inside and apart:
                return replace(want, base=base)
        return None

    def threshold_of(self, name: str) -> tuple[ir.Threshold | None, Region | None]:
        """A threshold that reads ``name`` and can be computed with it, and where it goes."""
        for op in self.graph.users[name]:
            if isinstance(op, ir.Threshold):
                place = self.region(op.name)
                return (op, place) if place else (None, None)
        return None, None

    def deepen(self, rows: int, width: int, folds: int) -> None:
        """Make the trunk deep enough for a tensor of so many words."""
        pixels = rows * ceil_div(width, self.array.columns) * self.array.columns
        self.trunk_depth = max(self.trunk_depth, pixels * folds)

    def finish(self, draft: Draft, tensor: str) -> None:
        """Add a pass that computes ``tensor`` and maybe the threshold behind it."""
        self.drafts.append(draft)
        if draft.step.add or draft.step.keep:
            step = draft.step
            self.deepen(step.rows, step.width, step.folds)
        if draft.step.keep:
            self.kept.append(tensor)
        if draft.threshold is not None:
            name = draft.threshold.name
            self.regions[name] = draft.step.dest
            self.done.add(name)
            self.left[tensor] -= 1

    def conv(self, op: ir.Conv) -> None:
        x = op.inputs[0]
        source = self.regions[x]
        down, across = op.axes
        half = Axis.half(down.kernel, down.stride)
        fits = down.kernel in (1, 3) and down.stride in (1, 2)
        if not fits or not down == across == half:
            got = (op.kernel, op.stride, op.padding, op.dilation)
            contract = "kernel 1x1 or 3x3, stride 1 or 2, padding of half a kernel"
            self.refuse(op, f"needs {contract}", got)
        if op.pad_level:
            self.refuse(op, "needs pad_level 0", op.pad_level)
        weights = planes(op if op.depthwise else ungrouped(op), self.masked)
        h, w, c = self.graph.types[op.name].shape
        self.offsets[op.name] = weights.complements(self.graph[x].out_bits)
        tensor = self.biased(op)
        last = tensor == self.stage.until
        step = Pass(
            name=op.name,
            kernel=down.kernel,
            stride=down.stride,
            rows=h,
            width=w,
            folds=ceil_div(c, self.array.pe) if last else self.folds(c),
            array=self.array,
            source=source,
            thin=source.stride < down.stride,
            depthwise=op.depthwise,
            planes=weights.count,
            inverted=weights.inverted,
        )
        self.place(op, tensor, step, weights)
        self.left[x] -= 1

    def biased(self, op: ir.Op) -> str:
        """The tensor that ``op`` makes with the constants behind it, where all read their sum."""
        users = self.graph.users[op.name]
        if op.name == self.stage.until or [type(user) for user in users] != [ir.Bias]:
            return op.name
        (bias,) = users
        self.offsets[bias.name] = self.offsets[op.name] + bias.bias
        self.left[op.name] -= 1
        self.done.add(bias.name)
        return self.biased(bias)

    def place(self, op: ir.Conv, tensor: str, step: Pass, weights: Planes) -> None:
        """Send a convolution's sums, ``tensor``, to a threshold, to the trunk, or both."""
        add, alone = False, tensor
        adds = [user for user in self.graph.users[tensor] if isinstance(user, ir.Add)]
        if len(adds) == 1:
            if adds[0].factors != (1, 1):
                self.refuse(adds[0], "needs both inputs in one scale", adds[0].factors)
            (other,) = set(adds[0].inputs) - {tensor} or {tensor}
            if other == self.trunk:
                tensor, add = adds[0].name, True
                self.offsets[tensor] = self.offsets[alone] + self.offsets[other]
                self.left[alone] -= 1
                self.left[other] -= 1
                self.done.add(tensor)
        threshold, dest = None, None
        if tensor != self.stage.until:
            threshold, dest = self.threshold_of(tensor)
        keep = self.left[tensor] > (threshold is not None)
        if keep and self.trunk is not None and self.left[self.trunk]:
            for user in self.graph.users[tensor]:
                if isinstance(user, ir.Threshold):
                    self.check_room(user, threshold)
            self.refuse(op, "needs the trunk free; it still holds this tensor", self.trunk)
        users = self.graph.users[tensor]
        give = tensor == self.stage.until and not add and is_planar(users)
        step = replace(step, dest=dest, add=add, keep=keep and not give, give=give)
        self.finish(
            Draft(
                step=step,
                weight=weights,
                threshold=threshold,
                tensor=tensor,
                offset=self.offsets[tensor],
            ),
            tensor,
        )
        if step.keep:
            self.trunk = tensor

    @property
    def waiting(self) -> bool:
        """Whether levels of sums that nobody else reads had no place when these were made."""
        passes = {draft.tensor for draft in self.drafts if not draft.step.steps}
        return any(len(self.graph.users[name]) == 1 for name in passes)

    def threshold(self, op: ir.Threshold) -> None:
        """A pass over the trunk alone."""
        x = op.inputs[0]
        if x != self.trunk:
            self.refuse(op, "needs its input in the trunk", x)
        place = self.region(op.name)
        h, w, c = self.graph.types[op.name].shape
        self.check_room(op, place)
        step = Pass(
            name=op.name, kernel=0, stride=1, rows=h, width=w, folds=self.folds(c),
            array=self.array, dest=place, add=True,
        )  # fmt: skip
        self.finish(Draft(step=step, threshold=op, tensor=x, offset=self.offsets[x]), x)

    def enter(self, op: ir.Op, offset: np.ndarray | None) -> None:
        """A place for the tensor before the stage: levels in the banks, sums in the trunk."""
        h, w, c = self.graph.types[op.name].shape
        if isinstance(op, ir.Embed | ir.Threshold):
            place = self.region(op.name)
            self.check_room(op, place)
            self.regions[op.name] = place
            return
        if not isinstance(op, ir.Conv | ir.Add):
            self.refuse(op, "cannot be what comes in", type(op).__name__)
        self.trunk = op.name
        self.kept.append(op.name)
        self.offsets[op.name] = np.zeros(c, np.int64) if offset is None else offset
        self.deepen(h, w, ceil_div(c, self.array.pe))

    def follow(self, op: ir.Op) -> None:
        match op:
            case _ if op.name in self.done:
                return
            case ir.Conv() if op.inputs[0] in self.regions:
                self.conv(op)
            case ir.Threshold():
                self.threshold(op)
            case _:
                self.refuse(op, "has no pass", type(op).__name__)

    @cached_property
    def act_bits(self) -> int:
        ops = [self.graph[self.stage.after], *self.ops]
        levels = {op.out_bits for op in ops if isinstance(op, ir.Threshold | ir.Embed)}
        if len(levels) != 1:
            self.refuse(ops[-1], "must have levels of one width before it", sorted(levels))
        return levels.pop()

    @cached_property
    def masked(self) -> bool:
        """Whether weight bits keep or drop activations: where some weights are neither -1 nor +1.

        And where a level may be other than 0 in channels beyond a tensor's: such a weight is 0.
        """
        convs = [op for op in self.ops if isinstance(op, ir.Conv)]
        return self.wide or any(op.groups > 1 or planes(op).masked for op in convs)

    @property
    def wide(self) -> bool:
        """Whether levels are too many to be compared one by one."""
        return self.act_bits >= FEWEST_BITS

    @cached_property
    def lines(self) -> dict[str, Line]:
        """By name of the threshold the line that it lies on, all of one shift; where it is wide."""
        if not self.wide:
            return {}
        found = {}
        for draft in self.drafts:
            if draft.threshold is not None:
                op = draft.threshold
                found[op.name] = line_of(op, self.graph.types[op.inputs[0]])
                if found[op.name] is None:
                    self.refuse(op, "needs levels at even distances", f"{op.out_bits} bits")
        shift = max((line.shift for line in found.values()), default=0)
        return {name: line.shifted(shift) for name, line in found.items()}

    def line_unit(self, value_bits: int) -> LineUnit:
        """What makes levels of values, as wide as all its lines need."""
        pe = {"channels": self.array.pe, "lanes": self.array.pe, "pixels": 1}
        made = [
            line_unit(self.lines[d.threshold.name], d.offset, self.act_bits, in_bits=value_bits,
                      **pe)
            for d in self.drafts if d.threshold is not None
        ]  # fmt: skip
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
            d.weight.highest(self.act_bits).bit_length()
            for d in self.drafts
            if d.weight is not None
        )
        highs = {n: int((types[n].high - offset).max()) for n, offset in self.offsets.items()}
        highest = max(highs.values())
        value_bits = max(acc_bits, highest.bit_length(), 1)
        trunk_bits = max((highs[n].bit_length() for n in self.kept), default=1)
        steps = [(d.step, d.threshold) for d in self.drafts if d.threshold is not None]
        padded = any(step.folds * array.pe > len(op.levels) for step, op in steps)
        level_bits = value_bits + 1 if padded else max(value_bits, (highest + 1).bit_length())
        users = graph.users[stage.until]
        levels = stage.after in self.regions
        return ArrayUnit(
            array=array,
            act_bits=self.act_bits,
            passes=tuple(self.bounded(draft) for draft in self.drafts),
            shape_in=types[stage.after].shape,
            shape_out=types[stage.until].shape,
            acc_bits=acc_bits,
            value_bits=value_bits,
            level_bits=level_bits,
            trunk_bits=max(trunk_bits, 1),
            trunk_depth=self.trunk_depth,
            line=self.line_unit(value_bits) if self.lines else None,
            masked=self.masked,
            leaves=self.regions.get(stage.until),
            entry=self.regions.get(stage.after),
            in_bits=0 if levels else self.in_bits,
            whole=levels and self.whole,
            planar=is_planar(users) and stage.until not in self.regions,
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
            for d in self.drafts
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
        for draft in self.drafts:
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


def ungrouped(op: ir.Conv) -> ir.Conv:
    """The same convolution in one group, whose further weights are 0."""
    if op.groups == 1:
        return op
    outputs, rows, columns, inputs = op.weight.shape
    weight = np.zeros((outputs, rows, columns, op.groups, inputs), op.weight.dtype)
    each = np.arange(outputs)
    weight[each, :, :, each // (outputs // op.groups)] = op.weight
    return replace(op, weight=weight.reshape(outputs, rows, columns, -1), groups=1)


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


def is_planar(users: Sequence[ir.Op]) -> bool:
    """Whether all pixels of some channels may come before the next channels."""
    return all(isinstance(user, ir.PixelSum) for user in users)


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
            if not made.waiting:
                return best
    if best is None:
        Passes(graph, deepest)
    return best or deepest
