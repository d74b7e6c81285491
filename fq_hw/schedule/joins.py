"""Where the inputs of a join part, and what lies between there and the join."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from fq_hw.ir import (
    Add,
    Concat,
    Conv,
    DepthToSpace,
    Flatten,
    Graph,
    Grid,
    Join,
    Op,
    PixelSum,
    Pool,
    SpaceToDepth,
)

__all__ = ["ONE", "Branches", "Columns", "Times", "between", "branches", "times"]

Columns = Mapping[str, tuple[int, ...]]  # how many pixels a convolution may compute at once

LARGE = 18 * 1024  # bits of a block RAM
ONE: Columns = MappingProxyType({})


def dominators(graph: Graph) -> dict[str, frozenset[str]]:
    """For every tensor, those through which all of it has come, itself included."""
    found: dict[str, frozenset[str]] = {}
    for op in graph.ops:
        before = [found[name] for name in op.inputs]
        common = frozenset.intersection(*before) if before else frozenset()
        found[op.name] = common | {op.name}
    return found


def between(graph: Graph, name: str, back_to: str) -> tuple[Op, ...]:
    """The ops from which ``name`` is made of ``back_to``, in order; none where they are one."""
    wanted = {name} - {back_to}
    found = []
    for op in reversed(graph.ops):
        if op.name in wanted:
            found.append(op)
            wanted.update(set(op.inputs) - {back_to})
    return tuple(reversed(found))


def windows(op: Conv | Pool, needed: np.ndarray, size: tuple[int, int], at_once: int) -> np.ndarray:
    """What each window needs, where ``at_once`` of them are computed at a time."""
    ways = zip(op.axes, size, needed.shape, strict=True)
    last = [[axis.last(place, most) for place in range(n)] for axis, n, most in ways]
    needed = needed[np.ix_(*last)]
    return raster(np.repeat(needed[:, at_once - 1 :: at_once], at_once, axis=1))


def raster(needed: np.ndarray) -> np.ndarray:
    """What pixels need that are made one after the other."""
    return np.maximum.accumulate(needed.reshape(-1)).reshape(needed.shape)


def gridded(op: Grid, x: Times) -> Times:
    """When the pixels of a grid are made: those around an image with the pixel before them.

    What is repeated comes when its row is whole; what lies before the first pixel, when that comes.
    """
    first, last = x.first, x.last
    if any(places.times > 1 for places in op.places):
        first = last = np.broadcast_to(last[:, -1:], last.shape)
    outside = (op.rows < 0)[:, None] | (op.columns < 0)
    found = [np.where(outside, 0, part[np.ix_(op.rows, op.columns)]) for part in (first, last)]
    down, across = op.places
    begin = first[down.start, across.start]
    return Times(
        np.maximum(raster(found[0]), begin), np.maximum(raster(found[1]), begin + begin % 2)
    )


def rows_whole(op: DepthToSpace, x: Times) -> Times:
    """When pixels are made of the channels of others: when a row of these is there."""
    down, across = op.block
    whole = np.broadcast_to(x.last[:, -1:], x.last.shape)
    whole = np.repeat(np.repeat(whole, down, axis=0), across, axis=1)
    return Times(whole, whole)


@dataclass(frozen=True, eq=False)
class Times:
    """When the pixels of a tensor are made, counted in half pixels of the tensor behind a fork.

    first  what each pixel's first beat takes at least: an even number where the fork's last pixel
           must have come whole, an odd one where the beats of one follow from those of the other
    last   what the whole pixel takes: always even
    """

    first: np.ndarray
    last: np.ndarray

    def at(self, rows: slice, columns: slice) -> Times:
        return Times(self.first[rows, columns], self.last[rows, columns])


def times(graph: Graph, name: str, back_to: str, columns: Columns = ONE) -> dict[str, Times]:
    """When the pixels are made, in terms of ``back_to``, of each tensor on the way to ``name``.

    A window needs everything, in raster order, up to its last pixel inside the image, and is made
    after the windows before it; the pixels that a convolution computes at once are made with the
    last of them. Where ``columns`` leaves several choices, the latest; 1 where it names none. All
    of ``name`` must come through ``back_to``.
    """
    height, width, _ = graph.types[back_to].shape
    come = 2 * np.arange(1, height * width + 1).reshape(height, width)
    found = {back_to: Times(come - 1, come)}
    for op in between(graph, name, back_to):
        read = [found[source] for source in op.inputs]
        start = np.minimum if isinstance(op, Concat) else np.maximum
        x = Times(
            functools.reduce(start, [source.first for source in read]),
            functools.reduce(np.maximum, [source.last for source in read]),
        )
        if isinstance(op, Conv):
            size = graph.types[op.name].shape[:2]
            choices = [windows(op, x.last, size, n) for n in columns.get(op.name, (1,))]
            whole = functools.reduce(np.maximum, choices)
            x = Times(whole, whole)
        elif isinstance(op, Pool) and not op.apart:
            whole = windows(op, x.last, graph.types[op.name].shape[:2], 1)
            x = Times(whole, whole)
        elif isinstance(op, Pool):
            rows, across = (slice(n - 1, None, n) for n in op.kernel)
            x = x.at(rows, across)
        elif isinstance(op, Grid):
            x = gridded(op, x)
        elif isinstance(op, DepthToSpace):
            x = rows_whole(op, x)
        elif isinstance(op, SpaceToDepth):
            rows, across = (slice(n - 1, None, n) for n in op.block)
            whole = raster(x.last[rows, across])
            x = Times(whole, whole)
        elif isinstance(op, Flatten | PixelSum):
            end = x.at(slice(-1, None), slice(-1, None))
            x = Times(x.first[:1, :1], end.last) if isinstance(op, Flatten) else end
        found[op.name] = x
    return found


@dataclass(frozen=True, eq=False)
class Branches:
    """What lies between a join and the tensor at which its inputs part.

    fork   the last tensor through which all of both inputs has come
    sides  the ops between it and the join, for the first input and for the second
    """

    graph: Graph
    join: Join
    fork: str
    sides: tuple[tuple[Op, ...], tuple[Op, ...]]

    @cached_property
    def closed(self) -> bool:
        """Whether the sides share nothing, and nobody but the join reads what they make."""
        first, second = ({op.name for op in side} for side in self.sides)
        inside = {*first, *second, self.join.name}
        readers = {op.name for name in first | second for op in self.graph.users[name]}
        return not first & second and readers <= inside

    @property
    def convs(self) -> list[str]:
        """The convolutions on both sides, each once, from the join back."""
        ops = [op.name for side in self.sides for op in reversed(side) if isinstance(op, Conv)]
        return list(dict.fromkeys(ops))

    def waits_before(self, side: int) -> Conv | None:
        """The convolution in front of which what waits on a side has fewer bits than behind it.

        It is all there is on that side, and reads one pixel for each that it makes. Only where a
        row of its sums is LARGE: a short FIFO is no smaller for being narrow.
        """
        ops, types = self.sides[side], self.graph.types
        conv = ops[0] if len(ops) == 1 else None
        if not isinstance(conv, Conv) or not isinstance(self.join, Add):
            return None
        single = conv.taps == conv.groups == 1 and conv.axes[0] == conv.axes[1]
        if not single or len(self.graph.users[conv.name]) > 1:
            return None
        read, made = (types[name].bits * types[name].shape[2] for name in (self.fork, conv.name))
        large = made * types[conv.name].shape[1] >= LARGE
        return conv if read < made and large else None

    def times(self, side: int, columns: Columns = ONE) -> Times:
        """When the pixels of an input are made, in raster order."""
        name = self.join.inputs[side]
        found = times(self.graph, name, self.fork, columns)[name]
        return Times(found.first.reshape(-1), found.last.reshape(-1))

    @cached_property
    def paths(self) -> tuple[tuple[Op, ...], ...]:
        """By input, the ops by which it comes last, from the fork on: at each join the later."""
        return tuple(self.path(side) for side in range(len(self.sides)))

    def path(self, side: int) -> tuple[Op, ...]:
        """That of one input."""
        name, found = self.join.inputs[side], []
        made = times(self.graph, name, self.fork)
        while name != self.fork:
            found.append(self.graph[name])
            name = max(found[-1].inputs, key=lambda source: made[source].last.sum())
        return tuple(reversed(found))


@functools.lru_cache(256)
def branches(graph: Graph, join: Join) -> Branches:
    """What lies between ``join`` and the tensor at which its inputs part."""
    found = dominators(graph)
    common = frozenset.intersection(*(found[name] for name in join.inputs))
    fork = next(op.name for op in reversed(graph.ops) if op.name in common)
    first, second = (between(graph, name, fork) for name in join.inputs)
    return Branches(graph, join, fork, (first, second))
