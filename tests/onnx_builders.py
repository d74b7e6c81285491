"""Small ONNX models around one node with given attributes: functions that build them."""

from __future__ import annotations

import numpy as np
from onnx_models import DOMAIN

__all__ = [
    "between",
    "bytes_of",
    "conv",
    "ended",
    "flat",
    "flattened",
    "gemm",
    "joined",
    "levels",
    "mean",
    "moved",
    "normed",
    "pool",
    "quantizer",
    "rounded",
    "shaped",
    "squeezed",
    "thresholds",
    "transposed",
    "transposed_conv",
    "truncated",
    "unsqueezed",
]


def levels(m, bits=3):
    """Levels of 4 channels, 8 x 8."""
    x = m.conv(m.quant("image", 8, 1 / 128), 3, 4, kernel=1)
    return m.quant(m.norm(x, 4), bits, 0.4, signed=0)


def flat(m):
    """Levels N,F of the 4 channels' averages."""
    x = m.node("GlobalAveragePool", m.norm(m.conv(levels(m), 4, 4, kernel=1), 4))
    return m.node("Flatten", m.quant(x, 4, 0.3))


def conv(**attributes):
    def build(m):
        kernel, group = attributes.pop("size", 3), attributes.get("group", 1)
        weights = m.weights((4, max(4 // group, 1), kernel, kernel), 2)
        x = m.node("Conv", levels(m), weights, **attributes)
        return m.scores(m.quant(x, 3, 0.5), 4)

    return build


def transposed_conv(size=3, cout=3, **attributes):
    """Of levels of 4 channels, 8 x 8; 0 is not the lowest of them."""

    def build(m):
        group = attributes.get("group", 1)
        x = m.quant(m.conv(levels(m), 4, 4), 3, 0.4, signed=1)
        w = m.weights((4, cout, size, size), 3, m.dice.uniform(0.1, 0.3, (1, cout, 1, 1)))
        x = m.node("ConvTranspose", x, w, m.const(np.arange(cout * group) / 4), **attributes)
        return m.scores(m.quant(x, 3, 0.5), cout * group)

    return build


def pool(kind, **attributes):
    attributes = {"kernel_shape": [2, 2], "strides": [2, 2]} | attributes

    def build(m):
        x = m.node(kind, levels(m), **{k: v for k, v in attributes.items() if v is not None})
        return m.scores(m.quant(x, 4, 0.3), 4)

    return build


def mean(*inputs, **attributes):
    def build(m):
        more = [m.const(np.array(axes)) for axes in inputs]
        x = m.node("ReduceMean", m.conv(levels(m), 4, 4, kernel=1), *more, **attributes)
        return x if attributes.get("keepdims") == 0 else m.node("GlobalAveragePool", x)

    return build


def shaped(kind, *inputs, **attributes):
    """A dense layer behind a node that makes levels flat."""

    def build(m):
        more = [m.const(np.array(values)) for values in inputs]
        x = m.node(kind, levels(m), *more, **attributes)
        return m.node("MatMul", x, m.weights((256, 3)))

    return build


def squeezed(*inputs, **attributes):
    def build(m):
        x = m.node("GlobalAveragePool", m.conv(levels(m), 4, 4, kernel=1))
        return m.node("Squeeze", x, *(m.const(np.array(axes)) for axes in inputs), **attributes)

    return build


def unsqueezed(*inputs, **attributes):
    def build(m):
        more = [m.const(np.array(axes)) for axes in inputs]
        return m.scores(m.node("Unsqueeze", flat(m), *more, **attributes), 4)

    return build


def transposed(*perms):
    def build(m):
        x = levels(m)
        for perm in perms:
            x = m.node("Transpose", x, **({"perm": perm} if perm else {}))
        return m.node("MatMul", m.node("Flatten", x), m.weights((256, 3)))

    return build


def moved(kind, *inputs, before=0, **attributes):
    """A node that moves levels of 4 channels, 8 x 8, and a quantizer behind a global pool."""

    def build(m):
        more = ["" if value is None else m.const(np.asarray(value)) for value in inputs]
        x = m.node(kind, levels(m), *more, before=before, **attributes)
        return m.node("GlobalAveragePool", x)

    return build


def flattened(kind, **attributes):
    """A dense layer behind a node that moves levels of 4 channels, 8 x 8."""

    def build(m):
        x = m.node("Flatten", m.node(kind, levels(m), **attributes))
        return m.node("MatMul", x, m.weights((256, 3)))

    return build


def joined(axis):
    def build(m):
        x = levels(m)
        y = m.quant(m.conv(x, 4, 4), 3, 0.4, signed=0)
        return m.scores(m.node("Concat", x, y, axis=axis), 8)

    return build


def gemm(trans=1, **attributes):
    def build(m):
        w = m.weights((3, 4) if trans else (4, 3), 3, 0.25)
        return m.node("Gemm", flat(m), w, m.const(m.dice.normal(size=3)), transB=trans,
                      **attributes)  # fmt: skip

    return build


def normed(**attributes):
    def build(m):
        parts = (m.const(v) for v in (np.ones(4), np.zeros(4), np.zeros(4), np.ones(4)))
        x = m.node("BatchNormalization", m.conv(levels(m), 4, 4), *parts, **attributes)
        return m.scores(m.quant(x, 3, 0.3), 4)

    return build


def ended(kind, *inputs, before=0, **attributes):
    def build(m):
        x = m.node("MatMul", flat(m), m.weights((4, 5), 3))
        more = [m.const(np.array([n])) for n in inputs]
        return m.node(kind, x, *more, before=before, **attributes)

    return build


def between(kind, *inputs, **attributes):
    """A node between a sum and its quantizer."""

    def build(m):
        x = m.node(kind, m.conv(levels(m), 4, 4), *(m.const(v) for v in inputs), **attributes)
        return m.scores(m.quant(x, 3, 0.4), 4)

    return build


def quantizer(kind="Quant", **attributes):
    """On activations and on weights."""

    def build(m):
        given = {"signed": 1, "narrow": 0, "rounding_mode": "ROUND"} | attributes
        parts = [m.const(v) for v in (0.25, 0.0, 3.0)]
        x = m.node(kind, m.conv(levels(m), 4, 4, scale=0.25), *parts, domain=DOMAIN, **given)
        real = m.const(np.round(m.dice.normal(size=(3, 4, 1, 1)) * 8) / 8)  # many ties
        w = m.node(kind, real, *(m.const(v) for v in (0.25, 0.0, 3.0)), domain=DOMAIN, **given)
        return m.node("GlobalAveragePool", m.node("Conv", x, w))

    return build


def thresholds(edges=3, last=False, **attributes):
    def build(m):
        x = m.conv(levels(m), 4, 4)
        rows = m.const(np.sort(m.dice.normal(size=(4, edges)), axis=1))
        given = {"out_dtype": "INT8"} | attributes
        x = m.node("Transpose", x, perm=[0, 2, 3, 1]) if last else x
        x = m.node("MultiThreshold", x, rows, domain=DOMAIN, **given)
        x = m.node("Transpose", x, perm=[0, 3, 1, 2]) if last else x
        return m.scores(x, 4)

    return build


def truncated(out_scale=None, out_bits=3.0, **attributes):
    """Averages of 4 levels of 4 bits, times 4, without their low bits."""

    def build(m):
        x = m.node("AveragePool", levels(m, 4), kernel_shape=[2, 2], strides=[2, 2])
        x = m.node("Mul", x, m.const(4.0))
        scales = [] if out_scale is None else [m.const(out_scale)]
        parts = [*(m.const(v) for v in (0.4, 0.0, 6.0)), *scales, m.const(out_bits)]
        x = m.node("Trunc", x, *parts, domain=DOMAIN, **attributes)
        return m.scores(x, 4)

    return build


def bytes_of(shape, axis, scale_axis):
    """Weights stored as bytes, with a scale for each index of an axis."""

    def build(m):
        x = flat(m)
        w = m.bytes(shape, 4, m.dice.uniform(0.1, 0.3, shape[scale_axis]), axis=axis)
        return m.node("Gemm", x, w, transB=int(scale_axis == 0))

    return build


def rounded(axis):
    """The image and weights through QuantizeLinear."""

    def build(m):
        parts = m.const(1 / 128), m.const(np.int8(0))
        x = m.node("QuantizeLinear", "image", *parts, **({} if axis is None else {"axis": axis}))
        x = m.node("DequantizeLinear", x, *parts)
        scales = m.const(m.dice.uniform(0.1, 0.3, 4)), m.const(np.zeros(4, np.int8))
        w = m.node("QuantizeLinear", m.const(m.dice.normal(size=(4, 3, 1, 1))), *scales, axis=0)
        w = m.node("DequantizeLinear", w, *scales, axis=0)
        return m.node("GlobalAveragePool", m.node("Conv", x, w))

    return build
