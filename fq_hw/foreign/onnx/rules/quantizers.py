"""Quantizers: constants become weights, tensors become levels."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.exact import exact
from fq_hw.foreign.onnx.fold import Walk
from fq_hw.foreign.onnx.node import Node, Value, rule
from fq_hw.foreign.onnx.quantize import Quantizer, Steps
from fq_hw.foreign.onnx.values import Feature, Weights

__all__: list[str] = []  # rules declare themselves


def quantized(walk: Walk, node: Node, x: Feature, steps: Steps) -> Feature:
    """The codes of ``steps``: a table on pixels, else thresholds on sums or levels."""
    scale, shift = (np.full(x.channels, value) for value in (steps.scale, steps.shift))
    ends = [abs(float(steps.scale * code + steps.shift)) for code in (0, steps.edges.shape[1])]
    after = {
        "scale": scale, "shift": shift, "peak": np.full(x.channels, max(ends)), "floor": None,
        "ceiling": None, "levels": True, "edges": steps.edges_of(x.channels), "pixels": None,
    }  # fmt: skip
    if x.pixels is not None:
        codes = steps.reference(x.pixels).astype(np.uint8)
        if (codes == np.arange(256)).all():
            return replace(x, **after)
        table = codes[:1] if (codes == codes[0]).all() else codes
        name = walk.add("embed", node, x.op, table=table[..., None], out_bits=steps.bits)
        return replace(x, op=name, **after)
    levels, sign = steps.levels(x)
    name = walk.add("threshold", node, x.op, levels=levels, sign=sign, out_bits=steps.bits)
    return replace(x, op=name, **after)


@rule("Quant", "IntQuant")
def quant(walk: Walk, node: Node) -> Value:
    scale, zero, bits = (node.constant(n) for n in (1, 2, 3))
    require(bits.size == 1, node.where, "needs one bit width", bits.shape, kind=GraphError)
    width = float(bits.reshape(()))
    quantizer = Quantizer.of(scale, zero, width, node.attributes, node.where)
    if isinstance(node.inputs[0], Feature):
        return quantized(walk, node, node.inputs[0], quantizer.steps())
    contract = "weights need zero point 0"
    require(not zero.any(), node.where, contract, float(zero.max()), kind=GraphError)
    return Weights(codes=quantizer.codes(node.constant(0)), scale=quantizer.scale)


@rule("BipolarQuant")
def bipolar(walk: Walk, node: Node) -> Value:
    scale = np.asarray(node.constant(1), np.float32)
    least = float(scale.min(initial=np.inf))
    require((scale > 0).all(), node.where, "scale must be positive", least, kind=GraphError)
    if not isinstance(node.inputs[0], Feature):
        return Weights(codes=np.where(node.constant(0) >= 0, 1, -1), scale=scale)
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
    return quantized(walk, node, node.inputs[0], steps)


@rule("MultiThreshold")
def multi_threshold(walk: Walk, node: Node) -> Value:
    x, edges = node.feature(), np.asarray(node.constant(1), np.float32)
    fits = edges.ndim == 2 and len(edges) in (1, x.channels) and edges.shape[1] < 256
    contract = f"thresholds must be 1 or {x.channels} rows of at most 255"
    require(fits, node.where, contract, edges.shape, kind=GraphError)
    single = not x.flat or x.shape[:2] == (1, 1) or len(edges) == 1
    require(single, node.where, "must come before Flatten", "behind it", kind=GraphError)
    rises = (edges[:, 1:] >= edges[:, :-1]).all()
    require(rises, node.where, "thresholds must ascend in every row", kind=GraphError)
    scale = float(node.attributes.get("out_scale", 1.0))
    require(scale > 0, node.where, "out_scale must be positive", scale, kind=GraphError)
    steps = Steps(
        edges=exact(edges),
        exclusive=np.zeros(edges.shape, bool),
        scale=Fraction(scale),
        shift=Fraction(float(node.attributes.get("out_bias", 0.0))),
        reference=lambda real: (real[:, :, None] >= edges[:, None]).sum(axis=2),
    )
    return quantized(walk, node, x, steps)
