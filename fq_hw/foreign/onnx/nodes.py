"""How each kind of ONNX node folds: one function a kind, declared by ``rule``."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.fold import Node, Value, Walk, rule
from fq_hw.foreign.onnx.quantize import Steps, integer_range, quantizer_steps
from fq_hw.foreign.onnx.values import NEAR, Feature, Weights, uniform

__all__: list[str] = []  # rules declare themselves


def quantized(walk: Walk, node: Node, x: Feature, steps: Steps) -> Feature:
    """The codes of ``steps``: a table on pixels, else thresholds on sums or levels."""
    shape = (x.channels,)
    scale, shift = np.full(shape, steps.scale), np.full(shape, steps.shift)
    after = {"scale": scale, "shift": shift, "floor": None, "levels": True, "pixels": False}
    if x.pixels:
        codes = steps.codes(np.tile(np.arange(256), (x.channels, 1)), x).astype(np.uint8)
        if (codes == np.arange(256)).all():
            return replace(x, **after)
        table = codes[:1] if (codes == codes[0]).all() else codes
        name = walk.add("embed", node, x.op, table=table[..., None], out_bits=steps.bits)
        return replace(x, op=name, **after)
    levels, sign = steps.levels(x)
    name = walk.add("threshold", node, x.op, levels=levels, sign=sign, out_bits=steps.bits)
    return replace(x, op=name, **after)


@rule("Quant", "IntQuant")
def quant(walk: Walk, node: Node) -> Value:
    scale, zero, bits = (node.constant(n).astype(np.float64) for n in (1, 2, 3))
    require(bits.size == 1, node.where, "needs one bit width", bits.shape, kind=GraphError)
    width, attributes = float(bits.reshape(())), node.attributes
    if isinstance(node.inputs[0], Feature):
        steps = quantizer_steps(scale, zero, width, attributes, node.where)
        return quantized(walk, node, node.inputs[0], steps)
    require((scale > 0).all(), node.where, "scale must be positive", scale.min(), kind=GraphError)
    require(not zero.any(), node.where, "weights need zero point 0", zero.max(), kind=GraphError)
    signed, narrow = bool(attributes.get("signed", 1)), bool(attributes.get("narrow", 0))
    real = node.constant(0).astype(np.float64) / scale
    if width == 1 and signed:
        return Weights(codes=np.where(real >= 0, 1, -1), scale=scale)
    low, high = integer_range(width, signed, narrow, node.where)
    mode = attributes.get("rounding_mode", b"ROUND").decode().upper()
    contract = "weights must be rounded by ROUND"
    require(mode in ("ROUND", "HALF_EVEN"), node.where, contract, mode, kind=GraphError)
    codes = np.rint(real.clip(low, high)).astype(np.int64)
    return Weights(codes=codes, scale=scale)


@rule("BipolarQuant")
def bipolar(walk: Walk, node: Node) -> Value:
    scale = node.constant(1).astype(np.float64)
    require((scale > 0).all(), node.where, "scale must be positive", scale.min(), kind=GraphError)
    if not isinstance(node.inputs[0], Feature):
        return Weights(codes=np.where(node.constant(0) >= 0, 1, -1), scale=scale)
    require(
        scale.size == 1, node.where, "an activation needs one scale", scale.shape, kind=GraphError
    )
    step = float(scale.reshape(()))
    edge, closed = np.zeros((1, 1)), np.zeros((1, 1), bool)
    steps = Steps(edges=edge, exclusive=closed, scale=2 * step, shift=-step)
    return quantized(walk, node, node.inputs[0], steps)


@rule("MultiThreshold")
def multi_threshold(walk: Walk, node: Node) -> Value:
    x, edges = node.feature(), node.constant(1).astype(np.float64)
    fits = edges.ndim == 2 and len(edges) in (1, x.channels) and edges.shape[1] < 256
    contract = f"thresholds must be 1 or {x.channels} rows of at most 255"
    require(fits, node.where, contract, edges.shape, kind=GraphError)
    single = not x.flat or x.shape[:2] == (1, 1) or len(edges) == 1
    require(single, node.where, "must come before Flatten", "behind it", kind=GraphError)
    rises = (edges[:, 1:] >= edges[:, :-1]).all()
    require(rises, node.where, "thresholds must ascend", "these", kind=GraphError)
    scale = float(node.attributes.get("out_scale", 1.0))
    require(scale > 0, node.where, "out_scale must be positive", scale, kind=GraphError)
    shift = float(node.attributes.get("out_bias", 0.0))
    steps = Steps(edges=edges, exclusive=np.zeros(edges.shape, bool), scale=scale, shift=shift)
    return quantized(walk, node, x, steps)


def convolve(
    walk: Walk,
    node: Node,
    x: Feature,
    weight: np.ndarray,
    scale: np.ndarray | None,
    stride: int,
    padding: int,
) -> Feature:
    """Integer weights O,K,K,C with a scale per output channel on levels."""
    contract = "weights need one scale for each output channel, or one (per-channel quantization)"
    require(scale is not None, node.where, contract, "others", kind=GraphError)
    contract = "input must be quantized; put a Quant node before it"
    require(x.levels and x.floor is None, node.where, contract, "sums", kind=GraphError)
    unit = uniform(x.scale)
    contract = "all input channels need one scale (per-tensor quantization)"
    require(unit is not None, node.where, contract, "several", kind=GraphError)
    contract = f"weights must fit {x.channels} channels"
    require(weight.shape[3] == x.channels, node.where, contract, weight.shape, kind=GraphError)
    level = 0
    if padding:
        zero = -x.shift / unit
        level = int(np.rint(zero[0]))
        held = np.allclose(zero, level, atol=NEAR) and 0 <= level < 256
        contract = "padding is with 0, which must be a level of the input"
        require(held, node.where, contract, float(zero[0]), kind=GraphError)
    name = walk.add("conv", node, x.op, weight=weight.astype(np.int32), stride=stride,
                    padding=padding, scale=None, pad_level=level)  # fmt: skip
    h, w = ((n + 2 * padding - weight.shape[1]) // stride + 1 for n in x.shape[:2])
    shift = scale * (weight.sum(axis=(1, 2)) * x.shift).sum(axis=1)
    return replace(x, op=name, shape=(h, w, len(weight)), scale=scale * unit, shift=shift,
                   levels=False, pixels=False)  # fmt: skip


def square(node: Node, name: str, values: list[int]) -> int:
    """A list of equal numbers as one."""
    require(len(set(values)) == 1, node.where, f"{name} must be equal on all sides", values,
            kind=GraphError)  # fmt: skip
    return values[0]


def pads(node: Node, kernel: int) -> int:
    """Padding on every side."""
    auto = node.attributes.get("auto_pad", b"NOTSET").decode()
    contract = "auto_pad must be NOTSET or VALID; give pads instead"
    require(auto in ("NOTSET", "VALID"), node.where, contract, auto, kind=GraphError)
    return square(node, "pads", list(node.attributes.get("pads", [0, 0, 0, 0])))


@rule("Conv")
def conv(walk: Walk, node: Node) -> Value:
    x, weights, attributes = node.feature(), node.weights(), node.attributes
    require(weights.codes.ndim == 4 and not x.flat, node.where, "must be two-dimensional",
            weights.codes.shape, kind=GraphError)  # fmt: skip
    group = attributes.get("group", 1)
    contract = "group must be 1: depthwise and grouped convolutions have no engine yet"
    require(group == 1, node.where, contract, group, kind=GraphError)
    dilation = square(node, "dilations", list(attributes.get("dilations", [1, 1])))
    require(dilation == 1, node.where, "dilations must be 1", dilation, kind=GraphError)
    require(not x.last, node.where, "input must be N,C,H,W", "N,H,W,C", kind=GraphError)
    kernel = square(node, "kernel", list(weights.codes.shape[2:]))
    stride = square(node, "strides", list(attributes.get("strides", [1, 1])))
    weight = weights.codes.transpose(0, 2, 3, 1)
    y = convolve(walk, node, x, weight, weights.scale_along(0), stride, pads(node, kernel))
    if len(node.inputs) > 2 and node.inputs[2] is not None:
        bias = node.constant(2).astype(np.float64).reshape(-1)
        fits = len(bias) == y.channels
        require(fits, node.where, f"needs {y.channels} biases", len(bias), kind=GraphError)
        y = y.affine(np.ones(y.channels), bias, node.where)
    return y


def dense(walk: Walk, node: Node, x: Feature, weights: Weights) -> Feature:
    """Weights (in,out) on a flat tensor: a 1x1 convolution of one pixel."""
    h, w, c = x.shape
    size = h * w * c
    require(x.flat or (h, w) == (1, 1), node.where, "input must be flat: put Flatten before it",
            x.dims, kind=GraphError)  # fmt: skip
    fits = weights.codes.ndim == 2 and len(weights.codes) == size
    require(fits, node.where, f"weights must be {size},N", weights.codes.shape, kind=GraphError)
    codes = weights.codes
    if not x.last:  # ONNX counts channels slowest, the graph fastest
        codes = codes.reshape(c, h * w, -1).swapaxes(0, 1).reshape(size, -1)
    if (h, w) != (1, 1):
        name = walk.add("flatten", node, x.op, suffix=".flat")
        x = replace(x, op=name, shape=(1, 1, size), scale=np.tile(x.scale, h * w),
                    shift=np.tile(x.shift, h * w))  # fmt: skip
    y = convolve(walk, node, x, codes.T[:, None, None, :], weights.scale_along(1), 1, 0)
    return replace(y, flat=True)


@rule("MatMul")
def matmul(walk: Walk, node: Node) -> Value:
    return dense(walk, node, node.feature(), node.weights())


@rule("Gemm")
def gemm(walk: Walk, node: Node) -> Value:
    attributes, weights = node.attributes, node.weights()
    plain = attributes.get("alpha", 1.0) == attributes.get("beta", 1.0) == 1.0
    plain = plain and not attributes.get("transA", 0)
    require(plain, node.where, "alpha and beta must be 1, transA 0", "others", kind=GraphError)
    if attributes.get("transB", 0):
        weights = weights.transposed([1, 0])
    y = dense(walk, node, node.feature(), weights)
    if len(node.inputs) > 2 and node.inputs[2] is not None:
        y = y.affine(np.ones(y.channels), y.per_channel(node.constant(2), node.where), node.where)
    return y


@rule("BatchNormalization")
def norm(walk: Walk, node: Node) -> Value:
    x = node.feature()
    parameters = [node.constant(n).astype(np.float64).reshape(-1) for n in (1, 2, 3, 4)]
    fits = {len(p) for p in parameters} <= {1, x.channels}
    contract = f"parameters must be of {x.channels} channels"
    require(fits, node.where, contract, [len(p) for p in parameters], kind=GraphError)
    gain, bias, mean, var = (np.broadcast_to(p, x.channels) for p in parameters)
    gain = gain / np.sqrt(var + node.attributes.get("epsilon", 1e-5))
    return x.affine(gain, bias - gain * mean, node.where)


@rule("Mul", "Div")
def multiply(walk: Walk, node: Node) -> Value:
    x, other = node.split
    require(
        x is not None, node.where, "must have a constant factor", "two tensors", kind=GraphError
    )
    factor = x.per_channel(node.constant(other), node.where)
    if node.proto.op_type == "Div":
        require(other == 1, node.where, "must divide by a constant", "by a tensor", kind=GraphError)
        require(factor.all(), node.where, "must not divide by 0", 0, kind=GraphError)
        factor = 1 / factor
    return x.affine(factor, np.zeros(x.channels), node.where)


@rule("Add", "Sub")
def add(walk: Walk, node: Node) -> Value:
    x, other = node.split
    if x is None:
        require(node.proto.op_type == "Add", node.where, "must add two tensors", "a difference",
                kind=GraphError)  # fmt: skip
        return residual(walk, node)
    term, gain = x.per_channel(node.constant(other), node.where), np.ones(x.channels)
    if node.proto.op_type == "Sub":
        term, gain = (-term, gain) if other == 1 else (term, -gain)
    return x.affine(gain, term, node.where)


def residual(walk: Walk, node: Node) -> Feature:
    """The sum of two tensors whose units are worth the same."""
    a, b = (node.feature(n).exact(node.where) for n in (0, 1))
    same = a.shape == b.shape and (a.last, a.flat) == (b.last, b.flat)
    require(same, node.where, f"both inputs must be {a.dims}", b.dims, kind=GraphError)
    units = [uniform(x.scale) for x in (a, b)]
    contract = (
        "both inputs need one and the same scale for all channels; quantize both by one "
        "Quant node, or with equal scales"
    )
    equal = None not in units and math.isclose(*units, rel_tol=NEAR) and units[0] > 0
    require(equal, node.where, contract, units, kind=GraphError)
    for x in (a, b):
        walk.set_scale(x.op, units[0])
    first, second = in_order(walk, a, b)
    name = walk.add("add", node, first.op, second.op)
    return replace(a, op=name, shift=a.shift + b.shift, levels=a.levels and b.levels)


def in_order(walk: Walk, a: Feature, b: Feature) -> tuple[Feature, Feature]:
    """The branch first, then what skips it: the one with more convolutions behind it first."""

    def depth(name: str) -> int:
        node = next(n for n in walk.nodes if n["name"] == name)
        return max((depth(n) for n in node["inputs"]), default=0) + (node["op"] == "conv")

    return (a, b) if depth(a.op) >= depth(b.op) else (b, a)


@rule("Concat")
def concat(walk: Walk, node: Node) -> Value:
    if not any(isinstance(value, Feature) for value in node.inputs):
        axis = node.attributes["axis"]
        return np.concatenate([node.constant(n) for n in range(len(node.inputs))], axis)
    features = [node.feature(n).exact(node.where) for n in range(len(node.inputs))]
    axis = node.attributes["axis"] % len(features[0].dims)
    channels = len(features[0].dims) - 1 if features[0].last else 1
    single = not features[0].flat or features[0].shape[:2] == (1, 1)
    require(
        axis == channels and single,
        node.where,
        "must join channels",
        f"axis {axis}",
        kind=GraphError,
    )
    joined = features[0]
    for number, x in enumerate(features[1:], 1):
        same = joined.shape[:2] == x.shape[:2] and (joined.last, joined.flat) == (x.last, x.flat)
        require(same, node.where, f"inputs must be {joined.dims}", x.dims, kind=GraphError)
        first, second = in_order(walk, joined, x)
        suffix = "" if number == len(features) - 1 else f".{number}"
        name = walk.add("concat", node, first.op, second.op, suffix=suffix,
                        swapped=first is not joined)  # fmt: skip
        joined = replace(
            joined,
            op=name,
            shape=(*x.shape[:2], joined.channels + x.channels),
            scale=np.concatenate([joined.scale, x.scale]),
            shift=np.concatenate([joined.shift, x.shift]),
            levels=joined.levels and x.levels,
            pixels=False,
        )
    return joined


@rule("Relu")
def relu(walk: Walk, node: Node) -> Value:
    x = node.feature()
    zero = np.zeros(x.channels)
    return replace(x, floor=zero if x.floor is None else np.maximum(x.floor, zero))


def pool(walk: Walk, node: Node, op: str, kernel: tuple[int, int]) -> Feature:
    x = node.feature()
    h, w, c = x.shape
    rows, columns = kernel
    fits = rows <= h and columns <= w
    require(fits, node.where, f"kernel must fit {h}x{w}", kernel, kind=GraphError)
    if kernel == (1, 1):
        return x
    name = walk.add(op, node, x.op, kernel=[rows, columns])
    return replace(x, op=name, shape=(h // rows, w // columns, c), pixels=False)


def side_by_side(node: Node) -> tuple[int, int]:
    """The kernel of a pool whose windows do not overlap."""
    attributes = node.attributes
    kernel = tuple(attributes["kernel_shape"])
    strides = tuple(attributes.get("strides", [1, 1]))
    bare = not any(attributes.get("pads", [0] * 4)) and not attributes.get("ceil_mode", 0)
    bare = bare and set(attributes.get("dilations", [1])) == {1} and len(kernel) == 2
    contract = "windows must lie side by side: strides = kernel_shape, no pads, no ceil_mode"
    require(bare and kernel == strides, node.where, contract, (kernel, strides), kind=GraphError)
    return kernel


@rule("MaxPool")
def max_pool(walk: Walk, node: Node) -> Value:
    return largest(walk, node, side_by_side(node))


@rule("GlobalMaxPool")
def global_max_pool(walk: Walk, node: Node) -> Value:
    return largest(walk, node, node.feature().shape[:2])


def largest(walk: Walk, node: Node, kernel: tuple[int, int]) -> Feature:
    x = node.feature()
    rises = (x.scale > 0).all()
    contract = "must come behind a quantizer where a norm's gain is negative"
    require(rises, node.where, contract, float(x.scale.min()), kind=GraphError)
    return pool(walk, node, "max_pool", kernel)


@rule("AveragePool")
def average_pool(walk: Walk, node: Node) -> Value:
    return average(walk, node, side_by_side(node))


@rule("GlobalAveragePool")
def global_average_pool(walk: Walk, node: Node) -> Value:
    return average(walk, node, node.feature().shape[:2])


@rule("ReduceMean")
def reduce_mean(walk: Walk, node: Node) -> Value:
    x = node.feature()
    axes = node.attributes.get("axes")
    axes = sorted(n % 4 for n in (axes or np.atleast_1d(node.constant(1)).tolist()))
    contract = "must be over height and width"
    require(axes == ([1, 2] if x.last else [2, 3]), node.where, contract, axes, kind=GraphError)
    y = average(walk, node, x.shape[:2])
    return y if node.attributes.get("keepdims", 1) else replace(y, flat=True)


def average(walk: Walk, node: Node, kernel: tuple[int, int]) -> Feature:
    """A sum whose unit is worth the less: nothing is divided."""
    y = pool(walk, node, "sum_pool", kernel)
    y.exact(node.where)
    size = kernel[0] * kernel[1]
    return replace(y, scale=y.scale / size)


@rule("Flatten", "Reshape", "Squeeze")
def flatten(walk: Walk, node: Node) -> Value:
    x = node.feature()
    size = math.prod(x.shape)
    if node.proto.op_type == "Flatten":
        flat = node.attributes.get("axis", 1) in (1, -3)
    elif node.proto.op_type == "Reshape":
        target = node.constant(1).tolist()
        flat = len(target) == 2 and target[1] in (-1, size) and target[0] in (-1, 0, 1)
    else:
        flat = x.shape[:2] == (1, 1)
    contract = f"must make the tensor flat: N,{size}"
    require(flat, node.where, contract, "another shape", kind=GraphError)
    return replace(x, flat=True)


@rule("Transpose")
def transpose(walk: Walk, node: Node) -> Value:
    axes = list(node.attributes["perm"])
    if not isinstance(node.inputs[0], Feature):
        if isinstance(node.inputs[0], Weights):
            return node.inputs[0].transposed(axes)
        return node.constant(0).transpose(axes)
    x = node.feature()
    known = {False: [0, 2, 3, 1], True: [0, 3, 1, 2]}[x.last]
    require(
        axes == known and not x.flat, node.where, f"perm must be {known}", axes, kind=GraphError
    )
    return replace(x, last=not x.last)


@rule("Identity", "Dropout")
def identity(walk: Walk, node: Node) -> Value:
    return node.inputs[0]


@rule("TopK", "ArgMax")
def label(walk: Walk, node: Node) -> Value:
    x = node.feature()
    if node.proto.op_type == "TopK":
        most = int(np.asarray(node.constant(1)).reshape(-1)[0])
        require(most == 1, node.where, "K must be 1", most, kind=GraphError)
    walk.label = node.proto.input[0]
    return x
