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
from fq_hw.foreign.tflite.arithmetic import Factor, divided, levels_of
from fq_hw.foreign.tflite.reading import Network, Operator, Tensor
from fq_hw.ir import Axis, Graph, TensorType, infer
from fq_hw.ir.axis import sides
from fq_hw.ir.graph import op_of
from fq_hw.passes import lower_graph
from fq_hw.passes.narrow_tables import thresholds

__all__ = ["ZERO", "Imported", "judge"]

ZERO = 128  # the level of the integer 0
LEFT = 20  # bits by which the kernel of ADD shifts its inputs before it scales them
RELU = tflite.ActivationFunctionType.RELU
RELU6 = tflite.ActivationFunctionType.RELU6
NONE = tflite.ActivationFunctionType.NONE
SAME = tflite.Padding.SAME


@dataclass(frozen=True, kw_only=True, eq=False)
class Imported:
    """A graph ready for hardware, and by number of a tensor the op that is it, as levels."""

    graph: Graph
    tensors: Mapping[int, str]
    ranking_error: float = 0.0  # everything is an integer from the beginning


@dataclass
class Importer:
    """Ops so far with their types, and by number of a tensor the op that is it."""

    network: Network
    nodes: list[dict[str, object]] = field(default_factory=list)
    types: dict[str, TensorType] = field(default_factory=dict)
    made: dict[int, str] = field(default_factory=dict)
    ranked: int | None = None  # the scores, where a softmax stands behind them

    def __post_init__(self) -> None:
        number = self.network.input
        tensor = self.network.tensors[number]
        where = f"input {number}"
        check_int8(tensor, where)
        shape = tensor.shape
        batch = len(shape) in (2, 4) and shape[0] == 1
        contract = "must be of shape 1,H,W,C or 1,F"
        require(batch, where, contract, shape, kind=GraphError)
        image = shape[1:] if len(shape) == 4 else (1, shape[1], 1)
        name = self.add("input", "input", shape=list(image))
        if len(shape) == 2:
            name = self.add("flatten", "features", name)
        self.made[number] = name

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


