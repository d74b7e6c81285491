"""Make levels integers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fq_hw.ir import Graph, Op, Threshold

__all__ = ["round_thresholds"]

FAR = 2**62  # beyond every integer a network can reach


def round_thresholds(graph: Graph) -> Graph:
    """Replace real levels by the next integer up.

    rewrite:  Threshold(levels=t)  ->  Threshold(levels=ceil(t)), infinities far away
    because:  x is an integer, so s*x >= t holds exactly when s*x >= ceil(t)
    keeps:    every tensor, bit for bit
    """

    def step(op: Op) -> Op:
        if not isinstance(op, Threshold):
            return op
        return replace(op, levels=np.ceil(np.clip(op.levels, -FAR, FAR)).astype(np.int64))

    return graph.map(step)
