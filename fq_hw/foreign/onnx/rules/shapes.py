"""Other shapes of the same numbers: flat ones, other orders of axes, none at all."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from onnx import TensorProto

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.moved import Moved
from fq_hw.foreign.onnx.node import OnnxNode, Value, rule
from fq_hw.foreign.onnx.rules.moves import moved, moves_on
from fq_hw.foreign.onnx.values import Feature, Ranking
from fq_hw.foreign.onnx.weights import Weights

__all__: list[str] = []  # rules declare themselves


def reshaped(importer: Importer, node: OnnxNode, x: Feature) -> Value:
    """The tensor in the shape that ONNX infers from the node's attributes and inputs."""
    single = x.shape[:2] == (1, 1)  # of one pixel both layouts are one
    ways = [(x.last, x.row), (x.last, not x.row)]
    ways += [(not x.last, row) for row in (x.row, not x.row)] if single else []
    known = [x, replace(x, flat=True)]
    known += [replace(x, flat=False, last=last, row=row) for last, row in ways
              if not row or 1 in x.shape[:2]]  # fmt: skip
    fit = [y for y in known if y.dims == node.result]
    if not fit and moves_on(importer, node.proto.output[0]):
        return moved(importer, node)
    flat = (1, math.prod(x.shape))
    contract = f"of {x.dims} it must make {flat}, or the image that was made flat"
    hint = "the first axis is for the images of a batch; keep it"
    require(fit, node.where, contract, node.result, hint=hint, kind=GraphError)
    return fit[0]


@rule("Flatten", honours=("axis",))
@rule("Reshape", honours=("allowzero",))
@rule("Squeeze", "Unsqueeze", honours=("axes",))
def reshape(importer: Importer, node: OnnxNode) -> Value:
    x = node.value(0)
    if isinstance(x, Ranking):
        return x
    if isinstance(x, Weights):
        contract = "quantized weights cannot change their shape"
        hint = "reshape them before their quantizer"
        same = x.codes.shape == node.result
        require(same, node.where, contract, node.result, hint=hint, kind=GraphError)
        return x
    if isinstance(x, Moved):
        return moved(importer, node)
    return reshaped(importer, node, node.feature())


@rule("Transpose", honours=("perm",))
def transpose(importer: Importer, node: OnnxNode) -> Value:
    x, axes = node.value(0), node.attributes["perm"]
    if isinstance(x, np.ndarray | Weights):
        rank = (x.codes if isinstance(x, Weights) else x).ndim
        axes = list(range(rank))[::-1] if axes is None else list(axes)
        contract = f"attribute perm must order {rank} axes"
        require(sorted(axes) == list(range(rank)), node.where, contract, axes, kind=GraphError)
        return x.transposed(axes) if isinstance(x, Weights) else x.transpose(axes)
    if isinstance(x, Moved):
        return moved(importer, node)
    x = node.feature()
    axes = list(range(len(x.dims)))[::-1] if axes is None else list(axes)
    if axes == list(range(len(x.dims))):
        return x
    other = replace(x, last=not x.last)
    known = [x.layout.index(letter) for letter in other.layout]
    contract = f"attribute perm must be {known}, to {','.join(other.layout)}"
    if (axes != known or x.flat) and moves_on(importer, node.proto.output[0]):
        return moved(importer, node)
    require(axes == known and not x.flat, node.where, contract, axes, kind=GraphError)
    return other


@rule("Identity")
def identity(importer: Importer, node: OnnxNode) -> Value:
    return node.value(0)


@rule("Dropout", honours=("ratio", "seed"))  # of training alone
def dropout(importer: Importer, node: OnnxNode) -> Value:
    ratio = node.number(1) if node.given(1) else node.attributes.get("ratio", 0.5)
    require(0 <= ratio < 1, node.where, "ratio must be in 0..1", ratio, kind=GraphError)
    training = node.given(2) and bool(node.number(2))
    require(not training, node.where, "input training_mode must be false", True, kind=GraphError)
    return node.value(0)


@rule("Cast", honours=("to",))
def cast(importer: Importer, node: OnnxNode) -> Value:
    x, to = node.value(0), node.attributes["to"]
    allowed = [TensorProto.FLOAT]
    if isinstance(x, Ranking) and x.label:
        allowed += [TensorProto.INT32, TensorProto.INT64, TensorProto.DOUBLE]
    names = [TensorProto.DataType.Name(n) for n in allowed]
    contract = f"attribute to must be {' or '.join(names)}"
    require(to in allowed, node.where, contract, to, kind=GraphError)
    return x if isinstance(x, Ranking | Weights) else node.feature()
