"""Convolutions and dense layers: products with quantized weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.exact import exact
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import OnnxNode, Value, rule
from fq_hw.foreign.onnx.rules.clamps import settled
from fq_hw.foreign.onnx.rules.padding import with_zero
from fq_hw.foreign.onnx.rules.windows import HONOURED, Windows, image_of, square
from fq_hw.foreign.onnx.values import Feature, uniform
from fq_hw.foreign.onnx.weights import Weights

__all__: list[str] = []  # rules declare themselves

MOST_CHANNELS = 8_192  # of a result: thresholds of each are computed exactly, one by one
MOST_INPUTS = 2**18  # channels that it reads: an image of 512 x 512 that was made flat


def convolve(
    importer: Importer,
    node: OnnxNode,
    x: Feature,
    weight: np.ndarray,
    scale: np.ndarray | None,
    stride: int = 1,
    padding: int = 0,
) -> Feature:
    """Integer weights O,K,K,C with a scale per output channel on levels."""
    contract = "weights need one scale for each output channel, or one (per-channel quantization)"
    hint = "here it varies along other axes"
    require(scale is not None, node.where, contract, hint=hint, kind=GraphError)
    many = len(weight), weight.shape[3]
    contract = f"must make at most {MOST_CHANNELS:,} channels of at most {MOST_INPUTS:,}"
    fits = many[0] <= MOST_CHANNELS and many[1] <= MOST_INPUTS
    require(fits, node.where, contract, many, kind=GraphError)
    contract = "input must be quantized; put a Quant node before it"
    require(x.levels, node.where, contract, kind=GraphError)
    x = settled(importer, node, x)
    unit = uniform(x.scale)
    contract = "all input channels need one scale (per-tensor quantization)"
    ends = (float(min(x.scale)), float(max(x.scale)))
    require(unit is not None, node.where, contract, ends, kind=GraphError)
    contract = f"weights must be for {x.channels} channels"
    require(weight.shape[3] == x.channels, node.where, contract, weight.shape[3], kind=GraphError)
    level = 0
    if padding:
        x, level = with_zero(importer, node, x)
        unit = uniform(x.scale)
    name = importer.add("conv", node, x.op, weight=weight.astype(np.int32), stride=stride,
                    padding=padding, scale=None, pad_level=level)  # fmt: skip
    gain, taps = exact(scale), weight.sum(axis=(1, 2))
    start = uniform(x.shift)
    sums = (taps * x.shift).sum(axis=1) if start is None else taps.sum(axis=1) * start
    peak = np.abs(scale) * (np.abs(weight).sum(axis=(1, 2)) @ x.peak)
    return replace(x, op=name, shape=importer.types[name].shape, scale=gain * unit,
                   shift=gain * sums, peak=peak, levels=False, edges=None, source=None,
                   pixels=None, known=None)  # fmt: skip


@rule("Conv", honours=(*HONOURED, "group"))
def conv(importer: Importer, node: OnnxNode) -> Value:
    x, weights = image_of(node), node.weights()
    contract = "must be two-dimensional: weights with 4 axes"
    require(weights.codes.ndim == 4, node.where, contract, weights.codes.shape, kind=GraphError)
    contract = "group must be 1: depthwise and grouped convolutions have no engine yet"
    group = node.attributes["group"]
    require(group == 1, node.where, contract, group, kind=GraphError)
    windows = Windows.of(node, x.shape[:2], weights.codes.shape[2:])
    square(node, "kernel", list(windows.kernel))
    stride = square(node, "strides", list(windows.strides))
    padding = square(node, windows.padded, list(windows.pads))
    contract = f"{windows.padded} must be at most half the kernel, {windows.kernel[0] // 2}"
    fits = padding <= windows.kernel[0] // 2
    require(fits, node.where, contract, padding, kind=GraphError)
    weight = weights.codes.transpose(0, 2, 3, 1)
    y = convolve(importer, node, x, weight, weights.scale_along(0), stride, padding)
    if node.given(2):
        bias = node.constant(2, ndim=1).astype(np.float32)
        contract = f"needs {y.channels} biases"
        require(len(bias) == y.channels, node.where, contract, len(bias), kind=GraphError)
        y = y.plus(bias, node.where)
    return y


def dense(importer: Importer, node: OnnxNode, x: Feature, weights: Weights) -> Feature:
    """Weights (in,out) on a flat tensor: a 1x1 convolution of one pixel."""
    contract = "input must be flat, N,F"
    require(x.flat, node.where, contract, x.dims, hint="put Flatten before it", kind=GraphError)
    h, w, c = x.shape
    size = h * w * c
    contract = f"weights must be for {size} inputs"
    require(len(weights.codes) == size, node.where, contract, weights.codes.shape, kind=GraphError)
    codes, scale = weights.codes, weights.scale_along(1)
    if not x.last:  # ONNX counts channels slowest, the graph fastest
        codes = codes.reshape(c, h * w, -1).swapaxes(0, 1).reshape(size, -1)
    if (h, w) != (1, 1):
        x = settled(importer, node, x)
        name = importer.add("flatten", node, x.op, suffix=".flat")
        x = replace(x, op=name, shape=(1, 1, size), scale=np.tile(x.scale, h * w),
                    shift=np.tile(x.shift, h * w), peak=np.tile(x.peak, h * w), edges=None,
                    source=None, pixels=None, known=None)  # fmt: skip
    return convolve(importer, node, x, codes.T[:, None, None, :], scale)


def matrix(node: OnnxNode) -> Weights:
    """Weights (in,out)."""
    weights = node.weights()
    contract = "weights must be a matrix"
    require(weights.codes.ndim == 2, node.where, contract, weights.codes.shape, kind=GraphError)
    return weights


@rule("MatMul")
def matmul(importer: Importer, node: OnnxNode) -> Value:
    x, weights = node.feature(), matrix(node)
    if x.last and not x.flat:  # every pixel by itself
        return convolve(
            importer, node, x, weights.codes.T[:, None, None, :], weights.scale_along(1)
        )
    return dense(importer, node, x, weights)


@rule("Gemm", honours=("alpha", "beta", "transB"))
def gemm(importer: Importer, node: OnnxNode) -> Value:
    weights = matrix(node)
    if node.attributes["transB"]:
        weights = weights.transposed([1, 0])
    y = dense(importer, node, node.feature(), weights)
    alpha, beta = (np.float32(node.attributes[name]) for name in ("alpha", "beta"))
    y = y if alpha == 1 else y.times(np.full(y.channels, alpha), node.where)
    if node.given(2):
        y = y.plus(beta * y.per_channel(node.constant(2), node.where), node.where)
    return y
