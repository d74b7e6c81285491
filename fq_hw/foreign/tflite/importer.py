"""From a TFLite network operator by operator: each becomes integer ops, or is refused by name.

An int8 number q travels as the level q + 128. What a kernel requantizes with multiplier, shift and
rounding is a function of the exact sum that never falls, so it is 255 thresholds: those are found
from the kernel's own arithmetic, by halves, and hold every bit of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import tflite

from fq_hw.errors import FqHwError, GraphError, require
from fq_hw.exact import FAR
from fq_hw.foreign.judged import Judged, Line
from fq_hw.foreign.tflite.arithmetic import levels_of
from fq_hw.foreign.tflite.reading import Network, Operator, Tensor
from fq_hw.ir import Graph, TensorType, infer
from fq_hw.ir.graph import op_of
from fq_hw.passes import lower_graph

__all__ = [
    "NONE",
    "ZERO",
    "Imported",
    "Importer",
    "activated",
    "bytes_alike",
    "check_int8",
    "check_same",
    "judge",
    "rule",
]

ZERO = 128  # the level of the integer 0
RELU = tflite.ActivationFunctionType.RELU
RELU6 = tflite.ActivationFunctionType.RELU6
NONE = tflite.ActivationFunctionType.NONE
Rule = Callable[["Importer", Operator], str]  # the op that it makes; "" of integers that are sizes
RULES: dict[str, Rule] = {}


def rule(*kinds: str) -> Callable[[Rule], Rule]:
    """Declare what imports operators of these kinds."""

    def declared(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(kinds, function))
        return function

    return declared


@dataclass(frozen=True, kw_only=True, eq=False)
class Imported:
    """A graph ready for hardware, and by number of a tensor the op that is it, as levels."""

    graph: Graph
    tensors: Mapping[int, str]
    ranking_error: float = 0.0  # everything is an integer from the beginning


@dataclass
class Importer:
    """Ops so far with their types, and by number of a tensor the op that is it.

    A network whose ends are real numbers or uint8 is one of int8 between them: it begins with the
    tensor ``entry`` and ends with ``exit``; what only makes the output of that is ``leaving``.
    """

    network: Network
    nodes: list[dict[str, object]] = field(default_factory=list)
    types: dict[str, TensorType] = field(default_factory=dict)
    made: dict[int, str] = field(default_factory=dict)
    sizes: set[int] = field(default_factory=set)  # tensors that say how large others are
    aside: set[int] = field(default_factory=set)  # tensors that other numbers stand for

    def __post_init__(self) -> None:
        self.entry = self.network.entry
        self.exit, self.leaving = self.network.leaving
        number = self.network.input
        tensor, where = self.network.tensors[self.entry], f"input {number}"
        check_int8(tensor, where)
        given = self.network.tensors[number]
        contract = "must be quantized to int8 of the same scale, zero point 128 less"
        alike = given.kind is not np.uint8 or bytes_alike(given, tensor)
        require(alike, where, contract, kind=GraphError)
        shape = tensor.shape
        batch = len(shape) in (2, 3, 4) and shape[0] == 1
        contract = "must be of shape 1,H,W,C or 1,W,C or 1,F"
        require(batch, where, contract, shape, kind=GraphError)
        image = {4: shape[1:], 3: shape, 2: (1, *shape[1:], 1)}[len(shape)]
        name = self.add("input", "input", shape=list(image), scale=float(tensor.scale[0]),
                        meaning=[float(tensor.scale[0]), float(tensor.zero[0]) + ZERO])  # fmt: skip
        if len(shape) == 2:
            name = self.add("flatten", "features", name)
        self.made[number] = self.made[self.entry] = name
        if number != self.entry:
            self.aside.add(number)

    def add(self, op: str, name: str, *inputs: str, **fields: object) -> str:
        """One more op. Raises GraphError where its fields or inputs do not suit."""
        node = {"op": op, "name": name, "inputs": list(inputs), **fields}
        made = op_of(node)
        self.types[name] = infer(made, *(self.types[one] for one in inputs))
        self.nodes.append(node)
        return name

    def tensor(self, number: int) -> Tensor:
        return self.network.tensors[number]

    def source(self, op: Operator, place: int = 0) -> tuple[str, Tensor]:
        """A computed input: its op, and what the file says of it."""
        number = op.inputs[place]
        known = number in self.made
        require(known, op.where, f"input {place} must be computed from the input", kind=GraphError)
        return self.made[number], self.tensor(number)

    def ends(self, op: Operator) -> tuple[str, Tensor, Tensor]:
        """The input's op, and what the file says of it and of the output: both int8."""
        (source, x), y = self.source(op), self.tensor(op.outputs[0])
        check_int8(x, op.where)
        check_int8(y, op.where)
        return source, x, y

    def constant(self, op: Operator, place: int, kind: type[np.generic]) -> Tensor:
        """A constant input of a type."""
        number = op.inputs[place] if place < len(op.inputs) else -1
        found = self.tensor(number) if number >= 0 else None
        good = found is not None and found.values is not None and found.kind is kind
        contract = f"input {place} must be a constant of type {kind.__name__}"
        require(good, op.where, contract, kind=GraphError)
        return found

    def requantize(
        self, op: Operator, name: str, function: Callable[[np.ndarray], np.ndarray], y: Tensor
    ) -> str:
        """Levels of a sum by a kernel's own function of it, N,C to numbers of any size."""
        kind = self.types[name]
        low, high = (end + ZERO for end in activated(op, y))

        def clamped(total: np.ndarray) -> np.ndarray:
            return np.clip(function(total) + ZERO, low, high)

        levels = levels_of(clamped, kind.low, kind.high, FAR)
        return self.add("threshold", op.name, name, levels=levels, out_bits=8,
                        sign=np.ones(len(levels), np.int8))  # fmt: skip

    def step(self, op: Operator) -> None:
        """Import one operator."""
        hint = f"supported are {', '.join(sorted(RULES))}"
        require(op.kind in RULES, op.where, "is not supported", hint=hint, kind=GraphError)
        require(len(op.outputs) == 1, op.where, "must make one tensor", kind=GraphError)
        name = RULES[op.kind](self, op)
        if not name:
            self.sizes.add(op.outputs[0])
            return
        shape = self.tensor(op.outputs[0]).shape
        made = self.types[name].shape
        same = np.prod(shape) == np.prod(made) and shape[-1] in (made[-1], np.prod(made))
        contract = f"must make {(1, *made)}"
        require(same, op.where, contract, shape, kind=GraphError)
        self.made[op.outputs[0]] = name


