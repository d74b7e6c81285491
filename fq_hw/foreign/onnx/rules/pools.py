"""Pools and averages: windows that lie side by side."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import OnnxNode, Value, rule
from fq_hw.foreign.onnx.rules.clamps import settled
from fq_hw.foreign.onnx.rules.windows import HONOURED, Windows, image_of
from fq_hw.foreign.onnx.values import Feature

__all__: list[str] = []  # rules declare themselves


def pool(
    importer: Importer,
    node: OnnxNode,
    op: str,
    x: Feature,
    kernel: tuple[int, int],
    **fields: object,
) -> Feature:
    """Windows of ``kernel``, side by side."""
    if tuple(kernel) == (1, 1):
        return x
    name = importer.add(op, node, x.op, kernel=list(kernel), **fields)
    return replace(x, op=name, shape=importer.types[name].shape, edges=None, source=None)


def side_by_side(node: OnnxNode, x: Feature) -> tuple[int, int]:
    """The kernel of a pool whose windows do not overlap and leave no gaps."""
    image = x.shape[:2]
    windows = Windows.of(node, image)
    contract = f"{windows.padded} must give no padding: windows must lie side by side"
    require(not any(windows.pads), node.where, contract, windows.pads, kind=GraphError)
    for size, kernel, stride in zip(image, windows.kernel, windows.strides, strict=True):
        contract = f"attribute kernel_shape must fit the {image[0]} x {image[1]} of the input"
        require(kernel <= size, node.where, contract, windows.kernel, kind=GraphError)
        count = (size - kernel) // stride + 1
        contract = "windows must lie side by side, strides equal to kernel_shape"
        apart = count == size // kernel and (kernel == stride or count == 1)
        require(apart, node.where, contract, (windows.kernel, windows.strides), kind=GraphError)
        more = node.attributes.get("ceil_mode", 0) and (size - kernel) % stride
        contract = "attribute ceil_mode must be 0 where it adds windows past the edge"
        require(not more, node.where, contract, 1, kind=GraphError)
    return windows.kernel


@rule("MaxPool", honours=(*HONOURED, "ceil_mode"))
def max_pool(importer: Importer, node: OnnxNode) -> Value:
    x = image_of(node)
    return largest(importer, node, x, side_by_side(node, x))


@rule("GlobalMaxPool")
def global_max_pool(importer: Importer, node: OnnxNode) -> Value:
    x = image_of(node)
    return largest(importer, node, x, x.shape[:2])


def largest(importer: Importer, node: OnnxNode, x: Feature, kernel: tuple[int, int]) -> Feature:
    """The maximum of real numbers: that of the integers, or their minimum where these fall.

    Rounding keeps an order, so of an image the largest pixel's value is one of its table still.
    """
    falls = x.scale < 0
    sign = {"sign": np.where(falls, -1, 1).astype(np.int8)} if falls.any() else {}
    return pool(importer, node, "max_pool", x, kernel, **sign)


@rule("AveragePool", honours=(*HONOURED, "ceil_mode", "count_include_pad"))  # nothing is padded
def average_pool(importer: Importer, node: OnnxNode) -> Value:
    x = image_of(node)
    return average(importer, node, x, side_by_side(node, x))


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
    spatial = [1, 2] if x.last else [2, 3]
    fits = rank == 4 and all(-rank <= n < rank for n in axes)
    contract = f"must be over height and width, axes {spatial} of N,C,H,W or N,H,W,C"
    fits = fits and sorted(n % rank for n in axes) == spatial
    require(fits, node.where, contract, axes, kind=GraphError)
    y = average(importer, node, x, x.shape[:2])
    return y if node.attributes["keepdims"] else replace(y, flat=True)


def average(importer: Importer, node: OnnxNode, x: Feature, kernel: tuple[int, int]) -> Feature:
    """A sum whose unit is worth the less: nothing is divided."""
    y = pool(importer, node, "sum_pool", settled(importer, node, x), kernel)
    return y if y.op == x.op else replace(y, scale=y.scale / math.prod(kernel), pixels=None,
                                               known=None)  # fmt: skip
