"""From an ONNX graph node by node: each becomes integer ops, or raises GraphError by name."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import onnx
from onnx import numpy_helper
from qonnx.core.modelwrapper import ModelWrapper

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.attributes import attributes, schema
from fq_hw.foreign.onnx.first_quantizer import image_of, pixels_of
from fq_hw.foreign.onnx.layout import image_shape
from fq_hw.foreign.onnx.node import RULES, OnnxNode, Value, described, type_of
from fq_hw.foreign.onnx.values import Feature, Twin
from fq_hw.foreign.pixels import PixelRange
from fq_hw.ir import TensorType, infer
from fq_hw.ir.graph import op_of

__all__ = ["Importer"]


@dataclass
class Importer:
    """Values by tensor name, and the integer ops so far with their types."""

    model: ModelWrapper
    pixels: PixelRange
    image: tuple[int, int, int] | None = None  # H,W,1 of N,F, where the model does not say it
    values: dict[str, Value] = field(default_factory=dict)
    nodes: list[dict[str, object]] = field(default_factory=list)
    types: dict[str, TensorType] = field(default_factory=dict)
    twins: dict[str, Twin] = field(default_factory=dict)  # by the op whose opposite they are
    pieces: dict[str, tuple[str, ...]] = field(default_factory=dict)  # ops by their concatenation
    label: str | None = None  # the tensor that ranks the classes, where it is not the output

    def __post_init__(self) -> None:
        graph = self.model.graph
        self.opsets = self.model.get_opset_imports()
        self.read = {name for node in graph.node for name in node.input}
        self.read |= {output.name for output in graph.output}
        for tensor in graph.initializer:
            self.values[tensor.name] = numpy_helper.to_array(tensor)
        image = image_of(self.model)
        shape, seen = image_shape(graph, image, self.image)
        pixels = pixels_of(self.model, self.pixels)
        scale, shift = (np.full(shape[2], value) for value in (pixels.scale, pixels.shift))
        real = np.tile(pixels.real(np.arange(256)), (shape[2], 1))
        self.values[image.name] = Feature(
            op="pixels", shape=shape, scale=scale, shift=shift, levels=True, pixels=real,
            peak=np.abs(real).max(axis=1).astype(np.float64), **seen,
        )  # fmt: skip
        self.append({"op": "input", "name": "pixels", "inputs": [], "shape": list(shape),
                     "meaning": [float(pixels.scale), float(pixels.zero)]})  # fmt: skip

    def append(self, node: dict[str, object]) -> None:
        """One more integer op. Raises GraphError where its fields or inputs do not suit."""
        op = op_of(node)
        self.types[op.name] = infer(op, *(self.types[name] for name in op.inputs))
        self.nodes.append(node)

    def add(self, op: str, node: OnnxNode, *inputs: str, suffix: str = "", **fields: object) -> str:
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

    def node(self, proto: onnx.NodeProto) -> OnnxNode:
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
        return OnnxNode(proto, inputs, named, None if shape is None else tuple(shape))

    def step(self, proto: onnx.NodeProto) -> None:
        """Import one node."""
        node = self.node(proto)
        made = RULES[proto.op_type].function(self, node)
        made = made if isinstance(made, dict) else {0: made}
        self.check_shapes(node, made.get(0))
        more = [n for n, name in enumerate(proto.output) if name in self.read and n not in made]
        contract = f"output {more and more[0]} is not supported"
        require(not more, node.where, contract, kind=GraphError)
        self.values.update({proto.output[n]: value for n, value in made.items()})

    def check_shapes(self, node: OnnxNode, made: Value | None) -> None:
        """Refuse a node that the rule gives another shape than ONNX infers."""
        if isinstance(made, Feature) and node.result is not None:
            contract = f"makes a tensor {node.result}, for which there is no integer op"
            require(made.dims == node.result, node.where, contract, kind=GraphError)

    def set_scale(self, name: str, scale: float) -> None:
        """Say in the op that made ``name`` what one unit is worth, so that it may be added."""
        node = next(n for n in self.nodes if n["name"] == name)
        self.types[name] = replace(self.types[name], scale=scale)
        if node["op"] in ("conv", "embed", "input", "lookup", "requantize", "threshold"):
            node["scale"] = scale
        else:
            for source in node["inputs"]:
                self.set_scale(source, scale)
