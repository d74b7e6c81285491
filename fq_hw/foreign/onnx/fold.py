"""The walk over an ONNX graph: every node folds into integer ops, or is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import onnx
from onnx import numpy_helper
from qonnx.core.modelwrapper import ModelWrapper

from fq_hw.errors import FqHwError, GraphError, require
from fq_hw.foreign.onnx.attributes import attributes, schema
from fq_hw.foreign.onnx.layout import image_shape
from fq_hw.foreign.onnx.node import RULES, Node, Value, called, described, type_of
from fq_hw.foreign.onnx.scores import Scores
from fq_hw.foreign.onnx.values import Feature, Ranking, Twin
from fq_hw.foreign.pixels import PixelRange
from fq_hw.ir import Graph, TensorType, infer
from fq_hw.ir.graph import op_of
from fq_hw.passes import lower_graph

__all__ = ["Imported", "Judged", "Line", "Walk", "fold", "judge"]


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
    """A node in the preflight's table, or the output: supported, or why not and what to change."""

    node: str
    kind: str
    supported: bool
    why: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """A line for every node; the imported model where all of them are supported."""

    lines: list[Line]
    imported: Imported | None


@dataclass
class Walk:
    """Values by tensor name, and the integer ops so far with their types."""

    model: ModelWrapper
    pixels: PixelRange
    values: dict[str, Value] = field(default_factory=dict)
    nodes: list[dict[str, object]] = field(default_factory=list)
    types: dict[str, TensorType] = field(default_factory=dict)
    twins: dict[str, Twin] = field(default_factory=dict)  # by the op whose opposite they are
    label: str | None = None  # the tensor that ranks the classes, where it is not the output

    def __post_init__(self) -> None:
        graph = self.model.graph
        self.opsets = self.model.get_opset_imports()
        for tensor in graph.initializer:
            self.values[tensor.name] = numpy_helper.to_array(tensor)
        (image,) = (i for i in graph.input if i.name not in self.values)
        shape, last, flat = image_shape(graph, image)
        scale, shift = (np.full(shape[2], value) for value in self.pixels.affine)
        real = np.tile(self.pixels.real(np.arange(256)), (shape[2], 1))
        self.values[image.name] = Feature(
            op="pixels", shape=shape, scale=scale, shift=shift, levels=True, last=last, flat=flat,
            pixels=real, peak=np.abs(real).max(axis=1).astype(np.float64),
        )  # fmt: skip
        self.append({"op": "input", "name": "pixels", "inputs": [], "shape": list(shape)})

    def append(self, node: dict[str, object]) -> None:
        """One more integer op. Raises GraphError where its fields or inputs do not suit."""
        op = op_of(node)
        self.types[op.name] = infer(op, *(self.types[name] for name in op.inputs))
        self.nodes.append(node)

    def add(self, op: str, node: Node, *inputs: str, suffix: str = "", **fields: object) -> str:
        """Append an integer op named after ``node``."""
        name = node.proto.name + suffix
        self.append({"op": op, "name": name, "inputs": list(inputs), **fields})
        return name

    def features(self, kept: set[str]) -> dict[str, Feature]:
        """What each tensor is in the graph; of the ops that are ``kept`` where there are twins."""
        found = {name: value for name, value in self.values.items() if isinstance(value, Feature)}
        for name, x in found.items():
            while x.op not in kept and x.op in self.twins:
                x = self.twins[x.op].of(x)
            found[name] = x
        return found

    def real_range(self, x: Feature) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest value of each channel, fractions; what clamps it left out."""
        kind = self.types[x.op]
        one, other = (x.scale * end.astype(object) + x.shift for end in (kind.low, kind.high))
        return np.minimum(one, other), np.maximum(one, other)

    def node(self, proto: onnx.NodeProto) -> Node:
        """``proto`` with its values and attributes, where a rule knows its kind."""
        where, domain = described(proto), proto.domain
        hint = f"supported are {', '.join(sorted(RULES))}"
        require(proto.op_type in RULES, where, "is not supported", hint=hint, kind=GraphError)
        opset = self.opsets.get(domain, 1)
        known = schema(proto.op_type, domain, opset)
        contract = f"is no operator of domain {domain or 'ai.onnx'!r}, opset {opset}"
        require(known is not None, where, contract, kind=GraphError)
        counts = known.inputs
        contract = f"must have {counts.start} to {counts.stop - 1} inputs"
        fits = len(proto.input) in counts
        require(fits, where, contract, len(proto.input), kind=GraphError)
        named = attributes(proto, known.attributes, RULES[proto.op_type].honours, where)
        inputs = tuple(self.values[name] if name else None for name in proto.input)
        known.check_types([type_of(value) for value in inputs], where)
        shape = self.model.get_tensor_shape(proto.output[0])
        return Node(proto, inputs, named, None if shape is None else tuple(shape))

    def step(self, proto: onnx.NodeProto) -> None:
        """Fold one node."""
        node = self.node(proto)
        made = RULES[proto.op_type].function(self, node)
        made = made if isinstance(made, dict) else {0: made}
        self.check_shapes(node, made.get(0))
        read = {name for other in self.model.graph.node for name in other.input}
        read |= {output.name for output in self.model.graph.output}
        more = [n for n, name in enumerate(proto.output) if name in read and n not in made]
        contract = f"output {more and more[0]} is not supported"
        require(not more, node.where, contract, kind=GraphError)
        self.values.update({proto.output[n]: value for n, value in made.items()})

    def check_shapes(self, node: Node, made: Value | None) -> None:
        """Refuse a node that the rule folds into another shape than ONNX infers."""
        if isinstance(made, Feature) and node.result is not None:
            contract = f"makes a tensor {node.result}, for which there is no integer op"
            require(made.dims == node.result, node.where, contract, kind=GraphError)

    def judge(self, proto: onnx.NodeProto) -> Line:
        """Fold one node where that can be, and say so; one behind a refused node is not judged."""
        line = Line(node=proto.name, kind=proto.op_type, supported=True)
        unknown = [name for name in proto.input if name and name not in self.values]
        if unknown and proto.op_type in RULES:
            return replace(line, supported=False, why="reads what an unsupported node makes")
        try:
            self.step(proto)
        except FqHwError as error:
            return replace(line, supported=False, why=str(error).partition(": ")[2])
        return line

    def set_scale(self, name: str, scale: float) -> None:
        """Say in the op that made ``name`` what one unit is worth, so that it may be added."""
        node = next(n for n in self.nodes if n["name"] == name)
        self.types[name] = replace(self.types[name], scale=scale)
        if node["op"] in ("conv", "embed", "input", "threshold"):
            node["scale"] = scale
        else:
            for source in node["inputs"]:
                self.set_scale(source, scale)

    def finish(self) -> Scores:
        """Scores and label of the model's output."""
        (output,) = self.model.graph.output
        result, where = self.values.get(output.name), f"output {output.name!r}"
        if isinstance(result, Ranking):
            self.label, result = result.scores, result.feature
        made = isinstance(result, Feature)
        require(made, where, "must be computed from the image", kind=GraphError)
        contract = "must be one score for each class, N,C"
        hint = "end the model in a global pool or a dense layer; images as output have no hardware"
        single = result.shape[:2] == (1, 1)
        require(single, where, contract, result.dims, hint=hint, kind=GraphError)
        several, hint = result.channels > 1, "give a score to each of two classes"
        contract = "must be at least two scores: one alone has no largest"
        require(several, where, contract, result.dims, hint=hint, kind=GraphError)
        result.unclamped(where)
        scores = Scores.of(result)
        biased = {"bias": scores.bias} if scores.bias.any() else {}
        self.nodes += [
            {"op": "pixel_sum", "name": "sum", "inputs": [result.op]},
            {"op": "class_scale", "name": "scores", "inputs": ["sum"],
             "multiplier": scores.multiplier, **biased},
            {"op": "argmax", "name": "label", "inputs": ["scores"]},
        ]  # fmt: skip
        return scores


