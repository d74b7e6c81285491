"""Pools and averages: windows that lie side by side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.fold import Walk
from fq_hw.foreign.onnx.node import Node, Value, rule
from fq_hw.foreign.onnx.values import Feature

__all__: list[str] = []  # rules declare themselves


def pool(walk: Walk, node: Node, op: str, kernel: tuple[int, int]) -> Feature:
    x = node.feature()
    h, w, c = x.shape
    rows, columns = kernel
    fits = rows <= h and columns <= w
    require(fits, node.where, f"kernel must fit {h}x{w}", kernel, kind=GraphError)
    if kernel == (1, 1):
        return x
    name = walk.add(op, node, x.op, kernel=[rows, columns])
    return replace(x, op=name, shape=(h // rows, w // columns, c), edges=None, pixels=None)


def side_by_side(node: Node) -> tuple[int, int]:
    """The kernel of a pool whose windows do not overlap."""
    attributes = node.attributes
    kernel = tuple(attributes["kernel_shape"])
    strides = tuple(attributes.get("strides", [1, 1]))
    bare = not any(attributes.get("pads", [0] * 4)) and not attributes.get("ceil_mode", 0)
    bare = bare and set(attributes.get("dilations", [1])) == {1} and len(kernel) == 2
    contract = "windows must lie side by side: strides = kernel_shape, no pads, no ceil_mode"
    require(bare and kernel == strides, node.where, contract, (kernel, strides), kind=GraphError)
    return kernel


@rule("MaxPool")
def max_pool(walk: Walk, node: Node) -> Value:
    return largest(walk, node, side_by_side(node))


@rule("GlobalMaxPool")
def global_max_pool(walk: Walk, node: Node) -> Value:
    return largest(walk, node, node.feature().shape[:2])


def largest(walk: Walk, node: Node, kernel: tuple[int, int]) -> Feature:
    x = node.feature()
    rises = (x.scale > 0).all()
    contract = "must come behind a quantizer where a norm's gain is negative"
    require(rises, node.where, contract, float(min(x.scale)), kind=GraphError)
    return pool(walk, node, "max_pool", kernel)


@rule("AveragePool")
def average_pool(walk: Walk, node: Node) -> Value:
    return average(walk, node, side_by_side(node))


@rule("GlobalAveragePool")
def global_average_pool(walk: Walk, node: Node) -> Value:
    return average(walk, node, node.feature().shape[:2])


@rule("ReduceMean")
def reduce_mean(walk: Walk, node: Node) -> Value:
    x = node.feature()
    axes = node.attributes.get("axes")
    axes = sorted(n % 4 for n in (axes or np.atleast_1d(node.constant(1)).tolist()))
    contract = "must be over height and width"
    require(axes == ([1, 2] if x.last else [2, 3]), node.where, contract, axes, kind=GraphError)
    y = average(walk, node, x.shape[:2])
    return y if node.attributes.get("keepdims", 1) else replace(y, flat=True)


def average(walk: Walk, node: Node, kernel: tuple[int, int]) -> Feature:
    """A sum whose unit is worth the less: nothing is divided."""
    y = pool(walk, node, "sum_pool", kernel)
    y.unclamped(node.where)
    size = kernel[0] * kernel[1]
    return replace(y, scale=y.scale / size)
