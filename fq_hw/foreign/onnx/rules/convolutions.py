"""Convolutions and dense layers: products with quantized weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.exact import exact
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import OnnxNode, Value, rule
from fq_hw.foreign.onnx.rules.clamps import settled
from fq_hw.foreign.onnx.rules.products import products
from fq_hw.foreign.onnx.rules.windows import HONOURED, Windows, image_of
from fq_hw.foreign.onnx.values import Feature, tiled
from fq_hw.foreign.onnx.weights import Weights

__all__ = ["biased", "convolve"]

MOST_CHANNELS = 8_192  # of a result: thresholds of each are computed exactly, one by one
MOST_INPUTS = 2**18  # channels that it reads: an image of 512 x 512 that was made flat


def convolve(
    importer: Importer,
    node: OnnxNode,
    x: Feature,
    weight: np.ndarray,
    scale: np.ndarray | None,
    windows: Windows | None = None,
    groups: int = 1,
) -> Feature:
    """Integer weights O,KH,KW,C/groups with a scale per output channel on levels.

    ``scale`` holds float32 or fractions; ``windows`` are the pixels where there are none.
    """
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
    contract = f"weights must be for {x.channels} channels, in {groups} groups"
    fits = weight.shape[3] * groups == x.channels and len(weight) % groups == 0
    require(fits, node.where, contract, weight.shape, kind=GraphError)
    if windows is not None:
        windows, taps = windows.widened()
        weight = np.pad(weight, ((0, 0), *taps, (0, 0)))
    name, unit, start = products(importer, node, x, weight, windows, groups)
    size = np.abs(weight).sum(axis=(1, 2)).reshape(groups, -1, weight.shape[3])
    most = (size * x.peak.reshape(groups, 1, -1)).sum(axis=2)
    gain = scale if scale.dtype == object else exact(scale)
    return replace(x, op=name, shape=importer.types[name].shape, scale=gain * unit,
                   shift=gain * start,
                   peak=np.abs(scale.astype(np.float64)) * most.reshape(-1), levels=False,
                   edges=None, source=None, pixels=None, known=None)  # fmt: skip


@rule("Conv", honours=(*HONOURED, "group"))
def conv(importer: Importer, node: OnnxNode) -> Value:
    x, weights = image_of(node), node.weights()
    axes = len(x.dims)
    contract = f"of a tensor {x.dims} it must have weights of {axes} axes"
    require(weights.codes.ndim == axes, node.where, contract, weights.codes.shape, kind=GraphError)
    group = node.attributes["group"]
    contract = f"group must divide {x.channels} channels"
    fits = group >= 1 and x.channels % group == 0
    require(fits, node.where, contract, group, kind=GraphError)
    windows = Windows.of(node, x, weights.codes.shape[2:])
    weight = weights.codes.reshape(*weights.codes.shape[:2], *windows.kernel).transpose(0, 2, 3, 1)
    return biased(node, convolve(importer, node, x, weight, weights.scale_along(0), windows, group))


def biased(node: OnnxNode, y: Feature) -> Feature:
    """With the biases that the node reads, if it does."""
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
        x = tiled(x, name)
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
