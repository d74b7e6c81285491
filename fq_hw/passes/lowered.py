"""Tell whether a graph has been lowered."""

from __future__ import annotations

import functools

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.ir import Graph, Threshold
from fq_hw.passes.clip_thresholds import reached

__all__ = ["check_lowered"]


@functools.lru_cache(4)
def check_lowered(graph: Graph) -> None:
    """Raise GraphError where hardware could not hold a level: no integer, or beyond its input."""
    hint = "lower the graph first: `fq-hw export` does, as does fq_hw.passes.lower_graph"
    for op in graph.ops:
        if isinstance(op, Threshold):
            kind = op.levels.dtype
            whole = np.issubdtype(kind, np.integer)
            require(
                whole, op.where, "levels must be integers", str(kind), hint=hint, kind=GraphError
            )
            low, high = reached(graph, op)
            wide = (op.levels < low) | (op.levels > high)
            contract = "levels must be clipped to what its input reaches"
            got = op.levels[wide][:1].tolist()
            require(not wide.any(), op.where, contract, got, hint=hint, kind=GraphError)
