"""What an array computes in turn: the ops of a stage as passes over its memories.

Sums are raw as in ``fq_hw.schedule.lower``: what they lack, one constant per channel, ends in
levels. The trunk of the residual blocks has a memory of its own and is changed in place; levels
lie in the banks, placed wherever nothing alive is overwritten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fq_hw import ir
from fq_hw.errors import CapacityError, GraphError, require
from fq_hw.ir import Axis, Graph
from fq_hw.schedule.in_turn.geometry import Array, Pass, Region
from fq_hw.schedule.in_turn.stage import InTurn, inside
from fq_hw.schedule.lines import FEWEST_BITS
from fq_hw.schedule.memories import ceil_div
from fq_hw.schedule.planes import Planes, planes

__all__ = ["Draft", "Drafts", "convolved", "is_planar", "region_of"]


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


def is_planar(users: Sequence[ir.Op]) -> bool:
    """Whether all pixels of some channels may come before the next channels."""
    return all(isinstance(user, ir.PixelSum) for user in users)


def region_of(graph: Graph, name: str, array: Array, leaves: bool = False) -> Region:
    """The words of levels that convolutions read, or that ``leaves``, from 0 up."""
    h, w, c = graph.types[name].shape
    stride = 1 if leaves else min(op.axes[0].stride for op in graph.users[name])
    groups = ceil_div(ceil_div(w, stride), array.columns)
    return Region(base=0, rows=h, groups=groups, words=ceil_div(c, array.simd), stride=stride)


class Drafts:
    """The passes of ``stage`` one by one, and what lies in which memory.

    ``offset`` is what a tensor of sums before it lacks; levels have a half of the banks for
    themselves where these are ``halved``. Raises GraphError or CapacityError, naming the op, where
    the array cannot run it.
    """

    def __init__(
        self, graph: Graph, stage: InTurn, offset: np.ndarray | None = None, halved: bool = False
    ):
        self.graph, self.stage, self.array, self.halved = graph, stage, stage.array, halved
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


def ungrouped(op: ir.Conv) -> ir.Conv:
    """The same convolution in one group, whose further weights are 0."""
    if op.groups == 1:
        return op
    outputs, rows, columns, inputs = op.weight.shape
    weight = np.zeros((outputs, rows, columns, op.groups, inputs), op.weight.dtype)
    each = np.arange(outputs)
    weight[each, :, :, each // (outputs // op.groups)] = op.weight
    return replace(op, weight=weight.reshape(outputs, rows, columns, -1), groups=1)
