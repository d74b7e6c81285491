"""How deep a skip FIFO must be, from the graph alone.

The residual adder can use a skip beat only together with the branch's beat for the same place. To
make that one, the branch's windows must have seen pixels further down the image; all that the fork
has passed on in the meantime waits in the FIFO. One beat fewer and the fork stops for ever.
"""

from __future__ import annotations

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.ir import Add, Conv, Graph

__all__ = ["needed_pixels", "skip_depth"]


def path_back(graph: Graph, name: str) -> list[str]:
    """Names from ``name`` back to the pixels, always along the first input."""
    path = [name]
    while graph[path[-1]].inputs:
        path.append(graph[path[-1]].inputs[0])
    return path


def needed_pixels(graph: Graph, name: str, back_to: str) -> np.ndarray:
    """For every pixel of ``name`` (raster order) how many pixels of ``back_to`` it takes.

    Follows first inputs from ``name`` to ``back_to``. A window needs everything, in raster order,
    up to its last pixel inside the image.
    """
    h, w, _ = graph.types[name].shape
    rows, columns = np.arange(h), np.arange(w)
    while name != back_to:
        op = graph[name]
        if isinstance(op, Conv):
            ih, iw, _ = graph.types[op.inputs[0]].shape
            reach = op.kernel - 1 - op.padding
            rows = np.minimum(rows * op.stride + reach, ih - 1)
            columns = np.minimum(columns * op.stride + reach, iw - 1)
        name = op.inputs[0]
    width = graph.types[back_to].shape[1]
    return (rows[:, None] * width + columns + 1).reshape(-1)


def skip_depth(graph: Graph, add: Add, pixel_beats: int) -> int:
    """Least number of beats that the FIFO on ``add``'s second input must hold.

    ``pixel_beats`` is the number of beats of one of its pixels.
    """
    branch, skip = (path_back(graph, name) for name in add.inputs)
    fork = next((name for name in branch if name in skip), None)
    require(fork, add.where, "both inputs must come from one fork", add.inputs, GraphError)
    seen = needed_pixels(graph, add.inputs[0], fork)
    made = needed_pixels(graph, add.inputs[1], fork)
    waiting = np.searchsorted(made, seen, side="right")  # skip pixels made once `seen` have passed
    done = np.arange(len(seen))
    return int(((waiting - done) * pixel_beats).max())
