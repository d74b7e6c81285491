"""Sum over the pixels before a classifier instead of behind it, where fewer bits are kept so."""

from __future__ import annotations

import functools
from collections.abc import Container, Iterator, Mapping, Set
from dataclasses import replace

from fq_hw.ir import Conv, Graph, Op, PixelSum

__all__ = ["classifiers", "sum_first"]

WORTH = 256  # bits of sums; fewer do not pay for an engine that computes sums instead of levels


def classifiers(graph: Graph, apart: Container[str] = ()) -> Mapping[str, str]:
    """By the convolutions that ``sum_first`` moves, the sums behind them.

    A sum is kept of every channel while the pixels come. Before the convolution these are its
    inputs, whose sums are narrow; behind it its outputs, which may be a thousand classes.
    """
    found = {}
    for op in graph.ops:
        readers = graph.users[op.name]
        if not isinstance(op, Conv) or op.name in apart or len(readers) != 1:
            continue
        if (
            not op.pointwise
            or op.groups > 1
            or not isinstance(readers[0], PixelSum)
            or readers[0].name in apart
        ):
            continue
        x, y = graph.types[op.inputs[0]], graph.types[readers[0].name]
        height, width, channels = x.shape
        before = channels * (int(x.high.max()) * height * width).bit_length()
        if height * width > 1 and before + WORTH <= len(op.weight) * y.bits:
            found[op.name] = readers[0].name
    return found


def sum_first(graph: Graph, apart: Container[str] = ()) -> Graph:
    """Sum the pixels that a classifier reads, so that it computes a single one.

    rewrite:  PixelSum(Conv(x; w))  ->  PixelSum(Conv(PixelSum(x); w)), of a 1x1 convolution; the
              last sum is of one pixel
    because:  a convolution without bias is linear
    keeps:    every tensor but that convolution's, which becomes that of the sum behind it; nothing
              is moved of the ops ``apart``, or where fewer than ``WORTH`` bits are saved
    """
    moved = frozenset(classifiers(graph, apart))
    return rewritten(graph, moved) if moved else graph


@functools.lru_cache(4)
def rewritten(graph: Graph, moved: Set[str]) -> Graph:
    """The same graph for the same question: what else is known of it is known again."""
    names = {op.name for op in graph.ops}

    def steps(op: Op) -> Iterator[Op]:
        if op.name not in moved:
            yield op
            return
        name = f"{op.name}.pixels"
        while name in names:
            name += "_"
        yield PixelSum(name=name, inputs=op.inputs)
        yield replace(op, inputs=(name,))

    return Graph(graph.name, tuple(new for op in graph.ops for new in steps(op)))
