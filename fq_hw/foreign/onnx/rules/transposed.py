"""Transposed convolutions: convolutions of an image between whose pixels zeros stand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import OnnxNode, Value, rule
from fq_hw.foreign.onnx.rules.clamps import settled
from fq_hw.foreign.onnx.rules.convolutions import biased, convolve
from fq_hw.foreign.onnx.rules.padding import with_zero
from fq_hw.foreign.onnx.rules.windows import Windows, both, image_of, padding, steps
from fq_hw.foreign.onnx.values import Feature
from fq_hw.foreign.onnx.weights import Weights

__all__: list[str] = []  # rules declare themselves


@rule(
    "ConvTranspose",
    honours=("dilations", "group", "kernel_shape", "output_padding", "pads", "strides"),
)
def conv_transpose(importer: Importer, node: OnnxNode) -> Value:
    """Places of the result that lie beyond every window are 0, as ``output_padding`` asks for."""
    x, weights, group = image_of(node), node.weights(), node.attributes["group"]
    axes = len(x.dims)
    contract = f"of a tensor {x.dims} it must have weights of {axes} axes"
    require(weights.codes.ndim == axes, node.where, contract, weights.codes.shape, kind=GraphError)
    contract = f"group must divide {x.channels} channels"
    fits = group >= 1 and x.channels % group == 0 and len(weights.codes) == x.channels
    require(fits, node.where, contract, group, kind=GraphError)
    require(x.levels, node.where, "input must be quantized; put a Quant node before it",
            kind=GraphError)  # fmt: skip
    x = settled(importer, node, x)
    count, kernel = axes - 2, both(x, weights.codes.shape[2:], 1)
    strides, dilations = (both(x, steps(node, n, count), 1) for n in ("strides", "dilations"))
    pads = padding(node, x, kernel, strides)
    made = both(x, node.result[2:], 1)
    spread = between(importer, node, x, strides) if max(strides) > 1 else x
    spread, before, after = fitted(importer, node, spread, kernel, dilations, pads[:2], made)
    weight, scale = turned(node, weights, kernel, group)
    windows = Windows(kernel=kernel, strides=(1, 1), dilations=dilations, pads=(*before, *after),
                      padded="attribute pads")  # fmt: skip
    return biased(node, convolve(importer, node, spread, weight, scale, windows, group))


def between(importer: Importer, node: OnnxNode, x: Feature, strides: tuple[int, int]) -> Feature:
    """``strides`` - 1 rows and columns of 0 behind each of the image."""
    x, level = with_zero(importer, node, x)
    order = np.full(x.channels * strides[0] * strides[1], -1)
    order[: x.channels] = np.arange(x.channels)
    name = importer.add("select", node, x.op, suffix=".beside", order=order, level=level)
    name = importer.add("depth_to_space", node, name, suffix=".between", block=list(strides))
    return replace(x, op=name, shape=importer.types[name].shape, edges=None, source=None)


def fitted(
    importer: Importer,
    node: OnnxNode,
    x: Feature,
    kernel: tuple[int, int],
    dilations: tuple[int, int],
    pads: tuple[int, int],
    made: tuple[int, int],
) -> tuple[Feature, tuple[int, int], tuple[int, int]]:
    """The image and its padding before and after, so that there are as many windows as ``made``.

    What would be padded by less than nothing loses rows or columns.
    """
    sides = zip(x.shape, kernel, dilations, pads, made, strict=False)
    kept, before, after = [], [], []
    for size, k, step, pad, want in sides:
        reach = (k - 1) * step
        first = reach - pad
        last = want + reach - size - first
        kept.append(np.arange(max(-first, 0), size + min(last, 0)))
        before.append(max(first, 0))
        after.append(max(last, 0))
    if [len(places) for places in kept] != list(x.shape[:2]):
        contract = "attribute pads must leave a row and a column of the image"
        require(all(map(len, kept)), node.where, contract, pads, kind=GraphError)
        rows, columns = kept
        name = importer.add("grid", node, x.op, suffix=".kept", rows=rows, columns=columns)
        x = replace(x, op=name, shape=importer.types[name].shape, edges=None, source=None)
    return x, (before[0], before[1]), (after[0], after[1])


def turned(
    node: OnnxNode, weights: Weights, kernel: tuple[int, int], group: int
) -> tuple[np.ndarray, np.ndarray]:
    """Weights C,O/groups,KH,KW as those of a convolution, O,KH,KW,C/groups, and their scales."""

    def laid(values: np.ndarray) -> np.ndarray:
        c, each = values.shape[:2]
        parts = values.reshape(group, c // group, each, *kernel)[..., ::-1, ::-1]
        return parts.transpose(0, 2, 3, 4, 1).reshape(group * each, *kernel, c // group)

    scales = laid(np.broadcast_to(weights.scale, weights.codes.shape))
    rows = scales.reshape(len(scales), -1)
    contract = "weights need one scale for each output channel, or one (per-channel quantization)"
    require((rows == rows[:, :1]).all(), node.where, contract,
            hint="here it varies along other axes", kind=GraphError)  # fmt: skip
    return laid(weights.codes), rows[:, 0]
