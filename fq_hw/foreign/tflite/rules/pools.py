"""Pools: averages, maxima, means over the whole image."""

from __future__ import annotations

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.foreign.tflite.arithmetic import Factor, divided
from fq_hw.foreign.tflite.importer import ZERO, Importer, activated, rule
from fq_hw.foreign.tflite.reading import Operator
from fq_hw.foreign.tflite.rules.products import axes_of
from fq_hw.ir.axis import sides


@rule("AVERAGE_POOL_2D")
def average(importer: Importer, op: Operator) -> str:
    source, x, y = importer.ends(op)
    (h, w, c), kernel = importer.types[source].shape, pool_size(op)
    down, across = axes_of(op, (h, w), kernel)
    whole = not (down.padded or across.padded)
    contract = "windows must lie inside the image: others have fewer values to count"
    require(whole, op.where, contract, kernel, kind=GraphError)
    pairs = zip((down, across), (h, w), strict=True)
    beside = all(axis.apart or n // axis.kernel == axis.count(n) == 1 for axis, n in pairs)
    count, name = kernel[0] * kernel[1], f"{op.name}.sums"
    if beside:
        name = importer.add("sum_pool", name, source, kernel=list(kernel))
    else:
        name = importer.add("conv", name, source, weight=np.ones((c, *kernel, 1), np.int32),
                            scale=None, groups=c, **sides(down, across))  # fmt: skip
    return importer.requantize(op, name, lambda t: divided(t - ZERO * count, count), y)


@rule("MAX_POOL_2D")
def largest(importer: Importer, op: Operator) -> str:
    source, x = importer.source(op)
    y = importer.tensor(op.outputs[0])
    low, high = activated(op, y)
    contract = "input and output must have one scale and zero point, and no activation"
    alike = x.scale[0] == y.scale[0] and x.zero[0] == y.zero[0] and (low, high) == (-128, 127)
    require(alike, op.where, contract, kind=GraphError)
    (h, w, _), kernel = importer.types[source].shape, pool_size(op)
    axes = axes_of(op, (h, w), kernel)
    return importer.add("max_pool", op.name, source, kernel=list(kernel), **sides(*axes))


@rule("MEAN")
def mean(importer: Importer, op: Operator) -> str:
    """Over height and width: the kernel divides the factor first, and rounds once."""
    source, x, y = importer.ends(op)
    axes = importer.constant(op, 1, np.int32).values
    (h, w, _), rank = importer.types[source].shape, len(x.shape)
    contract = "must be over height and width, all axes but the first and the last"
    over = sorted(int(n) % rank for n in axes.reshape(-1))
    require(over == [*range(1, rank - 1)], op.where, contract, axes.tolist(), kind=GraphError)
    real = np.float64(x.scale[0]) / np.float64(y.scale[0])
    factor = Factor.of(real).shared(h * w)
    name = importer.add("sum_pool", f"{op.name}.sums", source, kernel=[h, w])
    # From 0 on, where rounding turns around, as sums of products are.
    bias = np.full(importer.types[name].shape[2], -h * w * (ZERO + int(x.zero[0])), np.int64)
    name = importer.add("bias", f"{op.name}.biased", name, bias=bias)
    zero = int(y.zero[0])
    return importer.requantize(op, name, lambda total: factor.times(total) + zero, y)


def pool_size(op: Operator) -> tuple[int, int]:
    """Height and width of a pool's windows."""
    kernel = op.options["FilterHeight"], op.options["FilterWidth"]
    require(min(kernel) >= 1, op.where, "filter must be positive", kernel, kind=GraphError)
    return kernel
