"""What a model ends in: the class of the highest score, or functions that keep the ranking."""

from __future__ import annotations

import onnx

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import OnnxNode, Value, rule
from fq_hw.foreign.onnx.rules.functions import bent
from fq_hw.foreign.onnx.values import Feature, Ranking

__all__: list[str] = []  # rules declare themselves

LAST = (
    "ArgMax", "Cast", "Dropout", "Flatten", "Identity", "LogSoftmax", "Reshape", "Sigmoid",
    "Softmax", "Squeeze", "Tanh", "TopK", "Transpose", "Unsqueeze",
)  # fmt: skip


def scores(node: OnnxNode) -> tuple[str, Feature]:
    """The tensor that ranks the classes, and what is known of it: one number for each class."""
    found, name = node.value(0), node.proto.input[0]
    if isinstance(found, Ranking):
        contract = "cannot stand behind the class"
        require(not found.label, node.where, contract, found.kind, kind=GraphError)
        name, x = found.scores, found.feature
    else:
        x = node.feature()
    contract = "input must be one score for each class"
    hint = "this node is supported at the end of a model, where it keeps the ranking"
    require(x.shape[:2] == (1, 1), node.where, contract, x.dims, hint=hint, kind=GraphError)
    return name, x


def over_classes(node: OnnxNode, x: Feature) -> None:
    """Refuse another axis than that of the classes."""
    rank, axis = len(x.dims), node.attributes["axis"]
    classes = x.layout.index("C")
    contract = f"attribute axis must be {classes}, that of the classes"
    fits = -rank <= axis < rank and axis % rank == classes
    require(fits, node.where, contract, axis, kind=GraphError)


@rule("Softmax", "LogSoftmax", honours=("axis",))
def softmax(importer: Importer, node: OnnxNode) -> Value:
    name, x = scores(node)
    over_classes(node, x)
    return Ranking(scores=name, feature=x, kind=node.kind)


@rule("Sigmoid", "Tanh")
def squashed(importer: Importer, node: OnnxNode) -> Value:
    if not ends_the_model(importer, node.proto):
        return bent(importer, node)
    name, x = scores(node)
    return Ranking(scores=name, feature=x, kind=node.kind)


def ends_the_model(importer: Importer, proto: onnx.NodeProto) -> bool:
    """Whether nothing but what keeps the ranking, or says it, reads what a node makes."""
    reached, graph = set(proto.output), importer.model.graph
    for node in graph.node:  # in topological order
        if not reached.isdisjoint(node.input):
            if node.op_type not in LAST:
                return False
            reached.update(node.output)
    return True


@rule("ArgMax", honours=("axis", "keepdims"))
def argmax(importer: Importer, node: OnnxNode) -> Value:
    name, x = scores(node)
    over_classes(node, x)
    return Ranking(scores=name, feature=x, kind=node.kind, label=True)


@rule("TopK", honours=("axis", "k", "largest", "sorted"))  # of one value the order is plain
def top_k(importer: Importer, node: OnnxNode) -> Value:
    name, x = scores(node)
    over_classes(node, x)
    contract = "attribute largest must be 1"
    largest = node.attributes.get("largest", 1)
    require(largest == 1, node.where, contract, largest, kind=GraphError)
    most = node.number(1) if node.given(1) else node.attributes["k"]  # an attribute before opset 10
    require(most == 1, node.where, "K must be 1", most, kind=GraphError)
    return {1: Ranking(scores=name, feature=x, kind=node.kind, label=True)}
