"""Lowering: a graph of integer ops becomes passes of one array over its memories.

Sums are raw as in ``fq_hw.schedule.lower``: what they lack, one constant per channel, ends in
levels and start values. The trunk of the residual blocks has a memory of its own and is changed in
place; levels lie in the banks, placed wherever nothing alive is overwritten.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from fq_hw import ir
from fq_hw.errors import CapacityError, GraphError, require
from fq_hw.ir import Graph
from fq_hw.passes import check_lowered
from fq_hw.schedule.planes import planes
from fq_hw.schedule.sequential import pack
from fq_hw.schedule.sequential.plan import Array, Pass, Region, SequentialPlan
from fq_hw.schedule.units import ceil_div
from fq_hw.schedule.words import score_unit, start_values

__all__ = ["lower_sequential"]

TRUNK_BITS = 16  # of a value in the trunk's memory


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """A pass with what its header holds: levels, or the start values of the classes."""

    step: Pass
    weight: np.ndarray | None = None
    threshold: ir.Threshold | None = None
    offset: np.ndarray | None = None  # of the tensor that is requantized
    classes: bool = False  # whether it computes the classes, from start values


class Lowering:
    """Follows the graph, op by op, and keeps track of what lies in which memory."""

    def __init__(self, graph: Graph, array: Array):
        self.graph, self.array = graph, array
        self.left = Counter({name: len(users) for name, users in graph.users.items()})
        self.regions: dict[str, Region] = {}
        self.offsets: dict[str, np.ndarray] = {}
        self.trunk: str | None = None
        self.embed: ir.Embed | None = None
        self.done: set[str] = set()
        self.drafts: list[Draft] = []
        self.trunk_depth = 1

    def refuse(self, op: ir.Op, contract: str, got: object) -> None:
        require(False, op.where, f"{contract} on the sequential accelerator", got, kind=GraphError)

    def folds(self, channels: int) -> int:
        """Folds that fill whole activation words."""
        return ceil_div(channels, self.array.simd) * self.array.lane_groups

    def region(self, name: str) -> Region | None:
        """A place for the levels ``name`` where nothing alive is overwritten."""
        h, w, c = self.graph.types[name].shape
        readers = self.graph.users[name]
        strides = {op.stride for op in readers if isinstance(op, ir.Conv)}
        if len(strides) != 1 or not all(isinstance(op, ir.Conv) for op in readers):
            self.refuse(self.graph[name], "needs convolutions of one stride as readers", strides)
        stride = strides.pop()
        groups = ceil_div(ceil_div(w, stride), self.array.columns)
        words = ceil_div(c, self.array.simd)
        want = Region(base=0, rows=h, groups=groups, words=words, stride=stride)
        alive = [r for n, r in self.regions.items() if self.left[n]]
        bases = [0, self.array.depth - want.size]
        for r in alive:
            bases += [r.base + r.size, r.base - want.size]
        for base in bases:
            inside = 0 <= base <= self.array.depth - want.size
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

    def finish(self, draft: Draft, tensor: str) -> None:
        """Add a pass that computes ``tensor`` and maybe the threshold behind it."""
        self.drafts.append(draft)
        if draft.step.add or draft.step.keep:
            words = draft.step.rows * draft.step.groups * self.array.columns * draft.step.folds
            self.trunk_depth = max(self.trunk_depth, words)
        if draft.threshold is not None:
            name = draft.threshold.name
            self.regions[name] = draft.step.dest
            self.done.add(name)
            self.left[tensor] -= 1

    def conv(self, op: ir.Conv) -> None:
        x = op.inputs[0]
        source = self.regions[x]
        if op.kernel not in (1, 3) or op.padding != op.kernel // 2 or op.stride not in (1, 2):
            got = (op.kernel, op.stride, op.padding)
            self.refuse(op, "needs kernel 1 or 3, stride 1 or 2, padding of half a kernel", got)
        plain = (np.abs(op.weight) == 1).all() and not op.pad_level
        if not plain:
            most = int(np.abs(op.weight).max())
            self.refuse(op, "needs weights -1 and +1 and pad_level 0", (most, op.pad_level))
        h, w, c = self.graph.types[op.name].shape
        offset = planes(op).offsets(self.graph[x].out_bits)
        self.offsets[op.name] = offset
        users = self.graph.users[op.name]
        sums = len(users) == 1 and isinstance(users[0], ir.PixelSum)
        step = Pass(
            name=op.name,
            kernel=op.kernel,
            stride=op.stride,
            rows=h,
            width=w,
            folds=ceil_div(c, self.array.pe) if sums else self.folds(c),
            array=self.array,
            source=source,
            total=sums,
        )
        if sums:
            self.drafts.append(Draft(step=step, weight=op.weight, classes=True))
        else:
            self.place(op, step)
        self.left[x] -= 1

    def place(self, op: ir.Conv, step: Pass) -> None:
        """Send a convolution's sums to a threshold, to the trunk, or both."""
        tensor, add = op.name, False
        adds = [user for user in self.graph.users[op.name] if isinstance(user, ir.Add)]
        if len(adds) == 1:
            if any(adds[0].shift):
                self.refuse(adds[0], "needs both inputs in one scale", adds[0].shift)
            (other,) = set(adds[0].inputs) - {op.name} or {op.name}
            if other == self.trunk:
                tensor, add = adds[0].name, True
                self.offsets[tensor] = self.offsets[op.name] + self.offsets[other]
                self.left[op.name] -= 1
                self.left[other] -= 1
                self.done.add(tensor)
        threshold, dest = self.threshold_of(tensor)
        keep = self.left[tensor] > (threshold is not None)
        if keep and self.trunk is not None and self.left[self.trunk]:
            self.refuse(op, "needs the trunk free; it still holds this tensor", self.trunk)
        step = replace(step, dest=dest, add=add, keep=keep)
        self.finish(
            Draft(step=step, weight=op.weight, threshold=threshold, offset=self.offsets[tensor]),
            tensor,
        )
        if keep:
            self.trunk = tensor

    def threshold(self, op: ir.Threshold) -> None:
        """A pass over the trunk alone."""
        x = op.inputs[0]
        if x != self.trunk:
            self.refuse(op, "needs its input in the trunk", x)
        place = self.region(op.name)
        h, w, c = self.graph.types[op.name].shape
        contract = f"does not fit the {self.array.depth} words of each activation bank"
        require(place, op.where, contract, kind=CapacityError)
        step = Pass(
            name=op.name, kernel=0, stride=1, rows=h, width=w, folds=self.folds(c),
            array=self.array, dest=place, add=True,
        )  # fmt: skip
        self.finish(Draft(step=step, threshold=op, offset=self.offsets[x]), x)

    def walk(self) -> None:
        for op in self.graph.ops:
            match op:
                case _ if op.name in self.done:
                    continue
                case ir.Embed():
                    place = self.region(op.name)
                    contract = "the embedded image must fit the activation banks"
                    require(place, op.where, contract, self.array, kind=CapacityError)
                    self.regions[op.name] = place
                    self.embed = op
                case ir.Conv() if op.inputs[0] in self.regions:
                    self.conv(op)
                case ir.Threshold():
                    self.threshold(op)
                case ir.ClassScale() if op.bias is not None:
                    self.refuse(op, "needs scores without a bias", op.bias.tolist())
                case ir.ClassScale() if (op.multiplier < 0).any():
                    self.refuse(op, "needs scores that rise", op.multiplier.tolist())
                case ir.Input() | ir.PixelSum() | ir.ClassScale() | ir.ArgMax():
                    continue
                case _:
                    self.refuse(op, "has no pass", type(op).__name__)


