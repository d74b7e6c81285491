"""What a graph computes, in Python's own integers: slow, and nothing can wrap."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from fq_hw import ir

__all__ = ["scores"]

FAR = 10**40  # where no sum comes: an infinite level


def whole(array: np.ndarray) -> np.ndarray:
    """Any numbers as Python's integers; levels between two integers are those above."""
    found = np.empty(array.shape, object)
    for place, value in np.ndenumerate(array):
        real = value.item()
        far = isinstance(real, float) and math.isinf(real)
        found[place] = math.ceil(Fraction(real)) if not far else int(math.copysign(FAR, real))
    return found


def scores(graph: ir.Graph, images: np.ndarray) -> dict[str, np.ndarray]:
    """Every tensor but the labels."""
    found: dict[str, np.ndarray] = {}
    for op in graph.ops[:-1]:
        inputs = [found[name] for name in op.inputs] or [whole(images)]
        found[op.name] = evaluate(op, *inputs)
    return found


@functools.singledispatch
def evaluate(op: ir.Op, *inputs: np.ndarray) -> np.ndarray:
    raise AssertionError(f"teach tests/faults/exact.py what {type(op).__name__} computes")


@evaluate.register
def _(op: ir.Input, x: np.ndarray) -> np.ndarray:
    return x


@evaluate.register
def _(op: ir.Embed, x: np.ndarray) -> np.ndarray:
    table = whole(op.table)
    parts = [table[c if len(table) > 1 else 0][x[..., c].astype(int)] for c in range(x.shape[-1])]
    return np.concatenate(parts, axis=-1)


@evaluate.register
def _(op: ir.Conv, x: np.ndarray) -> np.ndarray:
    weight, made = whole(op.weight), len(op.weight) // op.groups
    sums = 0
    for place, seen in taps(op, x, op.pad_level):
        parts = np.split(seen, op.groups, axis=-1)
        ways = (weight[n * made : (n + 1) * made, *place].T for n in range(op.groups))
        products = [np.tensordot(a, b, axes=1) for a, b in zip(parts, ways, strict=True)]
        sums = sums + np.concatenate(products, axis=-1)
    return sums


def taps(op: ir.Conv | ir.Pool, x: np.ndarray, outside: int) -> Iterator[tuple]:
    """Row and column of each tap of a window, and what all windows have there."""
    around = ((0, 0), *((axis.before, axis.after) for axis in op.axes), (0, 0))
    x = np.pad(x, around, constant_values=outside)
    ends = [size - axis.reach + 1 for size, axis in zip(x.shape[1:3], op.axes, strict=True)]
    for place in itertools.product(*(range(axis.kernel) for axis in op.axes)):
        ways = zip(place, ends, op.axes, strict=True)
        rows, columns = (
            slice(n * axis.dilation, n * axis.dilation + end, axis.stride) for n, end, axis in ways
        )
        yield place, x[:, rows, columns]


@evaluate.register
def _(op: ir.Threshold, x: np.ndarray) -> np.ndarray:
    signed = x * whole(op.sign)
    return sum((signed >= level).astype(int).astype(object) for level in whole(op.levels).T)


@evaluate.register
def _(op: ir.Bias, x: np.ndarray) -> np.ndarray:
    return x + whole(op.bias)


@evaluate.register
def _(op: ir.Add, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a * 2 ** op.shift[0] + b * 2 ** op.shift[1]


@evaluate.register
def _(op: ir.PixelSum, x: np.ndarray) -> np.ndarray:
    return x.sum(axis=(1, 2), keepdims=True)


@evaluate.register
def _(op: ir.ClassScale, x: np.ndarray) -> np.ndarray:
    return x * whole(op.multiplier) + (0 if op.bias is None else whole(op.bias))


@evaluate.register
def _(op: ir.Requantize, x: np.ndarray) -> np.ndarray:
    top, shift = 2**op.out_bits - 1, op.shift
    found = (x * 2 + 2**shift) // 2 ** (shift + 1) if shift > 0 else x * 2**-shift
    return np.minimum(np.maximum(found, 0), top)


def windows(op: ir.Pool, x: np.ndarray) -> np.ndarray:
    """What each window of a pool holds, along a new axis."""
    return np.stack([seen for _, seen in taps(op, x, -(2**70))])


@evaluate.register
def _(op: ir.MaxPool, x: np.ndarray) -> np.ndarray:
    sign = 1 if op.sign is None else whole(op.sign)
    return windows(op, x * sign).max(axis=0) * sign


@evaluate.register
def _(op: ir.SumPool, x: np.ndarray) -> np.ndarray:
    return windows(op, x).sum(axis=0)


@evaluate.register
def _(op: ir.Flatten, x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), 1, 1, -1)


@evaluate.register
def _(op: ir.Concat, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.concatenate((b, a) if op.swapped else (a, b), axis=-1)
