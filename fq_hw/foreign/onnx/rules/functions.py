"""Functions of one number: a quantizer behind them decides which integers get which code."""

from __future__ import annotations

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx import reference
from fq_hw.foreign.onnx.curves import Change
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import OnnxNode, Value, rule

__all__ = ["bent"]

SMOOTH = 1.0  # about as large are the numbers in a smooth function's approximation


def executed(importer: Importer, node: OnnxNode, *constants: np.ndarray) -> Change:
    """What onnxruntime makes of values C,N by the node; ``constants`` are its other inputs."""
    run = reference.executed(node.proto, constants, importer.opsets[""])
    return lambda x: run(x)[0]


def bent(
    importer: Importer, node: OnnxNode, *constants: np.ndarray, least: float = SMOOTH
) -> Value:
    """The input behind the node's function, which never turns around."""
    x, change = node.feature(), executed(importer, node, *constants)
    return x.on_curve(x.as_curve.then(change, least), change)


def turned(
    importer: Importer,
    node: OnnxNode,
    *constants: np.ndarray,
    steep: float = 1.5,
    least: float = SMOOTH,
) -> Value:
    """The input behind the node's function, which may, and is nowhere steeper than that."""
    x, change = node.feature(), executed(importer, node, *constants)
    return x.on_curve(x.as_curve.turned(change, steep, least), change)


def number(node: OnnxNode, name: str) -> float:
    """An attribute that is one finite number."""
    found = float(node.attributes[name])
    contract = f"attribute {name} must be within 2**20 of 0"
    require(abs(found) <= 2**20, node.where, contract, found, kind=GraphError)
    return found


@rule("Elu", honours=("alpha",))
def elu(importer: Importer, node: OnnxNode) -> Value:
    alpha = number(node, "alpha")
    if alpha >= 0:
        return bent(importer, node)
    return turned(importer, node, steep=max(1.0, -alpha))


@rule("Erf", "Softplus", "Softsign")
def smooth(importer: Importer, node: OnnxNode) -> Value:
    return bent(importer, node)


@rule("LeakyRelu", honours=("alpha",))
def leaky(importer: Importer, node: OnnxNode) -> Value:
    alpha = number(node, "alpha")
    if alpha >= 0:
        return bent(importer, node, least=0.0)
    return turned(importer, node, steep=max(1.0, -alpha), least=0.0)


@rule("Celu", honours=("alpha",))
def celu(importer: Importer, node: OnnxNode) -> Value:
    alpha = number(node, "alpha")
    require(alpha > 0, node.where, "attribute alpha must be above 0", alpha, kind=GraphError)
    return bent(importer, node)


@rule("Selu", honours=("alpha", "gamma"))
def selu(importer: Importer, node: OnnxNode) -> Value:
    alpha, gamma = number(node, "alpha"), number(node, "gamma")
    if alpha >= 0:
        return bent(importer, node)
    return turned(importer, node, steep=abs(gamma) * max(1.0, -alpha))


@rule("HardSigmoid", honours=("alpha", "beta"))
def hard_sigmoid(importer: Importer, node: OnnxNode) -> Value:
    for name in ("alpha", "beta"):
        number(node, name)  # refuses what is not finite
    return bent(importer, node)


@rule("PRelu")
def prelu(importer: Importer, node: OnnxNode) -> Value:
    x = node.feature()
    slope = x.per_channel(node.constant(1), node.where)[:, None]
    if (slope >= 0).all():
        return bent(importer, node, slope, least=0.0)
    steep = float(np.abs(slope).max(initial=1))
    return turned(importer, node, slope, steep=steep, least=0.0)


@rule("Abs")
def absolute(importer: Importer, node: OnnxNode) -> Value:
    return turned(importer, node, least=0.0)


@rule("HardSwish", "Mish")
@rule("Gelu", honours=("approximate",))
def turning(importer: Importer, node: OnnxNode) -> Value:
    return turned(importer, node)


@rule("Swish", honours=("alpha",))
def swish(importer: Importer, node: OnnxNode) -> Value:
    number(node, "alpha")
    return turned(importer, node)


@rule("Neg")
def negated(importer: Importer, node: OnnxNode) -> Value:
    x = node.feature()
    return x.times(np.full(x.channels, -1, np.float32), node.where)
