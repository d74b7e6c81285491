"""Let windows reach outside instead of putting pixels around the image that they move over."""

from __future__ import annotations

from dataclasses import replace

from fq_hw.ir import Conv, Graph, Grid, MaxPool, Op
from fq_hw.ir.axis import sides
from fq_hw.passes.read_through import read_through

__all__ = ["merge_padding"]


def merge_padding(graph: Graph) -> Graph:
    """Move padding into the windows behind it, where these may reach as far.

    rewrite:  Conv(Grid(x; padding of a level))  ->  Conv(x; more padding of that level), and the
              same of a maximum and padding of 0, which is no larger than any level
    because:  a window sees the same levels
    keeps:    every tensor but the padded one, where nobody else reads that
    """
    return read_through(graph, Grid, merged)


def merged(graph: Graph, op: Op) -> Op | None:
    """A convolution or maximum that pads by itself, or None where it cannot."""
    if not isinstance(op, Conv | MaxPool) or not isinstance(graph[op.inputs[0]], Grid):
        return None
    grid = graph[op.inputs[0]]
    assert isinstance(grid, Grid)
    shape = graph.types[grid.inputs[0]].shape
    pairs = list(zip(grid.places, shape, strict=False))
    if not grid.padded or not all(p.whole(size) and p.times == 1 for p, size in pairs):
        return None
    axes = [
        replace(axis, before=axis.before + p.before, after=axis.after + p.after)
        for axis, (p, _) in zip(op.axes, pairs, strict=True)
    ]
    if any(max(axis.before, axis.after) >= axis.reach for axis in axes):
        return None
    down, across = axes
    fields = {"inputs": grid.inputs, "padding": sides(down, across)["padding"]}
    if isinstance(op, Conv):
        alike = op.pad_level == grid.level or not any(axis.padded for axis in op.axes)
        return replace(op, **fields, pad_level=grid.level) if alike else None
    rises = op.sign is None or bool((op.sign == 1).all())
    blind = any(axis.blind(size) for axis, (_, size) in zip(axes, pairs, strict=True))
    return replace(op, **fields) if rises and grid.level == 0 and not blind else None
