"""Quantizers: constants become weights, tensors become levels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.fold import Walk
from fq_hw.foreign.onnx.node import Node, Value, rule
from fq_hw.foreign.onnx.quantize import Steps, integer_range, quantizer_steps
from fq_hw.foreign.onnx.values import Feature, Weights

__all__: list[str] = []  # rules declare themselves


def quantized(walk: Walk, node: Node, x: Feature, steps: Steps) -> Feature:
    """The codes of ``steps``: a table on pixels, else thresholds on sums or levels."""
    shape = (x.channels,)
    scale, shift = np.full(shape, steps.scale), np.full(shape, steps.shift)
    after = {
        "scale": scale,
        "shift": shift,
        "floor": None,
        "ceiling": None,
        "levels": True,
        "pixels": False,
    }
    if x.pixels:
        codes = steps.codes(np.tile(np.arange(256), (x.channels, 1)), x).astype(np.uint8)
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
    scale, zero, bits = (node.constant(n).astype(np.float64) for n in (1, 2, 3))
    require(bits.size == 1, node.where, "needs one bit width", bits.shape, kind=GraphError)
    width, attributes = float(bits.reshape(())), node.attributes
    if isinstance(node.inputs[0], Feature):
        steps = quantizer_steps(scale, zero, width, attributes, node.where)
        return quantized(walk, node, node.inputs[0], steps)
    require((scale > 0).all(), node.where, "scale must be positive", scale.min(), kind=GraphError)
    require(not zero.any(), node.where, "weights need zero point 0", zero.max(), kind=GraphError)
    signed, narrow = bool(attributes.get("signed", 1)), bool(attributes.get("narrow", 0))
    real = node.constant(0).astype(np.float64) / scale
    if width == 1 and signed:
        return Weights(codes=np.where(real >= 0, 1, -1), scale=scale)
    low, high = integer_range(width, signed, narrow, node.where)
    mode = attributes.get("rounding_mode", b"ROUND").decode().upper()
    contract = "weights must be rounded by ROUND"
    require(mode in ("ROUND", "HALF_EVEN"), node.where, contract, mode, kind=GraphError)
    codes = np.rint(real.clip(low, high)).astype(np.int64)
    return Weights(codes=codes, scale=scale)


@rule("BipolarQuant")
def bipolar(walk: Walk, node: Node) -> Value:
    scale = node.constant(1).astype(np.float64)
    require((scale > 0).all(), node.where, "scale must be positive", scale.min(), kind=GraphError)
    if not isinstance(node.inputs[0], Feature):
        return Weights(codes=np.where(node.constant(0) >= 0, 1, -1), scale=scale)
    require(
        scale.size == 1, node.where, "an activation needs one scale", scale.shape, kind=GraphError
    )
    step = float(scale.reshape(()))
    edge, closed = np.zeros((1, 1)), np.zeros((1, 1), bool)
    steps = Steps(edges=edge, exclusive=closed, scale=2 * step, shift=-step)
    return quantized(walk, node, node.inputs[0], steps)


@rule("MultiThreshold")
def multi_threshold(walk: Walk, node: Node) -> Value:
    x, edges = node.feature(), node.constant(1).astype(np.float64)
    fits = edges.ndim == 2 and len(edges) in (1, x.channels) and edges.shape[1] < 256
    contract = f"thresholds must be 1 or {x.channels} rows of at most 255"
    require(fits, node.where, contract, edges.shape, kind=GraphError)
    single = not x.flat or x.shape[:2] == (1, 1) or len(edges) == 1
    require(single, node.where, "must come before Flatten", "behind it", kind=GraphError)
    rises = (edges[:, 1:] >= edges[:, :-1]).all()
    require(rises, node.where, "thresholds must ascend", "these", kind=GraphError)
    scale = float(node.attributes.get("out_scale", 1.0))
    require(scale > 0, node.where, "out_scale must be positive", scale, kind=GraphError)
    shift = float(node.attributes.get("out_bias", 0.0))
    steps = Steps(edges=edges, exclusive=np.zeros(edges.shape, bool), scale=scale, shift=shift)
    return quantized(walk, node, x, steps)
