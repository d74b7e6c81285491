"""Clamps that something must undo before sums: a Relu or Clip that stands behind a quantizer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.exact import FAR
from fq_hw.foreign.onnx.codes import Codes
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import OnnxNode, Value, rule
from fq_hw.foreign.onnx.values import NOT_AFFINE, Feature

__all__ = ["settled"]


@rule("Relu")
def relu(importer: Importer, node: OnnxNode) -> Value:
    return clamped(node, 0.0, np.inf)


@rule("Clip", honours=("min", "max"))
def clip(importer: Importer, node: OnnxNode) -> Value:
    low, high = (
        node.number(n) if node.given(n) else float(node.attributes.get(name, default))
        for n, name, default in ((1, "min", -np.inf), (2, "max", np.inf))
    )
    contract = "min must not be above max"
    require(low <= high, node.where, contract, (low, high), kind=GraphError)
    return clamped(node, low, high)


def clamped(node: OnnxNode, low: float, high: float) -> Value:
    """The input within the two ends; codes between a QuantizeLinear and its partner too."""
    x = node.value(0)
    if isinstance(x, Codes):
        return x.clipped(low, high)
    if isinstance(x, np.ndarray):  # codes of weights
        return x.clip(low, high).astype(x.dtype)
    return node.feature().clamped(low, high)


def settled(importer: Importer, node: OnnxNode, x: Feature) -> Feature:
    """The same real numbers without a clamp: what sums, joins and averages need.

    A clamp that no value reaches goes. One of levels becomes a level of its own, where it lies on
    one: fewer codes. Raises GraphError for other clamps.
    """
    if x.free:
        return x
    require(x.curve is None, node.where, NOT_AFFINE, kind=GraphError)
    kind, (lowest, highest) = importer.types[x.op], importer.real_range(x)
    floor = lowest if x.floor is None else np.maximum(x.floor, lowest)
    ceiling = highest if x.ceiling is None else np.minimum(x.ceiling, highest)
    if (floor == lowest).all() and (ceiling == highest).all():
        return replace(x, floor=None, ceiling=None)
    contract = "a quantizer must stand between a Relu or Clip and what follows it"
    fits = x.levels and x.pixels is None and (x.scale > 0).all()
    require(fits, node.where, contract, kind=GraphError)
    ends = [(end - x.shift) / x.scale for end in (floor, ceiling)]
    contract = "a Relu or Clip behind a quantizer must end on one of its levels"
    on = all(end.denominator == 1 for end in np.concatenate(ends))
    require(on, node.where, contract, kind=GraphError)
    low, high = (np.clip(end.astype(np.int64), kind.low, kind.high) for end in ends)
    most = int((high - low).max())
    contract = "a clamp of levels must leave 2 to 256 of them"
    require(1 <= most < 256, node.where, contract, most + 1, kind=GraphError)
    bits = most.bit_length()
    steps = np.arange(1, 2**bits)
    levels = np.where(steps <= (high - low)[:, None], low[:, None] + steps, FAR)
    name = importer.add("threshold", node, x.op, suffix=".clamp", levels=levels,
                    sign=np.ones(x.channels, np.int8), out_bits=bits)  # fmt: skip
    return replace(x, op=name, shift=x.shift + x.scale * low.astype(object), floor=None,
                   ceiling=None, edges=None, source=None, known=None)  # fmt: skip
