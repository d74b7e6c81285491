"""Two branches become one tensor: sums and concatenations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.fold import Walk
from fq_hw.foreign.onnx.node import Node, Value, rule
from fq_hw.foreign.onnx.values import Feature, uniform

__all__: list[str] = []  # rules declare themselves


def residual(walk: Walk, node: Node) -> Feature:
    """The sum of two tensors whose units are worth the same."""
    a, b = (node.feature(n).unclamped(node.where) for n in (0, 1))
    same = a.shape == b.shape and (a.last, a.flat) == (b.last, b.flat)
    require(same, node.where, f"both inputs must be {a.dims}", b.dims, kind=GraphError)
    units = [uniform(x.scale) for x in (a, b)]
    contract = (
        "both inputs need one and the same scale for all channels; quantize both by one "
        "Quant node, or with equal scales"
    )
    equal = None not in units and uniform(np.array(units)) is not None and units[0] > 0
    found = [unit and float(unit) for unit in units]
    require(equal, node.where, contract, found, kind=GraphError)
    for x in (a, b):
        walk.set_scale(x.op, found[0])
    first, second = in_order(walk, a, b)
    name = walk.add("add", node, first.op, second.op)
    return replace(a, op=name, shift=a.shift + b.shift, peak=a.peak + b.peak, edges=None,
                   levels=a.levels and b.levels, pixels=None)  # fmt: skip


def in_order(walk: Walk, a: Feature, b: Feature) -> tuple[Feature, Feature]:
    """The branch first, then what skips it: the one with more convolutions behind it first."""

    def depth(name: str) -> int:
        node = next(n for n in walk.nodes if n["name"] == name)
        return max((depth(n) for n in node["inputs"]), default=0) + (node["op"] == "conv")

    return (a, b) if depth(a.op) >= depth(b.op) else (b, a)


@rule("Concat")
def concat(walk: Walk, node: Node) -> Value:
    if not any(isinstance(value, Feature) for value in node.inputs):
        axis = node.attributes["axis"]
        return np.concatenate([node.constant(n) for n in range(len(node.inputs))], axis)
    features = [node.feature(n).unclamped(node.where) for n in range(len(node.inputs))]
    axis = node.attributes["axis"] % len(features[0].dims)
    channels = len(features[0].dims) - 1 if features[0].last else 1
    single = not features[0].flat or features[0].shape[:2] == (1, 1)
    require(
        axis == channels and single,
        node.where,
        "must join channels",
        f"axis {axis}",
        kind=GraphError,
    )
    joined = features[0]
    for number, x in enumerate(features[1:], 1):
        same = joined.shape[:2] == x.shape[:2] and (joined.last, joined.flat) == (x.last, x.flat)
        require(same, node.where, f"inputs must be {joined.dims}", x.dims, kind=GraphError)
        first, second = in_order(walk, joined, x)
        suffix = "" if number == len(features) - 1 else f".{number}"
        name = walk.add("concat", node, first.op, second.op, suffix=suffix,
                        swapped=first is not joined)  # fmt: skip
        joined = replace(
            joined,
            op=name,
            shape=(*x.shape[:2], joined.channels + x.channels),
            scale=np.concatenate([joined.scale, x.scale]),
            shift=np.concatenate([joined.shift, x.shift]),
            peak=np.concatenate([joined.peak, x.peak]),
            levels=joined.levels and x.levels,
            edges=None,
            pixels=None,
        )
    return joined
