"""Let ops read what lies behind another, and leave that one out where nobody else reads it."""

from __future__ import annotations

from collections.abc import Callable

from fq_hw.ir import Graph, Op

__all__ = ["read_through"]


def read_through(graph: Graph, kind: type[Op], instead: Callable[[Graph, Op], Op | None]) -> Graph:
    """Every op of which ``instead`` makes another replaced by that, which reads past an op of
    ``kind``; ops of ``kind`` that then have no reader are gone, unless they end the graph."""
    changed = {op.name: made for op in graph.ops if (made := instead(graph, op)) is not None}
    if not changed:
        return graph
    ops = tuple(changed.get(op.name, op) for op in graph.ops)
    read = {name for op in ops for name in op.inputs}
    kept = (op for op in ops if op.name in read or not isinstance(op, kind) or op is ops[-1])
    return Graph(graph.name, tuple(kept))
