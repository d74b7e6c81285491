"""Factors and terms of each channel: a tensor means something else, none is computed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import OnnxNode, Value, rule
from fq_hw.foreign.onnx.rules.joins import residual, tables
from fq_hw.foreign.onnx.values import Feature

__all__: list[str] = []  # rules declare themselves


@rule("BatchNormalization", honours=("epsilon", "momentum"))  # momentum only moves in training
def norm(importer: Importer, node: OnnxNode) -> Value:
    x = node.feature()
    contract = "normalizes axis 1, but the channels lie on the last axis"
    hint = "put the Transpose behind this node, or leave it out"
    require(x.flat or not x.last, node.where, contract, x.dims, hint=hint, kind=GraphError)
    contract = "behind Flatten it has a parameter for each pixel, which has no hardware"
    hint = "normalize before the tensor is made flat"
    single = not x.flat or x.shape[:2] == (1, 1)
    require(single, node.where, contract, hint=hint, kind=GraphError)
    parameters = [node.constant(n, ndim=1).astype(np.float32) for n in (1, 2, 3, 4)]
    lengths = [len(p) for p in parameters]
    contract = f"parameters must be for {x.channels} channels"
    require(set(lengths) == {x.channels}, node.where, contract, lengths, kind=GraphError)
    gain, bias, mean, var = parameters
    epsilon = node.attributes["epsilon"]
    least = float(var.min()) + epsilon
    require(least > 0, node.where, "variance + epsilon must be above 0", least, kind=GraphError)
    return x.normed(gain, bias, mean, var, epsilon, node.where)


@rule("Mul", "Div")
def multiply(importer: Importer, node: OnnxNode) -> Value:
    x, other = node.split
    if x is None:
        return product(node, *(node.feature(n) for n in (0, 1)))
    factor = x.per_channel(node.constant(other), node.where)
    if node.kind == "Mul":
        return x.times(factor, node.where)
    contract = "must divide by a constant, not a constant by a tensor"
    require(other == 1, node.where, contract, kind=GraphError)
    require(factor.all(), node.where, "must not divide by 0", kind=GraphError)
    return x.over(factor, node.where)


def product(node: OnnxNode, a: Feature, b: Feature) -> Feature:
    """Of two tensors that are functions of the same integers, as in x * Sigmoid(x)."""
    same = node.kind == "Mul" and (a.op, a.dims) == (b.op, b.dims)
    contract = "a product of two computed tensors has no hardware; one must be a constant"
    contract += ", or both functions of one tensor"
    require(same, node.where, contract, kind=GraphError)
    found = tables(a, b, lambda x, y: x * y)
    return replace(a.on_curve(a.as_curve.times(b.as_curve), lambda old: old), **found)


@rule("Add", "Sub")
def add(importer: Importer, node: OnnxNode) -> Value:
    x, other = node.split
    if x is None:
        return residual(importer, node)
    term = x.per_channel(node.constant(other), node.where)
    if node.kind == "Add":
        return x.plus(term, node.where)
    return x.plus(-term, node.where) if other == 1 else x.taken_from(term, node.where)
