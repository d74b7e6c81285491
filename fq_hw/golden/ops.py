"""One function per op: N,H,W,C integers in, N,H,W,C integers out, exact whatever their types.

What can grow is computed in int64, which holds everything that range analysis lets pass
(``fq_hw.ir.types``); NumPy's own rule would let a sum of two bytes wrap at 256.
"""

from __future__ import annotations

import functools

import numpy as np

from fq_hw import ir
from fq_hw.errors import GraphError
from fq_hw.ir.types import requantized, rounded_up

__all__ = ["evaluate"]

EXACT_FLOAT32 = 2**24  # sums of integers below this are exact in float32, in any order
EXACT_FLOAT64 = 2**53
FEW_LEVELS = 15  # compared one by one; more are searched
AT_ONCE = 2**24  # values of windows that lie beside each other


def wide(x: np.ndarray) -> np.ndarray:
    """``x`` where nothing can wrap."""
    return x.astype(np.int64, copy=False)


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


def windows(op: ir.Conv | ir.Pool, x: np.ndarray, outside: int = 0) -> np.ndarray:
    """The windows of ``op``, N,OH,OW,KH,KW,C; what lies outside the image is ``outside``."""
    around = ((0, 0), *((axis.before, axis.after) for axis in op.axes), (0, 0))
    padded = np.pad(x, around, constant_values=outside)
    down, across = op.axes
    reach = down.reach, across.reach
    found = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=(1, 2))
    found = found[:, :: down.stride, :: across.stride, :, :: down.dilation, :: across.dilation]
    return found.transpose(0, 1, 2, 4, 5, 3)


@evaluate.register
def _(op: ir.Conv, x: np.ndarray) -> np.ndarray:
    rows = np.abs(op.weight.astype(np.int64)).reshape(len(op.weight), -1).sum(axis=1)
    most = max(int(x.max(initial=0)), op.pad_level) * int(rows.max())
    small = most < EXACT_FLOAT32  # matrix products of floats are fast
    kind = np.float32 if small else np.float64 if most < EXACT_FLOAT64 else np.int64
    taken = windows(op, x.astype(kind), op.pad_level)
    made, each = len(op.weight) // op.groups, op.weight.shape[3]
    weight = op.weight.reshape(op.groups, made, -1).swapaxes(1, 2).astype(kind)
    sums = np.empty((*taken.shape[:3], len(op.weight)), np.int32 if small else np.int64)
    step = max(AT_ONCE // max(taken[:, 0].size, 1), 1)
    for row in range(0, taken.shape[1], step):
        some = taken[:, row : row + step]
        if op.groups == 1:
            products = some.reshape(-1, weight.shape[1]) @ weight[0]
        else:  # groups first, as a stack of matrices
            apart = some.reshape(-1, op.taps, op.groups, each).transpose(2, 0, 1, 3)
            products = apart.reshape(op.groups, -1, op.taps * each) @ weight
            products = products.transpose(1, 0, 2)
        sums[:, row : row + step] = products.reshape(*some.shape[:3], len(op.weight))
    return sums


@evaluate.register
def _(op: ir.Threshold, x: np.ndarray) -> np.ndarray:
    signed = x if (op.sign == 1).all() else wide(x) * op.sign
    out, levels = np.zeros(x.shape, np.uint8), rounded_up(op.levels)
    if levels.shape[1] <= FEW_LEVELS:
        for level in levels.T:
            out += signed >= level
        return out
    for channel, row in enumerate(levels):
        out[..., channel] = np.searchsorted(row, signed[..., channel], side="right")
    return out


@evaluate.register
def _(op: ir.Lookup, x: np.ndarray) -> np.ndarray:
    return op.table[x]


@evaluate.register
def _(op: ir.Bias, x: np.ndarray) -> np.ndarray:
    return wide(x) + wide(op.bias)


@evaluate.register
def _(op: ir.Requantize, x: np.ndarray) -> np.ndarray:
    return requantized(wide(x), op.shift, op.out_bits).astype(np.uint8)


@evaluate.register
def _(op: ir.MaxPool, x: np.ndarray) -> np.ndarray:
    ends = np.iinfo(x.dtype)  # what lies outside must not count
    most = windows(op, x, ends.min).max(axis=(3, 4))
    if op.sign is None or (op.sign == 1).all():
        return most
    return np.where(op.sign == 1, most, windows(op, x, ends.max).min(axis=(3, 4)))


@evaluate.register
def _(op: ir.SumPool, x: np.ndarray) -> np.ndarray:
    return windows(op, x).sum(axis=(3, 4), dtype=np.int64)


@evaluate.register
def _(op: ir.Flatten, x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), 1, 1, -1)


def holding(level: int, x: np.ndarray) -> np.ndarray:
    """``x`` where a level fits beside it."""
    return x if level <= np.iinfo(x.dtype).max else wide(x)


@evaluate.register
def _(op: ir.Grid, x: np.ndarray) -> np.ndarray:
    found = holding(op.level, x)[:, op.rows][:, :, op.columns]
    if op.padded:
        outside = (op.rows < 0)[:, None] | (op.columns < 0)
        found[:, outside] = op.level
    return found


@evaluate.register
def _(op: ir.Select, x: np.ndarray) -> np.ndarray:
    found = holding(op.level, x)[..., op.order]
    found[..., op.order < 0] = op.level
    return found


@evaluate.register
def _(op: ir.SpaceToDepth, x: np.ndarray) -> np.ndarray:
    (n, h, w, c), (down, across) = x.shape, op.block
    blocks = x.reshape(n, h // down, down, w // across, across, c)
    return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(n, h // down, w // across, -1)


@evaluate.register
def _(op: ir.DepthToSpace, x: np.ndarray) -> np.ndarray:
    (n, h, w, _), (down, across) = x.shape, op.block
    blocks = x.reshape(n, h, w, down, across, -1)
    return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(n, h * down, w * across, -1)


@evaluate.register
def _(op: ir.Add, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    first, second = op.factors
    return wide(a) * first + wide(b) * second


@evaluate.register
def _(op: ir.Concat, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.concatenate((b, a) if op.swapped else (a, b), axis=-1)


@evaluate.register
def _(op: ir.PixelSum, x: np.ndarray) -> np.ndarray:
    return x.sum(axis=(1, 2), keepdims=True, dtype=np.int64)


@evaluate.register
def _(op: ir.ClassScale, x: np.ndarray) -> np.ndarray:
    return wide(x) * wide(op.multiplier) + (0 if op.bias is None else wide(op.bias))


@evaluate.register
def _(op: ir.ArgMax, x: np.ndarray) -> np.ndarray:
    return x.argmax(axis=-1, keepdims=True)
