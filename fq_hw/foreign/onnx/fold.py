"""The walk over an ONNX graph: every node folds into integer ops, or is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import numpy_helper
from qonnx.core.modelwrapper import ModelWrapper

from fq_hw.errors import FqHwError, GraphError, require
from fq_hw.foreign.onnx.node import RULES, Node, Value
from fq_hw.foreign.onnx.scores import Scores
from fq_hw.foreign.onnx.values import Feature
from fq_hw.foreign.pixels import PixelRange
from fq_hw.ir import Graph
from fq_hw.passes import lower_graph

__all__ = ["Imported", "Line", "Walk", "fold", "preflight"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Imported:
    """A graph ready for hardware, and what each tensor of the model is in it.

    whole          the graph before the passes, which keep no convolution's signs
    ranked         the tensor that ranks the classes, and the integers made of it, ``scores``
    ranking_error  two classes may be ranked otherwise than by exact numbers only where they differ
                   by less than this, in the model's own scores; 0 where all is exact
    """

    graph: Graph
    whole: Graph
    ranked: str
    scores: Scores
    features: Mapping[str, Feature]
    ranking_error: float


@dataclass(frozen=True, kw_only=True)
class Line:
    """A node in the preflight's table: supported, or why not and what to change."""

    node: str
    kind: str
    supported: bool
    why: str


@dataclass
class Walk:
    """Values by tensor name, and the integer ops so far."""

    model: ModelWrapper
    pixels: PixelRange
    values: dict[str, Value] = field(default_factory=dict)
    nodes: list[dict[str, object]] = field(default_factory=list)
    label: str | None = None  # the tensor that holds the class, where the model gives it

    def __post_init__(self) -> None:
        graph = self.model.graph
        for tensor in graph.initializer:
            self.values[tensor.name] = numpy_helper.to_array(tensor)
        (image,) = (i for i in graph.input if i.name not in self.values)
        _, *dims = (d.dim_value for d in image.type.tensor_type.shape.dim)
        last = dims[0] not in (1, 3) and dims[2] in (1, 3)
        h, w, c = dims if last else (*dims[1:], dims[0])
        scale, shift = (np.full(c, value) for value in self.pixels.affine)
        real = np.tile(self.pixels.real(np.arange(256)), (c, 1))
        self.values[image.name] = Feature(
            op="pixels", shape=(h, w, c), scale=scale, shift=shift, levels=True, last=last,
            pixels=real, peak=np.abs(real).max(axis=1).astype(np.float64),
        )  # fmt: skip
        self.nodes.append({"op": "input", "name": "pixels", "inputs": [], "shape": [h, w, c]})

    def add(self, op: str, node: Node, *inputs: str, suffix: str = "", **fields: object) -> str:
        """Append an integer op named after ``node``."""
        name = node.proto.name + suffix
        self.nodes.append({"op": op, "name": name, "inputs": list(inputs), **fields})
        return name

    def node(self, proto: onnx.NodeProto) -> Node:
        """``proto`` with its values. Raises KeyError where one is not known."""
        return Node(proto, tuple(self.values[n] if n else None for n in proto.input))

    def step(self, proto: onnx.NodeProto) -> None:
        """Fold one node."""
        node = self.node(proto)
        contract = f"must be one of {', '.join(sorted(RULES))}"
        require(proto.op_type in RULES, node.where, contract, proto.op_type, kind=GraphError)
        used = [name for name in proto.output if name]
        require(self.label is None, node.where, "must come before the class is found", "behind it",
                kind=GraphError)  # fmt: skip
        self.values[used[0]] = RULES[proto.op_type](self, node)

    def set_scale(self, name: str, scale: float) -> None:
        """Say in the op that made ``name`` what one unit is worth, so that it may be added."""
        node = next(n for n in self.nodes if n["name"] == name)
        if node["op"] in ("conv", "threshold"):
            node["scale"] = scale
        else:
            for source in node["inputs"]:
                self.set_scale(source, scale)

    def finish(self) -> Scores:
        """Scores and label of the model's output."""
        (output,) = self.model.graph.output
        result = self.values[self.label or output.name]
        where = f"output {output.name!r}"
        made = isinstance(result, Feature)
        require(made, where, "must depend on the image", "constant", kind=GraphError)
        contract = "must be one score for each class"
        require(result.shape[:2] == (1, 1), where, contract, result.shape, kind=GraphError)
        result.unclamped(where)
        contract = "scores must grow with the sums"
        require((result.scale >= 0).all(), where, contract, float(min(result.scale)),
                kind=GraphError)  # fmt: skip
        scores = Scores.of(result)
        biased = {"bias": scores.bias} if scores.bias.any() else {}
        self.nodes += [
            {"op": "pixel_sum", "name": "sum", "inputs": [result.op]},
            {"op": "class_scale", "name": "scores", "inputs": ["sum"],
             "multiplier": scores.multiplier, **biased},
            {"op": "argmax", "name": "label", "inputs": ["scores"]},
        ]  # fmt: skip
        return scores


def fold(model: ModelWrapper, name: str, pixels: PixelRange) -> Imported:
    """``model`` as a graph of integers, ready for golden model and hardware.

    Raises GraphError, naming the node, for the first that does not fold exactly.
    """
    walk = Walk(model, pixels)
    for proto in model.graph.node:
        walk.step(proto)
    scores = walk.finish()
    whole = Graph.from_nodes(name, used(walk.nodes))
    features = {n: v for n, v in walk.values.items() if isinstance(v, Feature)}
    return Imported(
        graph=lower_graph(whole),
        whole=whole,
        ranked=walk.label or model.graph.output[0].name,
        scores=scores,
        features=features,
        ranking_error=scores.error(whole.types["sum"]),
    )


def used(nodes: list[dict[str, object]]) -> list[dict[str, object]]:
    """Without the ops that nothing reads."""
    wanted, kept = {"pixels", nodes[-1]["name"]}, []
    for node in reversed(nodes):
        if node["name"] in wanted:
            kept.append(node)
            wanted.update(node["inputs"])
    return kept[::-1]


def preflight(model: ModelWrapper, pixels: PixelRange) -> list[Line]:
    """What would become of every node; one behind an unsupported node is not judged."""
    walk, lines = Walk(model, pixels), []
    for proto in model.graph.node:
        why, supported = "", True
        try:
            walk.step(proto)
        except KeyError:
            supported, why = False, "reads what an unsupported node makes"
            if proto.op_type not in RULES:
                why = f"{proto.op_type} is not supported"
        except FqHwError as error:
            supported, why = False, str(error).partition(": ")[2]
        lines.append(Line(node=proto.name, kind=proto.op_type, supported=supported, why=why))
    return lines
