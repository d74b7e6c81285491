"""Pools and averages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from types import MappingProxyType

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import OnnxNode, Value, rule
from fq_hw.foreign.onnx.rules.clamps import settled
from fq_hw.foreign.onnx.rules.convolutions import convolve
from fq_hw.foreign.onnx.rules.windows import HONOURED, Windows, image_of
from fq_hw.foreign.onnx.values import Feature

__all__: list[str] = []  # rules declare themselves

NOTHING: Mapping[str, object] = MappingProxyType({})


def pool(
    importer: Importer,
    node: OnnxNode,
    op: str,
    x: Feature,
    kernel: tuple[int, int],
    **fields: object,
) -> Feature:
    """Windows of ``kernel``, side by side unless ``fields`` says otherwise."""
    if tuple(kernel) == (1, 1) and not fields.get("stride"):
        return x
    name = importer.add(op, node, x.op, kernel=list(kernel), **fields)
    return replace(x, op=name, shape=importer.types[name].shape, edges=None, source=None)


def windows_of(node: OnnxNode, x: Feature) -> Windows:
    """The windows of a pool; those that ``ceil_mode`` adds reach into more padding."""
    windows = Windows.of(node, x).inside(node)
    return windows.rounded_up(node, x.shape[:2]) if node.attributes.get("ceil_mode", 0) else windows


def apart(windows: Windows, image: tuple[int, int]) -> bool:
    """Whether the windows lie side by side, all of them inside, or there is but one of them."""
    if any(windows.pads) or windows.spans != windows.kernel:
        return False
    sides = zip(image, windows.kernel, windows.strides, strict=True)
    return all(
        kernel == stride or size // kernel == (size - kernel) // stride + 1 == 1
        for size, kernel, stride in sides
    )


@rule("MaxPool", honours=(*HONOURED, "ceil_mode"))
def max_pool(importer: Importer, node: OnnxNode) -> Value:
    x = image_of(node)
    windows = windows_of(node, x)
    if apart(windows, x.shape[:2]):
        return largest(importer, node, x, windows.kernel)
    return largest(importer, node, x, windows.kernel, windows.fields)


@rule("GlobalMaxPool")
def global_max_pool(importer: Importer, node: OnnxNode) -> Value:
    x = image_of(node)
    return largest(importer, node, x, x.shape[:2])


def largest(
    importer: Importer,
    node: OnnxNode,
    x: Feature,
    kernel: tuple[int, int],
    fields: Mapping[str, object] = NOTHING,
) -> Feature:
    """The maximum of real numbers: that of the integers, or their minimum where these fall.

    Rounding keeps an order, so of an image the largest pixel's value is one of its table still.
    """
    falls = falling(importer, node, x)
    sign = {"sign": np.where(falls, -1, 1).astype(np.int8)} if falls.any() else {}
    return pool(importer, node, "max_pool", x, kernel, **sign, **fields)


def falling(importer: Importer, node: OnnxNode, x: Feature) -> np.ndarray:
    """In which channels real numbers fall as the integers rise."""
    if x.curve is None:
        return x.scale < 0
    contract = "a quantizer must stand between a function that turns around and a maximum"
    require(x.curve.monotone, node.where, contract, kind=GraphError)
    kind = importer.types[x.op]
    ends = x.curve.value(np.stack([kind.low, kind.high], axis=1).astype(np.float64), 0)
    return ends[:, 1] < ends[:, 0]


@rule("AveragePool", honours=(*HONOURED, "ceil_mode", "count_include_pad"))
def average_pool(importer: Importer, node: OnnxNode) -> Value:
    x = image_of(node)
    windows = windows_of(node, x)
    if apart(windows, x.shape[:2]):
        return average(importer, node, x, windows.kernel)
    # A sum over windows that overlap is a convolution by weights of 1.
    contract = "attribute ceil_mode must be 0 where it adds windows past the edge"
    fits = windows == Windows.of(node, x)
    require(fits, node.where, contract, 1, kind=GraphError)
    contract = "attribute count_include_pad must be 1 where there is padding"
    hint = "all windows must have one divisor"
    counted = node.attributes["count_include_pad"] or not any(windows.pads)
    require(counted, node.where, contract, 0, hint=hint, kind=GraphError)
    ones = np.ones((x.channels, *windows.kernel, 1), np.int32)
    share = np.full(x.channels, Fraction(1, math.prod(windows.kernel)), object)
    return convolve(importer, node, x, ones, share, windows, x.channels)


@rule("GlobalAveragePool")
def global_average_pool(importer: Importer, node: OnnxNode) -> Value:
    x = image_of(node)
    return average(importer, node, x, x.shape[:2])


@rule("ReduceMean", honours=("axes", "keepdims", "noop_with_empty_axes"))
def reduce_mean(importer: Importer, node: OnnxNode) -> Value:
    x = node.feature()
    axes = node.attributes.get("axes") or []  # an attribute before opset 18, then an input
    if node.given(1):
        axes = node.constant(1).reshape(-1).astype(int).tolist()
    if not axes and node.attributes.get("noop_with_empty_axes", 0):
        return x
    rank = len(x.dims)
    spatial = [n for n, letter in enumerate(x.layout) if letter in "HW"]
    fits = rank > 2 and all(-rank <= n < rank for n in axes)
    contract = f"must be over height and width, axes {spatial} of {','.join(x.layout)}"
    fits = fits and sorted(n % rank for n in axes) == spatial
    require(fits, node.where, contract, axes, kind=GraphError)
    y = average(importer, node, x, x.shape[:2])
    return y if node.attributes["keepdims"] else replace(y, flat=True)


def average(importer: Importer, node: OnnxNode, x: Feature, kernel: tuple[int, int]) -> Feature:
    """A sum whose unit is worth the less: nothing is divided."""
    y = pool(importer, node, "sum_pool", settled(importer, node, x), kernel)
    return y if y.op == x.op else replace(y, scale=y.scale / math.prod(kernel), pixels=None,
                                               known=None)  # fmt: skip
