"""A model as a graph of integers, or a table of what stands in the way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import onnx
from qonnx.core.modelwrapper import ModelWrapper

from fq_hw.errors import FqHwError, GraphError, require
from fq_hw.foreign.judged import Judged, Line
from fq_hw.foreign.onnx.first_quantizer import range_doubt
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import RULES, Value
from fq_hw.foreign.onnx.scores import Scores
from fq_hw.foreign.onnx.values import Feature, Ranking, tiled
from fq_hw.foreign.pixels import PixelRange
from fq_hw.ir import Graph
from fq_hw.passes import lower_graph

__all__ = ["Imported", "import_graph", "judge"]

KEEPING = ("Clip", "Flatten", "Identity", "Relu", "Reshape", "Squeeze", "Unsqueeze")


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


def judge(
    model: ModelWrapper, name: str, pixels: PixelRange, image: tuple[int, int, int] | None = None
) -> Judged[Imported]:
    """Every node, and ``model`` as a graph of integers where all are supported.

    The lines come of the folding itself, so none says yes where folding says no. Raises GraphError
    for an image of unknown shape, or of another than ``image``, H,W,C.
    """
    importer = Importer(model, pixels, image)
    lines = [line_of(importer, proto) for proto in model.graph.node]
    if not all(line.supported for line in lines):
        return Judged(lines=lines, imported=None)
    try:
        found = finished(importer, name)
        doubt = range_doubt(model, pixels)
        return Judged(lines=lines, imported=found, doubt=doubt)
    except FqHwError as error:
        name = model.graph.output[0].name
        why = str(error).removeprefix(f"output {name!r}: ")
        output = Line(node=name, kind="output", supported=False, why=why)
        return Judged(lines=[*lines, output], imported=None)


def line_of(importer: Importer, proto: onnx.NodeProto) -> Line:
    """Import one node where that can be, and say so; one behind a refused node is not judged."""
    line = Line(node=proto.name, kind=proto.op_type, supported=True)
    unknown = [name for name in proto.input if name and name not in importer.values]
    if unknown and proto.op_type in RULES:
        return replace(line, supported=False, why="reads what an unsupported node makes")
    try:
        importer.step(proto)
    except FqHwError as error:
        return replace(line, supported=False, why=str(error).partition(": ")[2])
    return line


def scored(importer: Importer) -> Scores:
    """Scores and label of the model's output."""
    (output,) = importer.model.graph.output
    result, where = importer.values.get(output.name), f"output {output.name!r}"
    if isinstance(result, Ranking):
        importer.label, result = result.scores, result.feature
    result = unclamped(importer, result)
    made = isinstance(result, Feature)
    require(made, where, "must be computed from the image", kind=GraphError)
    several, hint = math.prod(result.shape) > 1, "give a score to each of two classes"
    contract = "must be at least two scores: one alone has no largest"
    require(several, where, contract, result.dims, hint=hint, kind=GraphError)
    result = spread(importer, result.unclamped(where))
    scores = Scores.of(result, importer.types[result.op])
    biased = {"bias": scores.bias} if scores.bias.any() else {}
    importer.nodes += [
        {"op": "pixel_sum", "name": "sum", "inputs": [result.op]},
        {"op": "class_scale", "name": "scores", "inputs": ["sum"],
         "multiplier": scores.multiplier, **biased},
        {"op": "argmax", "name": "label", "inputs": ["scores"]},
    ]  # fmt: skip
    return scores


def unclamped(importer: Importer, result: Value | None) -> Value | None:
    """The tensor before a Relu or Clip at the end, which keeps the ranking but for equal ends."""
    name = importer.label or importer.model.graph.output[0].name
    while isinstance(result, Feature) and not result.free:
        node = importer.model.find_producer(name)
        if node is None or node.op_type not in KEEPING:
            break
        name = node.input[0]
        importer.label, result = name, importer.values[name]
    return result


def spread(importer: Importer, result: Feature) -> Feature:
    """An image of scores as a row of them, pixel by pixel: each is a class of its own."""
    h, w, _ = result.shape
    if (h, w) == (1, 1):
        return result
    importer.append({"op": "flatten", "name": "pixel.scores", "inputs": [result.op]})
    return tiled(result, "pixel.scores")


def finished(importer: Importer, name: str) -> Imported:
    """What the whole import gives. Raises GraphError where the output is not scores or a class."""
    scores = scored(importer)
    whole = Graph.from_nodes(name, used(importer.nodes))
    return Imported(
        graph=lower_graph(whole),
        whole=whole,
        ranked=importer.label or importer.model.graph.output[0].name,
        scores=scores,
        features=importer.features({op.name for op in whole.ops}),
        ranking_error=scores.error(whole.types["sum"]),
    )


def import_graph(
    model: ModelWrapper, name: str, pixels: PixelRange, image: tuple[int, int, int] | None = None
) -> Imported:
    """``model`` as a graph of integers, ready for golden model and hardware.

    Raises GraphError, naming the node, for the first that is not an exact integer op.
    """
    return judge(model, name, pixels, image).model


def used(nodes: list[dict[str, object]]) -> list[dict[str, object]]:
    """Without the ops that nothing reads."""
    wanted, kept = {"pixels", nodes[-1]["name"]}, []
    for node in reversed(nodes):
        if node["name"] in wanted:
            kept.append(node)
            wanted.update(node["inputs"])
    return kept[::-1]
