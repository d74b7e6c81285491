"""Run a graph on images."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from fq_hw import ir
from fq_hw.errors import GraphError, require
from fq_hw.golden.ops import evaluate

__all__ = ["batches", "labels", "run"]

BATCH = 25  # images at a time: large enough for matrix products, small enough for the cache
AT_ONCE = 2**25  # values of the largest tensor, of all of them


def run(graph: ir.Graph, images: np.ndarray) -> dict[str, np.ndarray]:
    """Every tensor of ``graph``, by name, for uint8 images N,H,W,C."""
    fits = images.dtype == np.uint8 and images.shape[1:] == graph.input.shape
    require(
        fits,
        f"golden {graph.name!r}",
        f"images must be uint8 N,{graph.input.shape}",
        f"{images.dtype} {images.shape}",
        kind=GraphError,
    )
    tensors: dict[str, np.ndarray] = {}
    for op in graph.ops:
        source = [tensors[name] for name in op.inputs] if op.inputs else [images]
        tensors[op.name] = evaluate(op, *source)
    return tensors


def batches(graph: ir.Graph, images: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
    """``run`` on a few images at a time, so that memory stays small."""
    largest = max(math.prod(kind.shape) for kind in graph.types.values())
    batch = min(max(AT_ONCE // largest, 1), BATCH)
    for start in range(0, len(images), batch):
        yield run(graph, images[start : start + batch])


def labels(
    graph: ir.Graph, images: np.ndarray, report: Callable[[int], None] = lambda images: None
) -> np.ndarray:
    """The class of every image: int64 of shape N; the last op must be an ArgMax.

    ``report`` hears after every few images how many more are done.
    """
    last = graph.ops[-1]
    require(
        isinstance(last, ir.ArgMax),
        f"golden {graph.name!r}",
        "must end in an ArgMax",
        type(last).__name__,
        kind=GraphError,
    )
    found = []
    for tensors in batches(graph, images):
        found.append(tensors[last.name].reshape(-1))
        report(len(found[-1]))
    return np.concatenate(found) if found else np.zeros(0, np.int64)
