"""Convolutions and dense layers: products with quantized weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.exact import exact
from fq_hw.foreign.onnx.fold import Walk
from fq_hw.foreign.onnx.node import Node, Value, rule
from fq_hw.foreign.onnx.values import Feature, Weights, uniform

__all__: list[str] = []  # rules declare themselves


def convolve(
    walk: Walk,
    node: Node,
    x: Feature,
    weight: np.ndarray,
    scale: np.ndarray | None,
    stride: int,
    padding: int,
) -> Feature:
    """Integer weights O,K,K,C with a scale per output channel on levels."""
    contract = "weights need one scale for each output channel, or one (per-channel quantization)"
    require(scale is not None, node.where, contract, kind=GraphError)
    contract = "input must be quantized; put a Quant node before it"
    require(x.levels, node.where, contract, kind=GraphError)
    x.unclamped(node.where)
    unit = uniform(x.scale)
    contract = "all input channels need one scale (per-tensor quantization)"
    require(unit is not None, node.where, contract, kind=GraphError)
    contract = f"weights must fit {x.channels} channels"
    require(weight.shape[3] == x.channels, node.where, contract, weight.shape, kind=GraphError)
    level = 0
    if padding:
        zero = uniform(-x.shift / unit)
        held = zero is not None and zero.denominator == 1 and 0 <= zero < 256
        contract = "padding is with 0, which must be a level of the input"
        require(held, node.where, contract, zero and float(zero), kind=GraphError)
        level = int(zero)
    name = walk.add("conv", node, x.op, weight=weight.astype(np.int32), stride=stride,
                    padding=padding, scale=None, pad_level=level)  # fmt: skip
    h, w = ((n + 2 * padding - weight.shape[1]) // stride + 1 for n in x.shape[:2])
    gain, taps = exact(scale), weight.sum(axis=(1, 2))
    start = uniform(x.shift)
    sums = (taps * x.shift).sum(axis=1) if start is None else taps.sum(axis=1) * start
    peak = np.abs(scale) * (np.abs(weight).sum(axis=(1, 2)) @ x.peak)
    return replace(x, op=name, shape=(h, w, len(weight)), scale=gain * unit, shift=gain * sums,
                   peak=peak, levels=False, edges=None, pixels=None)  # fmt: skip


def square(node: Node, name: str, values: list[int]) -> int:
    """A list of equal numbers as one."""
    require(len(set(values)) == 1, node.where, f"{name} must be equal on all sides", values,
            kind=GraphError)  # fmt: skip
    return values[0]


def pads(node: Node, kernel: int) -> int:
    """Padding on every side."""
    auto = node.attributes.get("auto_pad", b"NOTSET").decode()
    contract = "auto_pad must be NOTSET or VALID; give pads instead"
    require(auto in ("NOTSET", "VALID"), node.where, contract, auto, kind=GraphError)
    return square(node, "pads", list(node.attributes.get("pads", [0, 0, 0, 0])))


@rule("Conv")
def conv(walk: Walk, node: Node) -> Value:
    x, weights, attributes = node.feature(), node.weights(), node.attributes
    require(weights.codes.ndim == 4 and not x.flat, node.where, "must be two-dimensional",
            weights.codes.shape, kind=GraphError)  # fmt: skip
    group = attributes.get("group", 1)
    contract = "group must be 1: depthwise and grouped convolutions have no engine yet"
    require(group == 1, node.where, contract, group, kind=GraphError)
    dilation = square(node, "dilations", list(attributes.get("dilations", [1, 1])))
    require(dilation == 1, node.where, "dilations must be 1", dilation, kind=GraphError)
    require(not x.last, node.where, "input must be N,C,H,W", "N,H,W,C", kind=GraphError)
    kernel = square(node, "kernel", list(weights.codes.shape[2:]))
    stride = square(node, "strides", list(attributes.get("strides", [1, 1])))
    weight = weights.codes.transpose(0, 2, 3, 1)
    y = convolve(walk, node, x, weight, weights.scale_along(0), stride, pads(node, kernel))
    if len(node.inputs) > 2 and node.inputs[2] is not None:
        bias = np.asarray(node.constant(2), np.float32).reshape(-1)
        fits = len(bias) == y.channels
        require(fits, node.where, f"needs {y.channels} biases", len(bias), kind=GraphError)
        y = y.plus(bias, node.where)
    return y


def dense(walk: Walk, node: Node, x: Feature, weights: Weights) -> Feature:
    """Weights (in,out) on a flat tensor: a 1x1 convolution of one pixel."""
    h, w, c = x.shape
    size = h * w * c
    require(x.flat or (h, w) == (1, 1), node.where, "input must be flat: put Flatten before it",
            x.dims, kind=GraphError)  # fmt: skip
    fits = weights.codes.ndim == 2 and len(weights.codes) == size
    require(fits, node.where, f"weights must be {size},N", weights.codes.shape, kind=GraphError)
    codes = weights.codes
    if not x.last:  # ONNX counts channels slowest, the graph fastest
        codes = codes.reshape(c, h * w, -1).swapaxes(0, 1).reshape(size, -1)
    if (h, w) != (1, 1):
        name = walk.add("flatten", node, x.op, suffix=".flat")
        x = replace(x, op=name, shape=(1, 1, size), scale=np.tile(x.scale, h * w),
                    shift=np.tile(x.shift, h * w), peak=np.tile(x.peak, h * w), edges=None,
                    pixels=None)  # fmt: skip
    y = convolve(walk, node, x, codes.T[:, None, None, :], weights.scale_along(1), 1, 0)
    return replace(y, flat=True)


@rule("MatMul")
def matmul(walk: Walk, node: Node) -> Value:
    return dense(walk, node, node.feature(), node.weights())


@rule("Gemm")
def gemm(walk: Walk, node: Node) -> Value:
    attributes, weights = node.attributes, node.weights()
    plain = attributes.get("alpha", 1.0) == attributes.get("beta", 1.0) == 1.0
    plain = plain and not attributes.get("transA", 0)
    require(plain, node.where, "alpha and beta must be 1, transA 0", "others", kind=GraphError)
    if attributes.get("transB", 0):
        weights = weights.transposed([1, 0])
    y = dense(walk, node, node.feature(), weights)
    if len(node.inputs) > 2 and node.inputs[2] is not None:
        y = y.plus(y.per_channel(node.constant(2), node.where), node.where)
    return y
