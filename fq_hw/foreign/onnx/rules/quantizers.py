"""Quantizers: constants become weights, tensors become levels."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from qonnx.core.datatype import DataType

from fq_hw.errors import GraphError, require
from fq_hw.exact import FAR, exact
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import OnnxNode, Value, rule
from fq_hw.foreign.onnx.quantize import Quantizer, Steps
from fq_hw.foreign.onnx.values import Feature
from fq_hw.foreign.onnx.weights import Weights

__all__ = ["quantized"]

MOST_LEVELS = 2**19  # of a tensor, each computed exactly: 2,048 channels of 8 bits have as many


def quantized(importer: Importer, node: OnnxNode, x: Feature, steps: Steps) -> Feature:
    """The codes of ``steps``: a table on pixels, else thresholds on sums or levels.

    The reference's float32 decides on pixels, and on levels, of which each has one value.
    """
    scale, shift = (np.full(x.channels, value) for value in (steps.scale, steps.shift))
    worth = steps.worth(x.channels).astype(np.float64)
    peak = np.abs(worth[:, [0, steps.edges.shape[1]]]).max(axis=1)
    after = {
        "scale": scale, "shift": shift, "peak": peak, "floor": None,
        "ceiling": None, "levels": True, "edges": steps.edges_of(x.channels), "source": x,
        "pixels": None, "known": worth.astype(np.float32),
    }  # fmt: skip
    if x.pixels is not None:
        codes = steps.reference(x.pixels).astype(np.uint8)
        if (codes == np.arange(256)).all():
            return replace(x, **after)
        table = codes[:1] if (codes == codes[0]).all() else codes
        name = importer.add("embed", node, x.op, table=table[..., None], out_bits=steps.bits)
        return replace(x, op=name, **after)
    many = x.channels * steps.edges.shape[1]
    contract = f"must have at most {MOST_LEVELS:,} levels in all channels together"
    require(many <= MOST_LEVELS, node.where, contract, many, kind=GraphError)
    levels, sign = steps.levels(x) if x.known is None else looked_up(x, steps)
    name = importer.add("threshold", node, x.op, levels=levels, sign=sign, out_bits=steps.bits)
    return replace(x, op=name, **after)


def looked_up(x: Feature, steps: Steps) -> tuple[np.ndarray, np.ndarray]:
    """Levels and signs as ``Steps.levels`` has them, for the codes that float32 gives."""
    falls = x.scale < 0
    codes = steps.reference(x.known).astype(np.int64)  # of each level, ascending or falling
    codes = np.where(falls[:, None], codes[:, ::-1], codes)
    reached = (codes[:, None] < np.arange(1, 2**steps.bits)[:, None]).sum(axis=2)  # the first place
    last = codes.shape[1] - 1
    levels = np.where(falls[:, None], reached - last, reached)
    return np.where(reached > last, FAR, levels), np.where(falls, -1, 1).astype(np.int8)


@rule("Quant", "IntQuant", honours=("signed", "narrow", "rounding_mode"))
def quant(importer: Importer, node: OnnxNode) -> Value:
    scale, zero, width = node.constant(1), node.constant(2), node.number(3)
    quantizer = Quantizer.of(scale, zero, width, node.attributes, node.where)
    if not isinstance(node.value(0), np.ndarray | Weights):
        return quantized(importer, node, node.feature(), quantizer.steps(node.feature()))
    codes = quantizer.codes(node.constant(0))
    return Weights.of(codes, quantizer.scale, node.where, bits=int(width), zero=quantizer.zero)


@rule("BipolarQuant")
def bipolar(importer: Importer, node: OnnxNode) -> Value:
    scale = node.constant(1).astype(np.float32)
    least = float(scale.min(initial=np.inf))
    positive = scale.size and least > 0
    require(positive, node.where, "scale must be positive", least, kind=GraphError)
    if isinstance(node.value(0), np.ndarray | Weights):
        codes = np.where(node.constant(0) >= 0, 1, -1)
        return Weights.of(codes, scale, node.where, bits=1)
    contract = "an activation needs one scale for the whole tensor"
    require(scale.size == 1, node.where, contract, scale.shape, kind=GraphError)
    (step,) = exact(scale).reshape(-1)
    steps = Steps(
        edges=exact(np.zeros((1, 1))),
        exclusive=np.zeros((1, 1), bool),
        scale=2 * step,
        shift=-step,
        reference=lambda real: (real >= 0).astype(np.int64),
    )
    return quantized(importer, node, node.feature(), steps)


@rule("Sign")
def sign(importer: Importer, node: OnnxNode) -> Value:
    steps = Steps(
        edges=exact(np.zeros((1, 2))),
        exclusive=np.array([[False, True]]),  # 0 itself stays 0
        scale=Fraction(1),
        shift=Fraction(-1),
        reference=lambda real: np.sign(real).astype(np.int64) + 1,
    )
    return quantized(importer, node, node.feature(), steps)


@rule("MultiThreshold", honours=("out_scale", "out_bias", "out_dtype", "data_layout"))
def multi_threshold(importer: Importer, node: OnnxNode) -> Value:
    x, edges = node.feature(), node.constant(1, ndim=2).astype(np.float32)
    known = x.layout
    layout = node.attributes["data_layout"] or {2: "NC", 3: "NWC", 4: "NCHW"}[len(x.dims)]
    contract = f"attribute data_layout must be {known}: so the channels lie here"
    require(layout == known, node.where, contract, layout, kind=GraphError)
    fits = len(edges) in (1, x.channels) and 1 <= edges.shape[1] < 256
    contract = f"thresholds must be 1 or {x.channels} rows of 1 to 255"
    require(fits, node.where, contract, edges.shape, kind=GraphError)
    single = not x.flat or x.shape[:2] == (1, 1) or len(edges) == 1
    hint = "threshold before the tensor is made flat"
    contract = "thresholds of each channel cannot stand behind Flatten"
    require(single, node.where, contract, hint=hint, kind=GraphError)
    rises = (edges[:, 1:] >= edges[:, :-1]).all()
    require(rises, node.where, "thresholds must ascend in every row", kind=GraphError)
    scale, shift = (float(node.attributes[name]) for name in ("out_scale", "out_bias"))
    require(scale > 0, node.where, "out_scale must be positive", scale, kind=GraphError)
    check_type(node, scale, shift, edges.shape[1])
    steps = Steps(
        edges=exact(edges),
        exclusive=np.zeros(edges.shape, bool),
        scale=Fraction(scale),
        shift=Fraction(shift),
        reference=lambda real: (real[:, :, None] >= edges[:, None]).sum(axis=2),
    )
    return quantized(importer, node, x, steps)


def check_type(node: OnnxNode, scale: float, shift: float, steps: int) -> None:
    """Refuse an out_dtype that does not hold what the node makes; execution does not look at it."""
    name = node.attributes["out_dtype"]
    try:
        kind = DataType[name]
    except (KeyError, AssertionError, ValueError):
        kind = None
    contract = "attribute out_dtype must be a type that qonnx knows"
    require(kind is not None, node.where, contract, name, kind=GraphError)
    if scale.is_integer() and shift.is_integer():
        low, high = shift, shift + scale * steps
        contract = f"attribute out_dtype must hold the results {low:g} to {high:g}"
        fits = kind.min() <= low and high <= kind.max()
        require(fits, node.where, contract, name, kind=GraphError)
