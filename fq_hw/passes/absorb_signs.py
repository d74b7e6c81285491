"""Give falling thresholds rising ones where the convolution can be negated instead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fq_hw.ir import Conv, Graph, Op, Threshold

__all__ = ["absorb_signs"]


def signed(weight: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """Weights times the sign of their output channel; in a wider type where -128 becomes 128."""
    found = weight.astype(np.int32) * sign.astype(np.int32)[:, None, None, None]
    narrow = np.min_scalar_type(-int(np.abs(found).max()) - 1)
    return found.astype(np.result_type(weight.dtype, narrow))


def absorb_signs(graph: Graph) -> Graph:
    """Move the sign of a threshold into the weights before it.

    rewrite:  Threshold(Conv(x; w); sign=-1)  ->  Threshold(Conv(x; -w); sign=+1), per channel
    because:  -(w . x) = (-w) . x
    keeps:    every tensor but that convolution's; only where the threshold is its one user
    """
    flips = {}
    for op in graph.ops:
        if isinstance(op, Threshold):
            source = graph[op.inputs[0]]
            if isinstance(source, Conv) and len(graph.users[source.name]) == 1:
                flips[source.name] = flips[op.name] = op.sign

    def step(op: Op) -> Op:
        if op.name not in flips:
            return op
        if isinstance(op, Conv):
            return replace(op, weight=signed(op.weight, flips[op.name]))
        return replace(op, sign=np.ones_like(op.sign))

    return graph.map(step)