def judge(model: ModelWrapper, name: str, pixels: PixelRange) -> Judged:
    """Every node, and ``model`` as a graph of integers where all are supported.

    The lines come of the folding itself, so none says yes where folding says no. Raises GraphError
    for an image of unknown shape.
    """
    walk = Walk(model, pixels)
    lines = [walk.judge(proto) for proto in model.graph.node]
    if not all(line.supported for line in lines):
        return Judged(lines=lines, imported=None)
    try:
        return Judged(lines=lines, imported=finished(walk, name))
    except FqHwError as error:
        output = Line(node=model.graph.output[0].name, kind="output", supported=False,
                      why=str(error))  # fmt: skip
        return Judged(lines=[*lines, output], imported=None)


def finished(walk: Walk, name: str) -> Imported:
    """What the whole walk gives. Raises GraphError where the output is not scores or a class."""
    scores = walk.finish()
    whole = Graph.from_nodes(name, used(walk.nodes))
    return Imported(
        graph=lower_graph(whole),
        whole=whole,
        ranked=walk.label or walk.model.graph.output[0].name,
        scores=scores,
        features=walk.features({op.name for op in whole.ops}),
        ranking_error=scores.error(whole.types["sum"]),
    )


def fold(model: ModelWrapper, name: str, pixels: PixelRange) -> Imported:
    """``model`` as a graph of integers, ready for golden model and hardware.

    Raises GraphError, naming the node, for the first that does not fold exactly.
    """
    judged = judge(model, name, pixels)
    if judged.imported is None:
        first = next(line for line in judged.lines if not line.supported)
        raise GraphError(
            first.why
            if first.kind == "output"
            else f"{called(first.node, first.kind)}: {first.why}"
        )
    return judged.imported


def used(nodes: list[dict[str, object]]) -> list[dict[str, object]]:
    """Without the ops that nothing reads."""
    wanted, kept = {"pixels", nodes[-1]["name"]}, []
    for node in reversed(nodes):
        if node["name"] in wanted:
            kept.append(node)
            wanted.update(node["inputs"])
    return kept[::-1]
