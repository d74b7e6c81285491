"""Quantizers: constants become weights, tensors become levels."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from qonnx.core.datatype import DataType

from fq_hw.errors import GraphError, require
from fq_hw.exact import FAR, exact
from fq_hw.foreign.onnx.crossings import Crossings, crossings
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import OnnxNode, Value, rule
from fq_hw.foreign.onnx.quantize import MOST_BITS, Quantizer, Steps
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
        "curve": None,
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
    if x.known is None and x.curve is None:
        levels, sign = steps.levels(x)
        name = importer.add("threshold", node, x.op, levels=levels, sign=sign, out_bits=steps.bits)
    elif x.known is not None:
        name = looked_up(importer, node, x, steps)
    else:
        kind, count = importer.types[x.op], steps.edges.shape[1]
        found = crossings(x.curve, steps.reference, kind.low, kind.high, count, node.where)
        name = counted(importer, node, x, found, steps.bits)
    return replace(x, op=name, **after)


def looked_up(importer: Importer, node: OnnxNode, x: Feature, steps: Steps) -> str:
    """The op that gives each level the code that float32 does: thresholds, or a table."""
    codes = steps.reference(x.known).astype(np.int64)
    found = Crossings.of(codes)
    turns = any(len(up) and len(down) for up, down in zip(found.ups, found.downs, strict=True))
    if turns and (codes == codes[0]).all():
        return importer.add("lookup", node, x.op, table=codes[0])
    return counted(importer, node, x, found, steps.bits)


def counted(importer: Importer, node: OnnxNode, x: Feature, found: Crossings, bits: int) -> str:
    """The op that counts the places where codes of so many bits change.

    Where a channel both rises and falls: those above which it rises, and those below which it
    falls, added.
    """
    most = 2**bits - 1
    falls = np.array([len(down) > 0 for down in found.downs])
    if not any(len(up) and len(down) for up, down in zip(found.ups, found.downs, strict=True)):
        pairs = zip(found.first.tolist(), found.ups, found.downs, strict=True)
        rows = [level_row(first - len(down), up if len(up) else 1 - down[::-1], most)
                for first, up, down in pairs]  # fmt: skip
        sign = np.where(falls, -1, 1).astype(np.int8)
        return importer.add("threshold", node, x.op, levels=np.stack(rows), sign=sign,
                            out_bits=bits)  # fmt: skip
    parts = []
    for suffix, sign, ways in (
        (".rising", 1, found.ups),
        (".falling", -1, [1 - down[::-1] for down in found.downs]),
    ):
        width = max(max(map(len, ways)).bit_length(), 1)
        contract = f"codes must change at most {2**MOST_BITS - 1} times each way"
        require(width <= MOST_BITS, node.where, contract, max(map(len, ways)), kind=GraphError)
        levels = np.stack([level_row(0, way, 2**width - 1) for way in ways])
        parts.append(importer.add("threshold", node, x.op, suffix=suffix, levels=levels,
                                  sign=np.full(x.channels, sign, np.int8), out_bits=width,
                                  scale=1.0))  # fmt: skip
    name = importer.add("add", node, *parts, suffix=".both")
    least = found.first - np.array([len(down) for down in found.downs])
    if least.any():
        name = importer.add("bias", node, name, suffix=".least", bias=least)
    return importer.add("requantize", node, name, shift=0, out_bits=bits)


def level_row(always: int, levels: np.ndarray, count: int) -> np.ndarray:
    """``count`` levels: so many that are always reached, these, and others that never are."""
    row = np.full(count, FAR)
    row[:always] = -FAR
    row[always : always + len(levels)] = levels
    return row


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
