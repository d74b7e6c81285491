"""What a model ends in: the class of the highest score."""

from __future__ import annotations

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.fold import Walk
from fq_hw.foreign.onnx.node import Node, Value, rule

__all__: list[str] = []  # rules declare themselves


@rule("TopK", "ArgMax")
def label(walk: Walk, node: Node) -> Value:
    x = node.feature()
    if node.proto.op_type == "TopK":
        most = int(np.asarray(node.constant(1)).reshape(-1)[0])
        require(most == 1, node.where, "K must be 1", most, kind=GraphError)
    walk.label = node.proto.input[0]
    return x
