"""Bring levels that nothing can reach close, so that they fit the accumulator's width."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fq_hw.ir import Graph, Op, Threshold

__all__ = ["clip_thresholds", "reached"]


def clip_thresholds(graph: Graph) -> Graph:
    """Clip integer levels to the range of the channel they are compared with.

    rewrite:  Threshold(levels=t)  ->  Threshold(levels=clip(t, low, high + 1)) of s*x
    because:  s*x >= low always holds and s*x >= high + 1 never does
    keeps:    every tensor, bit for bit
    """

    def step(op: Op) -> Op:
        if not isinstance(op, Threshold):
            return op
        return replace(op, levels=np.clip(op.levels, *reached(graph, op)))

    return graph.map(step)


def reached(graph: Graph, op: Threshold) -> tuple[np.ndarray, np.ndarray]:
    """Levels C,1 that ``op`` needs, lowest and highest: what always and what never is reached."""
    x = graph.types[op.inputs[0]]
    ends = np.sort(np.stack([x.low * op.sign, x.high * op.sign]), axis=0)
    return ends[0][:, None], ends[1][:, None] + 1
