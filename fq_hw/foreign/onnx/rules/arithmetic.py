"""Factors, terms and clamps of each channel: a tensor means something else, none is computed."""

from __future__ import annotations

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.fold import Walk
from fq_hw.foreign.onnx.node import Node, Value, rule
from fq_hw.foreign.onnx.rules.joins import residual

__all__: list[str] = []  # rules declare themselves


@rule("BatchNormalization")
def norm(walk: Walk, node: Node) -> Value:
    x = node.feature()
    parameters = [np.asarray(node.constant(n), np.float32).reshape(-1) for n in (1, 2, 3, 4)]
    fits = {len(p) for p in parameters} <= {1, x.channels}
    contract = f"parameters must be of {x.channels} channels"
    require(fits, node.where, contract, [len(p) for p in parameters], kind=GraphError)
    gain, bias, mean, var = (np.broadcast_to(p, x.channels) for p in parameters)
    epsilon = node.attributes.get("epsilon", float(np.float32(1e-5)))
    positive = (var + epsilon > 0).all()
    require(positive, node.where, "variance + epsilon must be above 0", float(var.min() + epsilon),
            kind=GraphError)  # fmt: skip
    return x.normed(gain, bias, mean, var, epsilon, node.where)


@rule("Mul", "Div")
def multiply(walk: Walk, node: Node) -> Value:
    x, other = node.split
    require(x is not None, node.where, "must have a constant factor", kind=GraphError)
    factor = x.per_channel(node.constant(other), node.where)
    if node.proto.op_type == "Mul":
        return x.times(factor, node.where)
    require(other == 1, node.where, "must divide by a constant", kind=GraphError)
    require(factor.all(), node.where, "must not divide by 0", kind=GraphError)
    return x.over(factor, node.where)


@rule("Add", "Sub")
def add(walk: Walk, node: Node) -> Value:
    x, other = node.split
    if x is None:
        require(node.proto.op_type == "Add", node.where, "must add two tensors, not subtract them",
                kind=GraphError)  # fmt: skip
        return residual(walk, node)
    term = x.per_channel(node.constant(other), node.where)
    if node.proto.op_type == "Add":
        return x.plus(term, node.where)
    return x.plus(-term, node.where) if other == 1 else x.taken_from(term, node.where)


@rule("Relu")
def relu(walk: Walk, node: Node) -> Value:
    return node.feature().clamped(0, np.inf)


@rule("Clip")
def clip(walk: Walk, node: Node) -> Value:
    low, high = (
        float(node.constant(n).reshape(())) if node.given(n) else default
        for n, default in ((1, -np.inf), (2, np.inf))
    )
    return node.feature().clamped(low, high)
