"""Convolutions and dense layers: sums of products, then the kernel's requantization."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import tflite

from fq_hw.errors import GraphError, require
from fq_hw.foreign.tflite.arithmetic import Factor
from fq_hw.foreign.tflite.importer import ZERO, Importer, check_int8, rule
from fq_hw.foreign.tflite.reading import Operator, Tensor
from fq_hw.ir import Axis
from fq_hw.ir.axis import sides

__all__ = ["axes_of"]


@rule("CONV_2D")
def conv(importer: Importer, op: Operator) -> str:
    source, x = importer.source(op)
    weights = importer.constant(op, 1, np.int8)
    contract = "weights must be O,KH,KW,C"
    require(len(weights.shape) == 4, op.where, contract, weights.shape, kind=GraphError)
    h, w, c = importer.types[source].shape
    groups = c // weights.shape[3]
    axes = axes_of(op, (h, w), weights.shape[1:3])
    more = {"groups": groups} if groups > 1 else {}
    return products(importer, op, source, x, weights, weights.values, **sides(*axes), **more)


@rule("DEPTHWISE_CONV_2D")
def depthwise(importer: Importer, op: Operator) -> str:
    source, x = importer.source(op)
    weights = importer.constant(op, 1, np.int8)
    h, w, c = importer.types[source].shape
    fits = len(weights.shape) == 4 and weights.shape[0] == 1 and weights.shape[3] % c == 0
    contract = f"weights must be 1,KH,KW and a multiple of {c} channels"
    require(fits, op.where, contract, weights.shape, kind=GraphError)
    axes = axes_of(op, (h, w), weights.shape[1:3])
    codes = weights.values.transpose(3, 1, 2, 0)
    more = {"groups": c} if c > 1 else {}
    return products(importer, op, source, x, weights, codes, **sides(*axes), **more)


@rule("FULLY_CONNECTED")
def dense(importer: Importer, op: Operator) -> str:
    source, x = importer.source(op)
    weights = importer.constant(op, 1, np.int8)
    plain = op.options["WeightsFormat"] == 0 and len(weights.shape) == 2
    require(plain, op.where, "weights must be O,F, not shuffled", weights.shape, kind=GraphError)
    h, w, c = importer.types[source].shape
    contract = f"weights must be for {h * w * c} inputs"
    fits = weights.shape[1] == h * w * c
    require(fits, op.where, contract, weights.shape, kind=GraphError)
    if (h, w) != (1, 1):
        source = importer.add("flatten", f"{op.name}.flat", source)
    codes = weights.values[:, None, None, :]
    return products(importer, op, source, x, weights, codes, stride=1, padding=0)


def products(
    importer: Importer,
    op: Operator,
    source: str,
    x: Tensor,
    weights: Tensor,
    codes: np.ndarray,
    **fields: object,
) -> str:
    """Weights O,KH,KW,C on levels, a bias, and the kernel's requantization."""  # fmt: skip
    y, count = importer.tensor(op.outputs[0]), len(codes)
    factor = factors(op, x, weights, y, count)
    zero, bias = int(x.zero[0]) + ZERO, np.zeros(count, np.int64)
    if len(op.inputs) > 2 and op.inputs[2] >= 0:
        given = importer.constant(op, 2, np.int32)
        contract = f"needs {count} biases"
        require(given.shape == (count,), op.where, contract, given.shape, kind=GraphError)
        bias = given.values.astype(np.int64)
    codes = codes.astype(np.int32)
    name = importer.add("conv", f"{op.name}.sums", source, weight=codes, scale=None,
                        pad_level=zero, **fields)  # fmt: skip
    bias = bias - zero * codes.sum(axis=(1, 2, 3), dtype=np.int64)
    name = importer.add("bias", f"{op.name}.biased", name, bias=bias)
    times = factor.times_once if op.kind == "FULLY_CONNECTED" else factor.times
    return importer.requantize(op, name, lambda total: times(total) + int(y.zero[0]), y)


def factors(op: Operator, x: Tensor, weights: Tensor, y: Tensor, count: int) -> Factor:
    """By which sums of products become integers of ``y``, one for each channel."""
    check_int8(x, op.where)
    check_int8(y, op.where)
    fits = len(weights.scale) in (1, count) and not weights.zero.any()
    contract = f"weights need 1 or {count} scales, and zero point 0"
    got = (len(weights.scale), weights.zero[:4].tolist())
    require(fits, op.where, contract, got, kind=GraphError)
    along = 3 if op.kind == "DEPTHWISE_CONV_2D" else 0
    fits = len(weights.scale) == 1 or weights.axis == along
    contract = f"weights need their scales along axis {along}, that of the output channels"
    require(fits, op.where, contract, weights.axis, kind=GraphError)
    products = x.scale.astype(np.float64) * weights.scale.astype(np.float64)
    return Factor.of(np.broadcast_to(products / np.float64(y.scale[0]), count))


def axes_of(op: Operator, size: tuple[int, int], kernel: tuple[int, int]) -> tuple[Axis, Axis]:
    """How windows lie on an image, with TFLite's padding."""
    found = []
    for n, k, letter in zip(size, kernel, "HW", strict=True):
        stride, dilation = (
            op.options[f"Stride{letter}"],
            op.options.get(f"Dilation{letter}Factor", 1),
        )
        contract = "strides and dilations must be positive"
        require(min(stride, dilation) >= 1, op.where, contract, (stride, dilation), kind=GraphError)
        axis = Axis(kernel=k, stride=stride, dilation=dilation)
        if op.options["Padding"] == tflite.Padding.SAME:
            total = axis.missing(n)
            axis = replace(axis, before=total // 2, after=total - total // 2)
        found.append(axis)
    return found[0], found[1]
