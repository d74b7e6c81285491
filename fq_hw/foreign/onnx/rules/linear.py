"""ONNX's own quantizers, QuantizeLinear and DequantizeLinear, of bytes with a zero point."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.exact import exact
from fq_hw.foreign.onnx.codes import Codes
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import OnnxNode, Value, rule
from fq_hw.foreign.onnx.quantize import Steps
from fq_hw.foreign.onnx.rules.quantizers import quantized
from fq_hw.foreign.onnx.values import Feature
from fq_hw.foreign.onnx.weights import Weights

__all__: list[str] = []  # rules declare themselves

WIDTHS = {f"{sign}int{bits}": bits for sign in ("", "u") for bits in (2, 4, 8, 16, 32)}


def scales(node: OnnxNode) -> tuple[np.ndarray, np.ndarray]:
    """Scale and zero point; the latter may be left out."""
    scale = node.constant(1).astype(np.float32)
    least = float(scale.min(initial=np.inf))
    positive = scale.size and least > 0
    require(positive, node.where, "scale must be positive", least, kind=GraphError)
    zero = node.constant(2) if node.given(2) else np.zeros(scale.shape, np.uint8)
    if scale.size == zero.size == 1:  # onnxruntime gives a bias one of either kind
        zero = zero.reshape(scale.shape)
    contract = f"zero point must have the shape {scale.shape} of the scale"
    require(zero.shape == scale.shape, node.where, contract, zero.shape, kind=GraphError)
    return scale, zero


def along(node: OnnxNode, shape: tuple[int, ...], part: np.ndarray) -> np.ndarray:
    """A scale or zero point for each index of the node's axis, as it broadcasts to ``shape``."""
    if part.size == 1:
        return part.reshape(())
    axis = int(node.attributes.get("axis", 0))  # before opset 13 one scale served all
    fits = part.ndim == 1 and -len(shape) <= axis < len(shape) and shape[axis] == part.size
    contract = f"needs one scale, or one for each index of axis {axis} of {shape}"
    require(fits, node.where, contract, part.shape, kind=GraphError)
    return part.reshape([-1 if n == axis % len(shape) else 1 for n in range(len(shape))])


def of_channels(
    node: OnnxNode, x: Feature, scale: np.ndarray, zero: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Scale float32 and zero point int64 of an activation: one, or one for each channel."""
    if scale.size == 1:
        return scale.reshape(1), zero.reshape(1).astype(np.int64)
    parts = (x.per_channel(along(node, x.dims, part), node.where) for part in (scale, zero))
    real, origin = parts
    return real, origin.astype(np.int64)


@rule("QuantizeLinear", honours=("axis",))
def quantize_linear(importer: Importer, node: OnnxNode) -> Value:
    scale, zero = scales(node)
    kind = zero.dtype
    contract = "codes must be int8 or uint8, as the zero point says"
    require(kind in (np.int8, np.uint8), node.where, contract, kind.name, kind=GraphError)
    low, high = int(np.iinfo(kind).min), int(np.iinfo(kind).max)
    if isinstance(node.value(0), np.ndarray | Weights):
        real = node.constant(0).astype(np.float32)
        step, origin = (along(node, real.shape, part) for part in (scale, zero))
        return (np.rint(real / step) + origin).clip(low, high).astype(kind)
    x = node.feature()
    real, origin = (part[:, None] for part in of_channels(node, x, scale, zero))
    upper = np.arange(low + 1, high + 1) - origin  # rounded before the zero point
    steps = Steps(
        edges=(upper.astype(object) - Fraction(1, 2)) * exact(real),
        exclusive=upper % 2 == 1,
        scale=Fraction(1),
        shift=Fraction(low),
        reference=lambda values: (np.rint(values / real) + origin).clip(low, high) - low,
    )
    return Codes(x=x, steps=steps, element=kind)


@rule("DequantizeLinear", honours=("axis",))
def dequantize_linear(importer: Importer, node: OnnxNode) -> Value:
    scale, zero = scales(node)
    found = node.value(0)
    if isinstance(found, Codes):
        real, origin = of_channels(node, found.x, scale, zero)
        step = exact(real)
        shift = step * (found.steps.shift - origin.astype(object))
        steps = replace(found.steps, scale=step, shift=shift)
        return quantized(importer, node, found.x, steps)
    known = isinstance(found, np.ndarray) and found.dtype.name in WIDTHS
    contract = "must read integer constants, or come behind a QuantizeLinear node"
    require(known, node.where, contract, kind=GraphError)
    step, origin = (along(node, found.shape, part) for part in (scale, zero))
    return Weights.of(found.astype(np.int64), step, node.where, bits=WIDTHS[found.dtype.name],
                      zero=origin.astype(np.int64))  # fmt: skip
