"""How deep a skip FIFO must be, from the graph alone.

The residual adder can use a skip beat only together with the branch's beat for the same place. To
make that one, the branch's windows must have seen pixels further down the image; all that the fork
has handed out in the meantime waits in the FIFO, but for one beat, which the fork still holds for
it while the branch has it already. One beat less and the fork stops for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.ir import Bias, Concat, Conv, Flatten, Graph, Join, Op, Pool, Requantize, Threshold
from fq_hw.schedule.units import RequantizeUnit, ThresholdUnit, ceil_div

__all__ = ["branch", "fork_of", "needed_pixels", "registers", "skip_depth", "slack_pixels"]

NONE: Mapping[str, int] = MappingProxyType({})


def path_back(graph: Graph, name: str) -> list[str]:
    """Names from ``name`` back to the pixels, always along the first input."""
    path = [name]
    while graph[path[-1]].inputs:
        path.append(graph[path[-1]].inputs[0])
    return path


def fork_of(graph: Graph, add: Join) -> str:
    """The tensor from which both of ``add``'s inputs come."""
    first, second = (path_back(graph, name) for name in add.inputs)
    fork = next((name for name in first if name in second), None)
    require(fork, add.where, "both inputs must come from one fork", add.inputs, kind=GraphError)
    return fork


def branch(graph: Graph, add: Join) -> list[Op]:
    """The ops between the fork and ``add``'s first input, which comes last."""
    path = path_back(graph, add.inputs[0])
    return [graph[name] for name in reversed(path[: path.index(fork_of(graph, add))])]


def registers(ops: Iterable[Op]) -> int:
    """Cycles through the registers of those of ``ops`` that are no convolutions."""
    stages = {
        Conv: 0,
        Bias: 0,
        Flatten: 0,
        Threshold: ThresholdUnit.STAGES,
        Requantize: RequantizeUnit.STAGES,
    }
    return sum(stages.get(type(op), 1) for op in ops)


def slack_pixels(held: int, delay: int, pixels: int, cycles: int) -> int:
    """Skip pixels beyond the least that keep a branch busy in frames of ``cycles``.

    The branch's convolutions have ``held`` pixels of an image's ``pixels`` under way, its registers
    those that come in ``delay`` cycles; three more keep fork and adder apart.
    """
    return 3 + held + ceil_div(delay * pixels, cycles)


def needed_pixels(
    graph: Graph, name: str, back_to: str, columns: Mapping[str, int] = NONE
) -> np.ndarray:
    """For every pixel of ``name`` (raster order) how many pixels of ``back_to`` it takes.

    Follows first inputs from ``name`` to ``back_to``. A window needs everything, in raster order,
    up to its last pixel inside the image, and is made after the windows before it; the pixels that
    a convolution computes at once, as many as ``columns`` says, are made with the last of them.
    """
    path = path_back(graph, name)
    height, width, _ = graph.types[back_to].shape
    needed = np.arange(height * width).reshape(height, width) + 1
    for op in (graph[n] for n in reversed(path[: path.index(back_to)])):
        if isinstance(op, Conv):
            ends = zip(graph.types[op.name].shape[:2], needed.shape, strict=True)
            reach = op.kernel - 1 - op.padding
            last = [np.minimum(np.arange(n) * op.stride + reach, size - 1) for n, size in ends]
            needed = needed[np.ix_(*last)]
            at_once = columns.get(op.name, 1)
            needed = np.repeat(needed[:, at_once - 1 :: at_once], at_once, axis=1)
            needed = np.maximum.accumulate(needed.reshape(-1)).reshape(needed.shape)
        elif isinstance(op, Pool):
            rows, across = op.kernel
            needed = needed[rows - 1 :: rows, across - 1 :: across]
        elif isinstance(op, Flatten):
            needed = needed[-1:, -1:]
    return needed.reshape(-1)


def skip_depth(graph: Graph, add: Join, pixel_beats: int, columns: Mapping[str, int] = NONE) -> int:
    """Least number of beats that the FIFO on ``add``'s second input must hold.

    ``pixel_beats`` is the number of beats of one of its pixels; ``columns`` says how many pixels
    each convolution computes at once, 1 where it names none. Exactly so for an identity skip; a
    convolution on the skip has a line buffer, which is not counted on.
    """
    fork = fork_of(graph, add)
    seen = needed_pixels(graph, add.inputs[0], fork, columns)
    made = needed_pixels(graph, add.inputs[1], fork, columns)
    late = "its second input must be the one that comes first, which then waits"
    require((made <= seen).all(), add.where, late, add.inputs, kind=GraphError)
    waiting = np.searchsorted(made, seen, side="right")  # skip pixels made once `seen` have passed
    done = np.arange(len(seen))
    # A concatenation takes a whole pixel of the branch before it takes the skip's.
    whole = isinstance(add, Concat) and not add.swapped
    return (int((waiting - done).max()) + whole) * pixel_beats - 1