def axes_of(op: Operator, size: tuple[int, int], kernel: tuple[int, int]) -> tuple[Axis, Axis]:
    """How windows lie on an image, with TFLite's padding."""
    found = []
    for n, k, letter in zip(size, kernel, "HW", strict=True):
        stride, dilation = (
            op.options[f"Stride{letter}"],
            op.options.get(f"Dilation{letter}Factor", 1),
        )
        contract = "strides and dilations must be positive"
        require(min(stride, dilation) >= 1, op.where, contract, (stride, dilation), kind=GraphError)
        axis = Axis(kernel=k, stride=stride, dilation=dilation)
        if op.options["Padding"] == SAME:
            total = axis.missing(n)
            axis = replace(axis, before=total // 2, after=total - total // 2)
        found.append(axis)
    return found[0], found[1]


def factors(op: Operator, x: Tensor, weights: Tensor, y: Tensor, count: int) -> Factor:
    """By which sums of products become integers of ``y``, one for each channel."""
    check_int8(x, op.where)
    check_int8(y, op.where)
    fits = len(weights.scale) in (1, count) and not weights.zero.any()
    contract = f"weights need 1 or {count} scales, and zero point 0"
    got = (len(weights.scale), weights.zero[:4].tolist())
    require(fits, op.where, contract, got, kind=GraphError)
    along = 3 if op.kind == "DEPTHWISE_CONV_2D" else 0
    fits = len(weights.scale) == 1 or weights.axis == along
    contract = f"weights need their scales along axis {along}, that of the output channels"
    require(fits, op.where, contract, weights.axis, kind=GraphError)
    products = x.scale.astype(np.float64) * weights.scale.astype(np.float64)
    return Factor.of(np.broadcast_to(products / np.float64(y.scale[0]), count))


def products(
    importer: Importer,
    op: Operator,
    source: str,
    x: Tensor,
    weights: Tensor,
    codes: np.ndarray,
    **fields: object,
) -> str:
    """Weights O,KH,KW,C on levels, a bias, and the kernel's requantization."""  # fmt: skip
    y, count = importer.tensor(op.outputs[0]), len(codes)
    factor = factors(op, x, weights, y, count)
    zero, bias = int(x.zero[0]) + ZERO, np.zeros(count, np.int64)
    if len(op.inputs) > 2 and op.inputs[2] >= 0:
        given = importer.constant(op, 2, np.int32)
        contract = f"needs {count} biases"
        require(given.shape == (count,), op.where, contract, given.shape, kind=GraphError)
        bias = given.values.astype(np.int64)
    codes = codes.astype(np.int32)
    name = importer.add("conv", f"{op.name}.sums", source, weight=codes, scale=None,
                        pad_level=zero, **fields)  # fmt: skip
    bias = bias - zero * codes.sum(axis=(1, 2, 3), dtype=np.int64)
    name = importer.add("bias", f"{op.name}.biased", name, bias=bias)
    times = factor.times_once if op.kind == "FULLY_CONNECTED" else factor.times
    return importer.requantize(op, name, lambda total: times(total) + int(y.zero[0]), y)


def conv(importer: Importer, op: Operator) -> str:
    source, x = importer.source(op)
    weights = importer.constant(op, 1, np.int8)
    contract = "weights must be O,KH,KW,C"
    require(len(weights.shape) == 4, op.where, contract, weights.shape, kind=GraphError)
    h, w, c = importer.types[source].shape
    groups = c // weights.shape[3]
    axes = axes_of(op, (h, w), weights.shape[1:3])
    more = {"groups": groups} if groups > 1 else {}
    return products(importer, op, source, x, weights, weights.values, **sides(*axes), **more)


def depthwise(importer: Importer, op: Operator) -> str:
    source, x = importer.source(op)
    weights = importer.constant(op, 1, np.int8)
    h, w, c = importer.types[source].shape
    fits = len(weights.shape) == 4 and weights.shape[0] == 1 and weights.shape[3] % c == 0
    contract = f"weights must be 1,KH,KW and a multiple of {c} channels"
    require(fits, op.where, contract, weights.shape, kind=GraphError)
    axes = axes_of(op, (h, w), weights.shape[1:3])
    codes = weights.values.transpose(3, 1, 2, 0)
    more = {"groups": c} if c > 1 else {}
    return products(importer, op, source, x, weights, codes, **sides(*axes), **more)


def dense(importer: Importer, op: Operator) -> str:
    source, x = importer.source(op)
    weights = importer.constant(op, 1, np.int8)
    plain = op.options["WeightsFormat"] == 0 and len(weights.shape) == 2
    require(plain, op.where, "weights must be O,F, not shuffled", weights.shape, kind=GraphError)
    h, w, c = importer.types[source].shape
    contract = f"weights must be for {h * w * c} inputs"
    fits = weights.shape[1] == h * w * c
    require(fits, op.where, contract, weights.shape, kind=GraphError)
    if (h, w) != (1, 1):
        source = importer.add("flatten", f"{op.name}.flat", source)
    codes = weights.values[:, None, None, :]
    return products(importer, op, source, x, weights, codes, stride=1, padding=0)


def add(importer: Importer, op: Operator) -> str:
    """A sum of two scales: each input by a table, added exactly, requantized."""
    (a, x), (b, z) = (importer.source(op, place) for place in (0, 1))
    y = importer.tensor(op.outputs[0])
    low, high = (end + ZERO for end in activated(op, y))
    for one in (x, z):
        check_int8(one, op.where)
    same = importer.types[a].shape == importer.types[b].shape
    require(same, op.where, "both inputs must have one shape", kind=GraphError)
    twice = 2 * np.float64(max(x.scale[0], z.scale[0]))
    codes = np.arange(256, dtype=np.int64) - ZERO
    tables = [
        Factor.of(np.float64(one.scale[0]) / twice).times((codes - int(one.zero[0])) << LEFT)
        for one in (x, z)
    ]
    factor = Factor.of(twice / ((1 << LEFT) * np.float64(y.scale[0])))
    sums = tables[0][:, None] + tables[1]
    made = np.clip(factor.times(sums) + int(y.zero[0]) + ZERO, low, high)
    levels = thresholds(sums, made)
    assert levels is not None, "the kernel's result rises with its sum"
    parts = [
        importer.add("lookup", f"{op.name}.{side}", source, table=table, scale=1.0)
        for source, table, side in zip((a, b), tables, ("first", "second"), strict=True)
    ]
    name = importer.add("add", f"{op.name}.sum", *parts)
    channels = importer.types[name].shape[2]
    return importer.add("threshold", op.name, name, levels=np.tile(levels, (channels, 1)),
                        sign=np.ones(channels, np.int8), out_bits=8)  # fmt: skip


def average(importer: Importer, op: Operator) -> str:
    source, x = importer.source(op)
    y = importer.tensor(op.outputs[0])
    check_int8(x, op.where)
    (h, w, c), kernel = importer.types[source].shape, pool_size(op)
    down, across = axes_of(op, (h, w), kernel)
    whole = not (down.padded or across.padded)
    contract = "windows must lie inside the image: others have fewer values to count"
    require(whole, op.where, contract, kernel, kind=GraphError)
    pairs = zip((down, across), (h, w), strict=True)
    beside = all(axis.apart or n // axis.kernel == axis.count(n) == 1 for axis, n in pairs)
    count, name = kernel[0] * kernel[1], f"{op.name}.sums"
    if beside:
        name = importer.add("sum_pool", name, source, kernel=list(kernel))
    else:
        name = importer.add("conv", name, source, weight=np.ones((c, *kernel, 1), np.int32),
                            scale=None, groups=c, **sides(down, across))  # fmt: skip
    return importer.requantize(op, name, lambda t: divided(t - ZERO * count, count), y)


def largest(importer: Importer, op: Operator) -> str:
    source, x = importer.source(op)
    y = importer.tensor(op.outputs[0])
    low, high = activated(op, y)
    contract = "input and output must have one scale and zero point, and no activation"
    alike = x.scale[0] == y.scale[0] and x.zero[0] == y.zero[0] and (low, high) == (-128, 127)
    require(alike, op.where, contract, kind=GraphError)
    (h, w, _), kernel = importer.types[source].shape, pool_size(op)
    axes = axes_of(op, (h, w), kernel)
    return importer.add("max_pool", op.name, source, kernel=list(kernel), **sides(*axes))


def pool_size(op: Operator) -> tuple[int, int]:
    """Height and width of a pool's windows."""
    kernel = op.options["FilterHeight"], op.options["FilterWidth"]
    require(min(kernel) >= 1, op.where, "filter must be positive", kernel, kind=GraphError)
    return kernel


def reshape(importer: Importer, op: Operator) -> str:
    source, _ = importer.source(op)
    shape = importer.tensor(op.outputs[0]).shape
    kind = importer.types[source].shape
    if shape == (1, *kind) or shape == (1, kind[2]) and kind[:2] == (1, 1):
        return source
    flat = shape in ((1, int(np.prod(kind))), (1, 1, 1, int(np.prod(kind))))
    contract = f"must make {(1, int(np.prod(kind)))} of {(1, *kind)}"
    require(flat, op.where, contract, shape, kind=GraphError)
    return importer.add("flatten", op.name, source)


def softmax(importer: Importer, op: Operator) -> str:
    source, _ = importer.source(op)
    last = op.outputs[0] == importer.network.output
    contract = "must stand at the end, where it keeps the ranking"
    require(last, op.where, contract, kind=GraphError)
    importer.ranked = op.inputs[0]
    return source


RULES: dict[str, Callable[[Importer, Operator], str]] = {
    "ADD": add,
    "AVERAGE_POOL_2D": average,
    "CONV_2D": conv,
    "DEPTHWISE_CONV_2D": depthwise,
    "FULLY_CONNECTED": dense,
    "MAX_POOL_2D": largest,
    "RESHAPE": reshape,
    "SOFTMAX": softmax,
}


def judge(network: Network, name: str) -> Judged[Imported]:
    """Every operator, and the network as a graph of integers where all are supported.

    Raises GraphError for an input that is no int8 image or vector.
    """
    importer, lines = Importer(network), []
    for op in network.operators:
        line = Line(node=op.name, kind=op.kind, supported=True)
        wanted = [n for n in op.inputs if n >= 0 and network.tensors[n].values is None]
        lost = op.kind in RULES and not all(n in importer.made for n in wanted)
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
    made = {number: op for number, op in importer.made.items() if op in names}
    if importer.ranked is not None:
        made.pop(importer.network.output, None)
    return Imported(graph=graph, tensors=made)
