"""Other shapes of the same numbers: flat ones, other orders of axes, none at all."""

from __future__ import annotations

import math
from dataclasses import replace

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.fold import Walk
from fq_hw.foreign.onnx.node import Node, Value, rule
from fq_hw.foreign.onnx.values import Feature, Weights

__all__: list[str] = []  # rules declare themselves


@rule("Flatten", "Reshape", "Squeeze")
def flatten(walk: Walk, node: Node) -> Value:
    x = node.feature()
    size = math.prod(x.shape)
    if node.proto.op_type == "Flatten":
        flat = node.attributes.get("axis", 1) in (1, -3)
    elif node.proto.op_type == "Reshape":
        target = node.constant(1).tolist()
        flat = len(target) == 2 and target[1] in (-1, size) and target[0] in (-1, 0, 1)
    else:
        flat = x.shape[:2] == (1, 1)
    contract = f"must make the tensor flat: N,{size}"
    require(flat, node.where, contract, "another shape", kind=GraphError)
    return replace(x, flat=True)


@rule("Transpose")
def transpose(walk: Walk, node: Node) -> Value:
    axes = list(node.attributes["perm"])
    if not isinstance(node.inputs[0], Feature):
        if isinstance(node.inputs[0], Weights):
            return node.inputs[0].transposed(axes)
        return node.constant(0).transpose(axes)
    x = node.feature()
    known = {False: [0, 2, 3, 1], True: [0, 3, 1, 2]}[x.last]
    require(
        axes == known and not x.flat, node.where, f"perm must be {known}", axes, kind=GraphError
    )
    return replace(x, last=not x.last)


@rule("Identity", "Dropout")
def identity(walk: Walk, node: Node) -> Value:
    return node.inputs[0]
