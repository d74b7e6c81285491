"""Two branches become one tensor: sums and concatenations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.fold import Walk
from fq_hw.foreign.onnx.node import Node, Value, rule
from fq_hw.foreign.onnx.rules.clamps import settled
from fq_hw.foreign.onnx.values import Feature, uniform

__all__ = ["residual"]


def alike(a: Feature, b: Feature) -> bool:
    """Whether both lay their pixels out in the same way."""
    return a.shape[:2] == b.shape[:2] and (a.last, a.flat) == (b.last, b.flat)


def residual(walk: Walk, node: Node) -> Feature:
    """The sum of two tensors whose units are worth the same."""
    a, b = (settled(walk, node, node.feature(n)) for n in (0, 1))
    contract = f"both inputs must have one shape, here {a.dims}"
    require(alike(a, b) and a.channels == b.channels, node.where, contract, b.dims,
            kind=GraphError)  # fmt: skip
    sign = -1 if node.kind == "Sub" else 1
    if a.op == b.op:  # one tensor twice: another scale of it
        return replace(a, scale=a.scale + sign * b.scale, shift=a.shift + sign * b.shift,
                       peak=a.peak + b.peak, edges=None, source=None, pixels=None)  # fmt: skip
    contract = "a difference of two computed tensors has no hardware; add them"
    require(sign == 1, node.where, contract, kind=GraphError)
    units = [uniform(x.scale) for x in (a, b)]
    contract = "both inputs need one and the same scale for all channels"
    hint = "quantize both by one Quant node, or with equal scales"
    equal = None not in units and uniform(np.array(units)) is not None and units[0] > 0
    found = [unit and float(unit) for unit in units]
    require(equal, node.where, contract, found, hint=hint, kind=GraphError)
    for x in (a, b):
        walk.set_scale(x.op, found[0])
    first, second = in_order(walk, a, b)
    name = walk.add("add", node, first.op, second.op)
    return replace(a, op=name, shift=a.shift + b.shift, peak=a.peak + b.peak, edges=None,
                   source=None, levels=a.levels and b.levels, pixels=None)  # fmt: skip


def in_order(walk: Walk, a: Feature, b: Feature) -> tuple[Feature, Feature]:
    """The branch first, then what skips it: the one with more convolutions behind it first."""

    def depth(name: str) -> int:
        node = next(n for n in walk.nodes if n["name"] == name)
        return max((depth(n) for n in node["inputs"]), default=0) + (node["op"] == "conv")

    return (a, b) if depth(a.op) >= depth(b.op) else (b, a)


@rule("Concat", honours=("axis",))
def concat(walk: Walk, node: Node) -> Value:
    features = [settled(walk, node, node.feature(n)) for n in range(len(node.inputs))]
    joined, rank = features[0], len(features[0].dims)
    axis, channels = node.attributes["axis"], rank - 1 if joined.last else 1
    contract = f"must join the channels, axis {channels}"
    place = -rank <= axis < rank and axis % rank == channels
    require(place, node.where, contract, axis, kind=GraphError)
    single = not joined.flat or joined.shape[:2] == (1, 1)
    hint = "join the tensors before they are made flat"
    contract = "flat images cannot be joined"
    require(single, node.where, contract, joined.dims, hint=hint, kind=GraphError)
    for number, x in enumerate(features[1:], 1):
        contract = f"inputs must be {joined.shape[0]} x {joined.shape[1]} pixels, laid out alike"
        require(alike(joined, x), node.where, contract, x.dims, kind=GraphError)
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
            source=None,
            pixels=None,
        )
    return joined