def check_int8(tensor: Tensor, where: str) -> None:
    """Refuse a computed tensor that is not int8 with one scale."""
    good = tensor.kind is np.int8 and len(tensor.scale) == 1
    got = tensor.kind.__name__ if tensor.kind else "another type"
    contract, hint = (
        "must be int8 with one scale",
        "convert the model with full integer quantization",
    )
    require(good, where, contract, got, hint=hint, kind=GraphError)


def check_same(op: Operator, x: Tensor, y: Tensor) -> None:
    """Refuse an operator that only moves numbers, but from one scale to another."""
    check_int8(x, op.where)
    check_int8(y, op.where)
    contract = "inputs and output must have one scale and zero point"
    same = x.scale[0] == y.scale[0] and x.zero[0] == y.zero[0]
    require(same, op.where, contract, kind=GraphError)


def bytes_alike(unsigned: Tensor, signed: Tensor) -> bool:
    """Whether uint8 and int8 are the same real numbers where the one is the other plus 128."""
    single = unsigned.kind is np.uint8 and len(unsigned.scale) == 1
    return bool(
        single
        and unsigned.scale[0] == signed.scale[0]
        and unsigned.zero[0] == signed.zero[0] + ZERO
    )


def activated(op: Operator, y: Tensor) -> tuple[int, int]:
    """Lowest and highest int8 that the fused activation leaves, as TFLite computes them."""
    check_int8(y, op.where)
    kind = op.options.get("FusedActivationFunction", NONE)
    contract = "fused activation must be none, RELU or RELU6"
    require(kind in (NONE, RELU, RELU6), op.where, contract, kind, kind=GraphError)
    zero, scale, low, high = int(y.zero[0]), y.scale[0], -128, 127
    if kind in (RELU, RELU6):
        low = max(low, zero)
    if kind == RELU6:
        high = min(high, zero + int(np.floor(np.float32(6) / scale + np.float32(0.5))))
    return low, high


def judge(network: Network, name: str) -> Judged[Imported]:
    """Every operator, and the network as a graph of integers where all are supported.

    Raises GraphError for an input that is no int8 image or vector.
    """
    importer, lines = Importer(network), []
    for op in network.operators:
        line = Line(node=op.name, kind=op.kind, supported=True)
        wanted = [n for n in op.inputs if n >= 0 and network.tensors[n].values is None]
        known = importer.made.keys() | importer.sizes
        lost = op.kind in RULES and not known.issuperset(wanted)
        if lost:
            line = replace(line, supported=False, why="reads what an unsupported node makes")
        else:
            try:
                importer.step(op)
            except FqHwError as error:
                line = replace(line, supported=False, why=str(error).partition(": ")[2])
        lines.append(line)
    if not all(line.supported for line in lines):
        return Judged(lines=lines, imported=None)
    try:
        return Judged(lines=lines, imported=finished(importer, name))
    except FqHwError as error:
        number = network.output
        output = Line(node=f"tensor {number}", kind="output", supported=False, why=str(error))
        return Judged(lines=[*lines, output], imported=None)


def finished(importer: Importer, name: str) -> Imported:
    """The whole graph: the output's levels are the scores."""
    output = importer.made.get(importer.network.output)
    where = f"output {importer.network.output}"
    require(output is not None, where, "must be computed from the input", kind=GraphError)
    shape = importer.types[output].shape
    single = shape[:2] == (1, 1) and shape[2] > 1
    contract = "must be two or more numbers, one for each class"
    require(single, where, contract, shape, kind=GraphError)
    importer.add("pixel_sum", "sum", output)
    importer.add("class_scale", "scores", "sum", multiplier=np.ones(shape[2], np.int64))
    importer.add("argmax", "label", "scores")
    graph = lower_graph(Graph.from_nodes(name, importer.nodes))
    names = {op.name for op in graph.ops}
    pairs = ((n, op) for n, op in importer.made.items() if n not in importer.aside)
    made = {number: op for number, op in pairs if op in names}
    return Imported(graph=graph, tensors=made)
