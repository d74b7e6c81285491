"""One function per op: N,H,W,C integers in, N,H,W,C integers out."""

from __future__ import annotations

import functools

import numpy as np

from fq_hw import ir
from fq_hw.errors import GraphError

__all__ = ["evaluate"]

EXACT_FLOAT32 = 2**24  # sums of integers below this are exact in float32, in any order


@functools.singledispatch
def evaluate(op: ir.Op, *inputs: np.ndarray) -> np.ndarray:
    """The result of ``op``."""
    raise GraphError(f"{op.where}: the golden model lacks this op; teach fq_hw/golden/ops.py")


@evaluate.register
def _(op: ir.Input, x: np.ndarray) -> np.ndarray:
    return x


@evaluate.register
def _(op: ir.Embed, x: np.ndarray) -> np.ndarray:
    colour = np.arange(x.shape[-1]) if len(op.table) > 1 else 0
    return op.table[colour, x].reshape(*x.shape[:-1], x.shape[-1] * op.table.shape[2])


@evaluate.register
def _(op: ir.Conv, x: np.ndarray) -> np.ndarray:
    k, s, p = op.kernel, op.stride, op.padding
    most = int(x.max(initial=0)) * op.weight[0].size
    small = most < EXACT_FLOAT32
    kind = np.float32 if small else np.float64  # matrix products of floats are fast
    padded = np.pad(x.astype(kind), ((0, 0), (p, p), (p, p), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k), axis=(1, 2))
    windows = windows[:, ::s, ::s].transpose(0, 1, 2, 4, 5, 3)  # N,OH,OW,KH,KW,C
    rows = windows.reshape(-1, op.weight[0].size)
    weight = op.weight.reshape(len(op.weight), -1).T.astype(kind)
    sums = (rows @ weight).astype(np.int32 if small else np.int64)
    return sums.reshape(*windows.shape[:3], len(op.weight))


@evaluate.register
def _(op: ir.Threshold, x: np.ndarray) -> np.ndarray:
    signed = x if (op.sign == 1).all() else x * op.sign
    out = np.zeros(x.shape, np.uint8)
    for level in op.levels.T:
        out += signed >= level
    return out


@evaluate.register
def _(op: ir.Add, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a + b


@evaluate.register
def _(op: ir.PixelSum, x: np.ndarray) -> np.ndarray:
    return x.sum(axis=(1, 2), keepdims=True, dtype=np.int64)


@evaluate.register
def _(op: ir.ClassScale, x: np.ndarray) -> np.ndarray:
    return x * op.multiplier


@evaluate.register
def _(op: ir.ArgMax, x: np.ndarray) -> np.ndarray:
    return x.argmax(axis=-1, keepdims=True)