def lower_sequential(graph: Graph, array: Array | None = None) -> SequentialPlan:
    """The passes of ``graph`` on ``array``.

    Raises GraphError or CapacityError, naming the op, where the array cannot run it.
    """
    array = array or Array()
    kinds = [type(op) for op in graph.ops[-3:]]
    ends = kinds == [ir.PixelSum, ir.ClassScale, ir.ArgMax]
    require(ends, f"graph {graph.name!r}", "must end in PixelSum, ClassScale and ArgMax",
            [kind.__name__ for kind in kinds], kind=GraphError)  # fmt: skip
    lowering = Lowering(graph, array)
    lowering.walk()
    check_lowered(graph)
    drafts, embed = lowering.drafts, lowering.embed
    levels = {op.out_bits for op in graph.ops if isinstance(op, ir.Threshold | ir.Embed)}
    require(len(levels) == 1, f"graph {graph.name!r}", "must have levels of one width",
            sorted(levels), kind=GraphError)  # fmt: skip
    act_bits = levels.pop()

    acc_bits = max(
        int((2**act_bits - 1) * d.weight[0].size).bit_length()
        for d in drafts
        if d.weight is not None
    )
    highs = [1]
    for name, offset in lowering.offsets.items():
        highs.append(int((graph.types[name].high - offset).max()))
    value_bits = max(acc_bits, max(highs).bit_length())
    require(value_bits <= TRUNK_BITS, f"graph {graph.name!r}",
            f"sums must fit the trunk's {TRUNK_BITS} bits", value_bits,
            kind=GraphError)  # fmt: skip
    padded = any(
        d.step.folds * array.pe > len(d.threshold.levels) for d in drafts if d.threshold is not None
    )
    level_bits = value_bits + 1 if padded else max(value_bits, (max(highs) + 1).bit_length())

    total, scale = graph.ops[-3], graph.ops[-2]
    h, w, _ = graph.types[total.inputs[0]].shape
    offset = lowering.offsets[total.inputs[0]]
    start, sum_bits = start_values(offset, h * w, graph.types[total.name])
    field_bits = max((2**act_bits - 1) * level_bits + 1, sum_bits)
    result = score_unit(scale, graph.types[scale.name], sum_bits)
    header_words = ceil_div(array.pe * field_bits, array.word_bits)
    return SequentialPlan(
        name=graph.name,
        image=graph.input.shape,
        array=array,
        act_bits=act_bits,
        table=embed.table,
        image_region=lowering.regions[embed.name],
        passes=tuple(d.step for d in drafts),
        parameters=parameters(drafts, start, header_words, level_bits, field_bits, array),
        acc_bits=acc_bits,
        value_bits=value_bits,
        level_bits=level_bits,
        field_bits=field_bits,
        trunk_depth=lowering.trunk_depth,
        multiplier=scale.multiplier,
        result=result,
    )


def parameters(
    drafts: list[Draft],
    start: np.ndarray,
    header_words: int,
    level_bits: int,
    field_bits: int,
    array: Array,
) -> np.ndarray:
    """All words of the parameter memory, in the order in which they are read."""
    rows = []
    for draft in drafts:
        step = draft.step
        channels = step.folds * array.pe
        fields = np.zeros((channels, field_bits), np.uint8)
        if draft.threshold is not None:
            bits = pack.padded_levels(draft.threshold, draft.offset, channels, level_bits)
            fields[:, : bits.shape[1]] = bits
        elif draft.classes:
            fields = pack.start_fields(start, channels, field_bits)
        words = [pack.header_words(fields, step.folds, header_words, array)]
        if draft.weight is not None:
            words.insert(0, pack.weight_words(draft.weight, step.stride, step.folds, array))
        rows.append(np.concatenate(words, axis=1).reshape(-1, array.word_bits))
    return np.concatenate(rows)
