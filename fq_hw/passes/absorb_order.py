"""Read channels where they lie instead of bringing them in another order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fq_hw.ir import Conv, Graph, Op, Select
from fq_hw.passes.read_through import read_through

__all__ = ["absorb_order"]


def absorb_order(graph: Graph) -> Graph:
    """Move an order of channels into the weights that read them.

    rewrite:  Conv(Select(x; order); w)  ->  Conv(x; w in that order), of all channels, once each
    because:  a sum does not depend on the order of its terms
    keeps:    every tensor but the reordered one, where nobody else reads that
    """
    return read_through(graph, Select, absorbed)


def absorbed(graph: Graph, op: Op) -> Conv | None:
    """A convolution of the channels as they lay before, or None where it cannot be one."""
    if not isinstance(op, Conv) or op.groups > 1:
        return None
    select = graph[op.inputs[0]]
    if not isinstance(select, Select):
        return None
    channels = graph.types[select.inputs[0]].shape[2]
    if not np.array_equal(np.sort(select.order), np.arange(channels)):
        return None
    return replace(op, inputs=select.inputs, weight=op.weight[..., np.argsort(select.order)])
