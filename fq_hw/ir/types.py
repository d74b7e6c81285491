"""Shape, exact value range and scale of every op's result.

Ranges are per channel and sound for every input image, so that widths are never guessed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.exact import FAR
from fq_hw.ir import ops
from fq_hw.ir.op import check_size

__all__ = ["TensorType", "infer", "requantized", "rounded_up"]


@dataclass(frozen=True, kw_only=True, eq=False)
class TensorType:
    """What is known of a tensor: shape H,W,C; lowest and highest value of every channel (int64).

    ``scale`` is the real value of one unit where one constant serves the tensor, else None.
    """

    shape: tuple[int, int, int]
    low: np.ndarray
    high: np.ndarray
    scale: float | None = None

    @property
    def bits(self) -> int:
        """Width of the narrowest integer for every value (two's complement if any is < 0)."""
        low, high = int(self.low.min()), int(self.high.max())
        if low >= 0:
            return max(high.bit_length(), 1)
        return max(high.bit_length(), (-low - 1).bit_length()) + 1

    @property
    def signed(self) -> bool:
        """Whether any value can be negative."""
        return bool(self.low.min() < 0)

    def __str__(self) -> str:
        h, w, c = self.shape
        return f"{h}x{w}x{c} {'i' if self.signed else 'u'}{self.bits}"


def ranged(
    op: ops.Op, shape: tuple[int, int, int], ends: Iterable[np.ndarray], scale: float | None = None
) -> TensorType:
    """A type of lowest and highest values, given as Python's integers, which never wrap."""
    low, high = ends
    most = max(-min(low), max(high))
    contract = f"values must stay below 2**{FAR.bit_length() - 1}"
    hint = "use smaller weights, biases or multipliers"
    require(most < FAR, op.where, contract, most, hint=hint, kind=GraphError)
    low, high = (np.array(end, dtype=np.int64) for end in (low, high))
    return TensorType(shape=shape, low=low, high=high, scale=scale)


def exact(values: np.ndarray | int) -> np.ndarray:
    """``values`` as Python's integers."""
    return np.asarray(values).astype(object)


def rounded_up(levels: np.ndarray) -> np.ndarray:
    """The integers that a tensor's values reach when they reach ``levels``; infinities far away."""
    if np.issubdtype(levels.dtype, np.integer):
        return levels.astype(np.int64, copy=False)
    return np.ceil(np.clip(levels.astype(np.float64), -FAR, FAR)).astype(np.int64)


def constant(shape: tuple[int, int, int], low: int, high: int) -> TensorType:
    """A type whose channels all have the same range."""
    c = shape[2]
    return TensorType(shape=shape, low=np.full(c, low), high=np.full(c, high))


@functools.singledispatch
def infer(op: ops.Op, *inputs: TensorType) -> TensorType:
    """The type of ``op``'s result. Raises GraphError when ``inputs`` do not suit it."""
    raise GraphError(f"{op.where}: this op has no type rule; teach fq_hw/ir/types.py")


@infer.register
def _(op: ops.Input) -> TensorType:
    return replace(constant(op.shape, 0, 255), scale=op.scale)


@infer.register
def _(op: ops.Embed, x: TensorType) -> TensorType:
    h, w, c = x.shape
    tables, _, length = op.table.shape
    require(tables in (1, c), op.where, f"needs 1 or {c} tables", tables, kind=GraphError)
    fits = x.low.min() >= 0 and x.high.max() <= 255
    require(fits, op.where, "input must be u8", str(x), kind=GraphError)
    check_size(op, (h, w, c * length))
    table = op.table if tables == c else np.repeat(op.table, c, axis=0)
    low, high = (f(table, axis=1).reshape(-1).astype(np.int64) for f in (np.min, np.max))
    return TensorType(shape=(h, w, c * length), low=low, high=high, scale=op.scale)


def windowed(op: ops.Conv | ops.Pool, x: TensorType) -> tuple[int, int]:
    """Height and width of a tensor of windows."""
    h, w, _ = x.shape
    down, across = op.axes
    size = down.count(h), across.count(w)
    require(min(size) >= 1, op.where, f"kernel must fit {h}x{w}", op.kernel, kind=GraphError)
    return size


@infer.register
def _(op: ops.Conv, x: TensorType) -> TensorType:
    c = x.shape[2]
    shape = op.weight.shape
    contract = f"needs weights for {c} channels, in {op.groups} groups"
    fits = shape[3] * op.groups == c
    require(fits, op.where, contract, shape, kind=GraphError)
    require(x.low.min() >= 0, op.where, "input must be unsigned levels", str(x), kind=GraphError)
    made = (*windowed(op, x), shape[0])
    check_size(op, made)
    # Per channel in: what its rising weights add up to, and what its falling ones do.
    rising = np.maximum(op.weight, 0).sum(axis=(1, 2), dtype=np.int64)
    falling = op.weight.sum(axis=(1, 2), dtype=np.int64) - rising
    most = max(int(x.high.max()), op.pad_level) * int((rising - falling).sum(axis=1).max())
    contract = f"sums must stay below 2**{FAR.bit_length() - 1}"
    require(most < FAR, op.where, contract, most, kind=GraphError)
    low, high = x.low, x.high
    if any(axis.padded for axis in op.axes):
        low, high = np.minimum(low, op.pad_level), np.maximum(high, op.pad_level)
    up, down = (part.reshape(op.groups, -1, shape[3]) for part in (rising, falling))
    low, high = (end.reshape(op.groups, -1, 1) for end in (low, high))
    lowest, highest = up @ low + down @ high, up @ high + down @ low
    return TensorType(shape=made, low=lowest.reshape(-1), high=highest.reshape(-1), scale=op.scale)


@infer.register
def _(op: ops.Bias, x: TensorType) -> TensorType:
    fits = op.bias.shape == x.shape[2:]
    require(
        fits, op.where, f"needs a bias for {x.shape[2]} channels", op.bias.shape, kind=GraphError
    )
    ends = (exact(end) + exact(op.bias) for end in (x.low, x.high))
    return ranged(op, x.shape, ends, x.scale)


@infer.register
def _(op: ops.Requantize, x: TensorType) -> TensorType:
    low, high = (requantized(ends, op.shift, op.out_bits) for ends in (x.low, x.high))
    return TensorType(shape=x.shape, low=low, high=high, scale=op.scale)


def requantized(x: np.ndarray, shift: int, out_bits: int) -> np.ndarray:
    """``Requantize``'s formula, on int64 of any shape."""
    top = 2**out_bits - 1
    scaled = (x + (1 << shift >> 1)) >> shift if shift >= 0 else x.clip(0, top) << -shift
    return scaled.clip(0, top)


@infer.register
def _(op: ops.Threshold, x: TensorType) -> TensorType:
    c = x.shape[2]
    require(
        op.levels.shape[0] == c,
        op.where,
        f"needs levels for {c} channels",
        op.levels.shape,
        kind=GraphError,
    )
    return replace(constant(x.shape, 0, 2**op.out_bits - 1), scale=op.scale)


@infer.register
def _(op: ops.Lookup, x: TensorType) -> TensorType:
    length = len(op.table)
    known = x.low.min() >= 0 and x.high.max() < length
    contract = f"input must be unsigned levels below {length}"
    require(known, op.where, contract, str(x), kind=GraphError)
    pairs = list(zip(x.low.tolist(), x.high.tolist(), strict=True))
    low, high = (
        np.array([end(op.table[a : b + 1]) for a, b in pairs], np.int64) for end in (min, max)
    )
    return TensorType(shape=x.shape, low=low, high=high, scale=op.scale)


@infer.register
def _(op: ops.Add, a: TensorType, b: TensorType) -> TensorType:
    require(
        a.shape == b.shape, op.where, f"both inputs must be {a.shape}", b.shape, kind=GraphError
    )
    pairs = zip((a.scale, b.scale), op.factors, strict=True)
    scales = [scale / factor for scale, factor in pairs if scale is not None]
    contract = "both inputs must have one scale"
    same = len(scales) == 2 and scales[0] == scales[1]
    require(same, op.where, contract, (a.scale, b.scale), kind=GraphError)
    first, second = (
        ranged(op, x.shape, (exact(end) * factor for end in (x.low, x.high)))
        for x, factor in zip((a, b), op.factors, strict=True)
    )
    pairs = (first.low, second.low), (first.high, second.high)
    return ranged(op, a.shape, (exact(x) + exact(y) for x, y in pairs), scales[0])


def pooled(op: ops.Pool, x: TensorType) -> tuple[int, int, int]:
    """Shape of a pool's result."""
    shape = (*windowed(op, x), x.shape[2])
    check_size(op, shape)
    return shape


@infer.register
def _(op: ops.MaxPool, x: TensorType) -> TensorType:
    shape = pooled(op, x)
    sides = zip(op.axes, x.shape[:2], strict=True)
    blind = any(axis.blind(size) for axis, size in sides)
    contract = "every window must have a place inside the image"
    require(not blind, op.where, contract, (op.kernel, op.padding, op.dilation), kind=GraphError)
    if op.sign is not None:
        contract = f"needs a sign for {shape[2]} channels"
        require(op.sign.shape == shape[2:], op.where, contract, op.sign.shape, kind=GraphError)
    return TensorType(shape=shape, low=x.low, high=x.high, scale=x.scale)


@infer.register
def _(op: ops.SumPool, x: TensorType) -> TensorType:
    size = op.kernel[0] * op.kernel[1]
    ends = (exact(end) * size for end in (x.low, x.high))
    return ranged(op, pooled(op, x), ends, x.scale)


@infer.register
def _(op: ops.Flatten, x: TensorType) -> TensorType:
    h, w, c = x.shape
    check_size(op, (1, 1, h * w * c))
    low, high = (np.tile(ends, h * w) for ends in (x.low, x.high))
    return TensorType(shape=(1, 1, h * w * c), low=low, high=high, scale=x.scale)


def check_levels(op: ops.Op, x: TensorType) -> None:
    """Raise GraphError unless ``x`` may be levels."""
    contract = "input must be unsigned levels"
    require(x.low.min() >= 0, op.where, contract, str(x), kind=GraphError)


@infer.register
def _(op: ops.Grid, x: TensorType) -> TensorType:
    h, w, c = x.shape
    inside = op.rows.max() < h and op.columns.max() < w
    got = (int(op.rows.max()), int(op.columns.max()))
    require(inside, op.where, f"rows and columns must be of {h}x{w}", got, kind=GraphError)
    made = (len(op.rows), len(op.columns), c)
    check_size(op, made)
    if not op.padded:
        return replace(x, shape=made)
    check_levels(op, x)
    low, high = np.minimum(x.low, op.level), np.maximum(x.high, op.level)
    return TensorType(shape=made, low=low, high=high, scale=x.scale)


@infer.register
def _(op: ops.Select, x: TensorType) -> TensorType:
    h, w, c = x.shape
    contract = f"order must be of {c} channels"
    require(op.order.max() < c, op.where, contract, int(op.order.max()), kind=GraphError)
    made, outside = (h, w, len(op.order)), op.order < 0
    check_size(op, made)
    if outside.any():
        check_levels(op, x)
    low, high = (np.where(outside, op.level, end[op.order]) for end in (x.low, x.high))
    return TensorType(shape=made, low=low, high=high, scale=x.scale)


@infer.register
def _(op: ops.SpaceToDepth, x: TensorType) -> TensorType:
    (h, w, c), (down, across) = x.shape, op.block
    whole = h % down == 0 and w % across == 0
    require(whole, op.where, f"blocks must fill {h}x{w}", op.block, kind=GraphError)
    made = (h // down, w // across, c * down * across)
    check_size(op, made)
    low, high = (np.tile(end, down * across) for end in (x.low, x.high))
    return TensorType(shape=made, low=low, high=high, scale=x.scale)


@infer.register
def _(op: ops.DepthToSpace, x: TensorType) -> TensorType:
    (h, w, c), (down, across) = x.shape, op.block
    contract = f"blocks must divide {c} channels"
    require(c % (down * across) == 0, op.where, contract, op.block, kind=GraphError)
    check_levels(op, x)
    low, high = (
        end(part.reshape(down * across, -1), axis=0)
        for end, part in ((np.min, x.low), (np.max, x.high))
    )
    made = (h * down, w * across, len(low))
    check_size(op, made)
    return TensorType(shape=made, low=low, high=high, scale=x.scale)


@infer.register
def _(op: ops.Concat, a: TensorType, b: TensorType) -> TensorType:
    same = a.shape[:2] == b.shape[:2]
    require(
        same, op.where, f"both inputs must be {a.shape[:2]} pixels", b.shape[:2], kind=GraphError
    )
    check_size(op, (*a.shape[:2], a.shape[2] + b.shape[2]))
    first, second = (b, a) if op.swapped else (a, b)
    low, high = (
        np.concatenate(ends) for ends in ((first.low, second.low), (first.high, second.high))
    )
    scale = a.scale if a.scale == b.scale else None
    return TensorType(shape=(*a.shape[:2], len(low)), low=low, high=high, scale=scale)


@infer.register
def _(op: ops.PixelSum, x: TensorType) -> TensorType:
    h, w, c = x.shape
    return ranged(op, (1, 1, c), (exact(end) * (h * w) for end in (x.low, x.high)), x.scale)


@infer.register
def _(op: ops.ClassScale, x: TensorType) -> TensorType:
    require(
        x.shape == (1, 1, len(op.multiplier)),
        op.where,
        "needs one multiplier per class",
        x.shape,
        kind=GraphError,
    )
    bias = exact(0 if op.bias is None else op.bias)
    ends = np.stack([exact(end) * exact(op.multiplier) + bias for end in (x.low, x.high)])
    return ranged(op, x.shape, (ends.min(axis=0), ends.max(axis=0)))


@infer.register
def _(op: ops.ArgMax, x: TensorType) -> TensorType:
    require(x.shape[:2] == (1, 1), op.where, "input must be one pixel", x.shape, kind=GraphError)
    return constant((1, 1, 1), 0, x.shape[2] - 1)
