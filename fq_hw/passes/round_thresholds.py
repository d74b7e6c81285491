"""Make levels integers."""

from __future__ import annotations

from dataclasses import replace

from fq_hw.ir import Graph, Op, Threshold
from fq_hw.ir.types import rounded_up

__all__ = ["round_thresholds"]


def round_thresholds(graph: Graph) -> Graph:
    """Replace real levels by the next integer up.

    rewrite:  Threshold(levels=t)  ->  Threshold(levels=ceil(t)), infinities far away
    because:  x is an integer, so s*x >= t holds exactly when s*x >= ceil(t)
    keeps:    every tensor, bit for bit
    """

    def step(op: Op) -> Op:
        if not isinstance(op, Threshold):
            return op
        return replace(op, levels=rounded_up(op.levels))

    return graph.map(step)
