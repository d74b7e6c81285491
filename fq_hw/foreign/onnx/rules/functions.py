"""Functions of one number: a quantizer behind them decides which integers get which code."""

from __future__ import annotations

import math

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.curves import Change
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import OnnxNode, Value, rule

__all__ = ["bent"]

IR = 10  # version of ONNX's files that onnxruntime knows


def executed(importer: Importer, node: OnnxNode, *constants: np.ndarray) -> Change:
    """What onnxruntime makes of values C,N by the node; ``constants`` are its other inputs."""
    named = [numpy_helper.from_array(c, f"constant{n}") for n, c in enumerate(constants)]
    proto = helper.make_node(node.kind, ["x", *(c.name for c in named)], ["y"])
    proto.attribute.extend(node.proto.attribute)
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["C", "N"]) for n in "xy"]
    graph = helper.make_graph([proto], "function", ends[:1], ends[1:], named)
    opset = helper.make_opsetid("", importer.opsets[""])
    content = helper.make_model(graph, opset_imports=[opset], ir_version=IR).SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return lambda x: session.run(None, {"x": np.ascontiguousarray(x, np.float32)})[0]


def bent(
    importer: Importer,
    node: OnnxNode,
    *constants: np.ndarray,
    steep: np.ndarray | float = 1.0,
    most: float = math.inf,
    monotone: bool = True,
) -> Value:
    """The input behind the node's function: no steeper than ``steep``, within 1 of 0 at 0.

    No value is larger than ``most``; ``monotone`` says whether it never turns around.
    """
    x, change = node.feature(), executed(importer, node, *constants)
    return x.on_curve(x.as_curve.bent(change, steep, most, monotone), change)


def number(node: OnnxNode, name: str) -> float:
    """An attribute that is one finite number."""
    found = float(node.attributes[name])
    contract = f"attribute {name} must be within 2**20 of 0"
    require(abs(found) <= 2**20, node.where, contract, found, kind=GraphError)
    return found


@rule("Softplus", "Softsign")
def smooth(importer: Importer, node: OnnxNode) -> Value:
    return bent(importer, node, most=1.0 if node.kind == "Softsign" else math.inf)


@rule("Erf")
def erf(importer: Importer, node: OnnxNode) -> Value:
    return bent(importer, node, steep=2 / math.sqrt(math.pi), most=1.0)


@rule("LeakyRelu", "Elu", honours=("alpha",))
def leaky(importer: Importer, node: OnnxNode) -> Value:
    alpha = number(node, "alpha")
    return bent(importer, node, steep=max(1.0, abs(alpha)), monotone=alpha >= 0)


@rule("Celu", honours=("alpha",))
def celu(importer: Importer, node: OnnxNode) -> Value:
    alpha = number(node, "alpha")
    require(alpha > 0, node.where, "attribute alpha must be above 0", alpha, kind=GraphError)
    return bent(importer, node)


@rule("Selu", honours=("alpha", "gamma"))
def selu(importer: Importer, node: OnnxNode) -> Value:
    alpha, gamma = number(node, "alpha"), number(node, "gamma")
    return bent(importer, node, steep=abs(gamma) * max(1.0, abs(alpha)), monotone=alpha >= 0)


@rule("HardSigmoid", honours=("alpha", "beta"))
def hard_sigmoid(importer: Importer, node: OnnxNode) -> Value:
    number(node, "beta")
    return bent(importer, node, steep=abs(number(node, "alpha")), most=1.0)


@rule("PRelu")
def prelu(importer: Importer, node: OnnxNode) -> Value:
    x = node.feature()
    slope = x.per_channel(node.constant(1), node.where)
    steep = np.maximum(np.abs(slope.astype(np.float64)), 1.0)
    return bent(importer, node, slope[:, None], steep=steep, monotone=bool((slope >= 0).all()))


@rule("Abs", "HardSwish", "Mish")
def turning(importer: Importer, node: OnnxNode) -> Value:
    return bent(importer, node, steep=1.5, monotone=False)


@rule("Gelu", honours=("approximate",))
def gelu(importer: Importer, node: OnnxNode) -> Value:
    return bent(importer, node, steep=1.2, monotone=False)


@rule("Swish", honours=("alpha",))
def swish(importer: Importer, node: OnnxNode) -> Value:
    number(node, "alpha")
    return bent(importer, node, steep=1.2, monotone=False)


@rule("Neg")
def negated(importer: Importer, node: OnnxNode) -> Value:
    x = node.feature()
    return x.times(np.full(x.channels, -1, np.float32), node.where)
