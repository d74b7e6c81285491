"""TFLite models written by hand: small int8 networks of random layers, scales and zero points."""

from __future__ import annotations

from dataclasses import dataclass, field

import flatbuffers
import numpy as np
import tflite

__all__ = ["Maker", "random_model"]

VERSIONS = {  # of each operator, for int8
    "ADD": 2,
    "AVERAGE_POOL_2D": 2,
    "CAST": 1,
    "CONCATENATION": 2,
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 3,
    "DEQUANTIZE": 2,
    "EXPAND_DIMS": 1,
    "FLOOR": 1,
    "FULLY_CONNECTED": 4,
    "GATHER": 1,
    "HARD_SWISH": 1,
    "LEAKY_RELU": 2,
    "LOGISTIC": 2,
    "MAXIMUM": 1,
    "MAX_POOL_2D": 2,
    "MEAN": 2,
    "MINIMUM": 1,
    "MUL": 1,
    "PACK": 2,
    "PAD": 2,
    "PADV2": 2,
    "QUANTIZE": 2,
    "RELU": 2,
    "RELU6": 2,
    "RELU_N1_TO_1": 1,
    "RESHAPE": 1,
    "RESIZE_NEAREST_NEIGHBOR": 2,
    "SHAPE": 1,
    "SOFTMAX": 2,
    "SQUEEZE": 1,
    "STRIDED_SLICE": 2,
    "SUB": 2,
    "TANH": 2,
}
CODES = {kind: getattr(tflite.BuiltinOperator, kind) for kind in VERSIONS}
TYPES = {np.dtype(np.int8): tflite.TensorType.INT8, np.dtype(np.int32): tflite.TensorType.INT32,
         np.dtype(np.uint8): tflite.TensorType.UINT8,
         np.dtype(np.float32): tflite.TensorType.FLOAT32}  # fmt: skip
OPTIONS = {  # the module of the options, by operator
    "ADD": "AddOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "CONCATENATION": "ConcatenationOptions",
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "GATHER": "GatherOptions",
    "LEAKY_RELU": "LeakyReluOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions",
    "MUL": "MulOptions",
    "PACK": "PackOptions",
    "RESIZE_NEAREST_NEIGHBOR": "ResizeNearestNeighborOptions",
    "SHAPE": "ShapeOptions",
    "SOFTMAX": "SoftmaxOptions",
    "SQUEEZE": "SqueezeOptions",
    "STRIDED_SLICE": "StridedSliceOptions",
    "SUB": "SubOptions",
}


@dataclass
class Maker:
    """Tensors and operators of a model so far."""

    dice: np.random.Generator
    tensors: list[dict] = field(default_factory=list)
    operators: list[dict] = field(default_factory=list)

    def tensor(self, shape, kind=np.int8, scale=(), zero=(), axis=0, values=None) -> int:
        self.tensors.append({"shape": shape, "kind": np.dtype(kind), "scale": np.float32(scale),
                             "zero": np.int64(zero), "axis": axis, "values": values})  # fmt: skip
        return len(self.tensors) - 1

    def computed(self, shape, kind=np.int8) -> int:
        """A tensor of one scale and zero point."""
        zero = int(self.dice.choice([-128, -128, 127, *self.dice.integers(-128, 128, 2)]))
        return self.tensor(shape, kind, [self.dice.uniform(0.01, 0.2)], [zero])

    def like(self, x: int, shape) -> int:
        """A tensor of the scale and zero point of another."""
        return self.tensor(shape, np.int8, self.tensors[x]["scale"], self.tensors[x]["zero"])

    def shape(self, number: int) -> tuple[int, ...]:
        return self.tensors[number]["shape"]

    def op(self, kind: str, inputs, output: int, **options: int) -> int:
        self.operators.append({"kind": kind, "inputs": inputs, "output": output,
                               "options": options})  # fmt: skip
        return output

    def weighted(self, kind: str, x: int, weights, axis: int, shape, **options: int) -> int:
        """An operator with weights, scales for each channel or one, and biases."""
        count = weights.shape[axis]
        several = kind != "FULLY_CONNECTED" and self.dice.random() < 0.7
        scale = self.dice.uniform(0.002, 0.02, count if several else 1).astype(np.float32)
        w = self.tensor(weights.shape, np.int8, scale, [0] * len(scale), axis, weights)
        bias = self.dice.integers(-2000, 2000, count).astype(np.int32)
        given = self.tensors[x]["scale"][0] * scale
        b = self.tensor((count,), np.int32, given, [0] * len(given), 0, bias)
        inputs = [x, w, -1 if kind == "FULLY_CONNECTED" and self.dice.random() < 0.3 else b]
        activation = int(self.dice.choice([0, 1, 3]))
        return self.op(kind, inputs, self.computed(shape), FusedActivationFunction=activation,
                       **options)  # fmt: skip

    def codes(self, *shape: int) -> np.ndarray:
        return self.dice.integers(-127, 128, shape).astype(np.int8)

    def content(self, source: int, output: int) -> bytes:
        """The file."""
        b = flatbuffers.Builder(4096)
        kinds = sorted({op["kind"] for op in self.operators})
        buffers = [self.buffer(b, None)]
        places = []
        for tensor in self.tensors:
            values = tensor["values"]
            places.append(0 if values is None else len(buffers))
            if values is not None:
                buffers.append(self.buffer(b, values.tobytes()))
        tensors = [self.written(b, t, place) for t, place in zip(self.tensors, places, strict=True)]
        operators = [self.operator(b, op, kinds) for op in self.operators]
        ends = [b.CreateNumpyVector(np.array([n], np.int32)) for n in (source, output)]
        vectors = [vector(b, tensors), vector(b, operators)]
        tflite.SubGraphStart(b)
        tflite.SubGraphAddTensors(b, vectors[0])
        tflite.SubGraphAddInputs(b, ends[0])
        tflite.SubGraphAddOutputs(b, ends[1])
        tflite.SubGraphAddOperators(b, vectors[1])
        graph = tflite.SubGraphEnd(b)
        codes = []
        for kind in kinds:
            tflite.OperatorCodeStart(b)
            tflite.OperatorCodeAddDeprecatedBuiltinCode(b, CODES[kind])
            tflite.OperatorCodeAddBuiltinCode(b, CODES[kind])
            tflite.OperatorCodeAddVersion(b, VERSIONS[kind])
            codes.append(tflite.OperatorCodeEnd(b))
        whole = [vector(b, part) for part in (codes, [graph], buffers)]
        tflite.ModelStart(b)
        tflite.ModelAddVersion(b, 3)
        tflite.ModelAddOperatorCodes(b, whole[0])
        tflite.ModelAddSubgraphs(b, whole[1])
        tflite.ModelAddBuffers(b, whole[2])
        b.Finish(tflite.ModelEnd(b), b"TFL3")
        return bytes(b.Output())

    def buffer(self, b, content: bytes | None) -> int:
        found = None if content is None else b.CreateByteVector(content)
        tflite.BufferStart(b)
        if found is not None:
            tflite.BufferAddData(b, found)
        return tflite.BufferEnd(b)

    def written(self, b, tensor: dict, buffer: int) -> int:
        shape = b.CreateNumpyVector(np.array(tensor["shape"], np.int32))
        known = 0
        if tensor["scale"].size:
            scale = b.CreateNumpyVector(np.atleast_1d(tensor["scale"]))
            zero = b.CreateNumpyVector(np.atleast_1d(tensor["zero"]))
            tflite.QuantizationParametersStart(b)
            tflite.QuantizationParametersAddScale(b, scale)
            tflite.QuantizationParametersAddZeroPoint(b, zero)
            tflite.QuantizationParametersAddQuantizedDimension(b, tensor["axis"])
            known = tflite.QuantizationParametersEnd(b)
        name = b.CreateString("t")
        tflite.TensorStart(b)
        tflite.TensorAddShape(b, shape)
        tflite.TensorAddType(b, TYPES[tensor["kind"]])
        tflite.TensorAddBuffer(b, buffer)
        tflite.TensorAddName(b, name)
        if known:
            tflite.TensorAddQuantization(b, known)
        return tflite.TensorEnd(b)

    def operator(self, b, op: dict, kinds: list[str]) -> int:
        inputs = b.CreateNumpyVector(np.array(op["inputs"], np.int32))
        outputs = b.CreateNumpyVector(np.array([op["output"]], np.int32))
        module = OPTIONS.get(op["kind"])
        options = 0
        if module:
            given = {
                name: b.CreateNumpyVector(value) if isinstance(value, np.ndarray) else value
                for name, value in op["options"].items()
            }
            getattr(tflite, f"{module}Start")(b)
            for name, value in given.items():
                getattr(tflite, f"{module}Add{name}")(b, value)
            options = getattr(tflite, f"{module}End")(b)
        tflite.OperatorStart(b)
        tflite.OperatorAddOpcodeIndex(b, kinds.index(op["kind"]))
        tflite.OperatorAddInputs(b, inputs)
        tflite.OperatorAddOutputs(b, outputs)
        if options:
            tflite.OperatorAddBuiltinOptionsType(b, getattr(tflite.BuiltinOptions, module))
            tflite.OperatorAddBuiltinOptions(b, options)
        return tflite.OperatorEnd(b)


def vector(b, offsets: list[int]) -> int:
    """A vector of tables."""
    b.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        b.PrependUOffsetTRelative(offset)
    return b.EndVector()


def random_model(seed: int, side: int = 9) -> bytes:
    """A few layers of any kind, then classes; between ends of int8, or of another type."""
    m = Maker(np.random.default_rng(seed))
    pick = m.dice.integers
    if m.dice.random() < 0.2:
        x = source = m.computed((1, int(pick(2, 30))))
        source, x = begun(m, x)
    else:
        x = m.computed((1, *(int(n) for n in pick(2, side, 2)), int(pick(1, 5))))
        source, x = begun(m, x)
        for _ in range(int(pick(1, 5))):
            x = layer(m, x)
        x = flattened(m, x)
    classes = int(pick(2, 6))
    x = m.weighted("FULLY_CONNECTED", x, m.codes(classes, m.shape(x)[1]), 0, (1, classes))
    if m.dice.random() < 0.5:
        y = m.tensor((1, classes), np.int8, [1 / 256], [-128])
        x = m.op("SOFTMAX", [x], y, Beta=1)
    return m.content(source, ended(m, x))


def begun(m: Maker, x: int) -> tuple[int, int]:
    """The network's input, and ``x``, which it is, or which is made of it."""
    way, known = m.dice.choice(["int8", "int8", "float", "uint8"]), m.tensors[x]
    if way == "int8":
        return x, x
    if way == "float":
        source = m.tensor(known["shape"], np.float32)
    else:
        source = m.tensor(known["shape"], np.uint8, known["scale"], known["zero"] + 128)
    return source, m.op("QUANTIZE", [source], x)


def ended(m: Maker, x: int) -> int:
    """The network's output: ``x``, or what is made of it."""
    way, known = m.dice.choice(["int8", "int8", "float", "uint8"]), m.tensors[x]
    if way == "float":
        return m.op("DEQUANTIZE", [x], m.tensor(known["shape"], np.float32))
    if way == "uint8":
        y = m.tensor(known["shape"], np.uint8, known["scale"], known["zero"] + 128)
        return m.op("QUANTIZE", [x], y)
    return x


def flattened(m: Maker, x: int) -> int:
    """All numbers of an image in a row, or a mean of its pixels, as converters write them."""
    _, h, w, c = m.shape(x)
    way = m.dice.choice(["average", "mean", "mean", "none"])
    if way == "average":
        x = m.op("AVERAGE_POOL_2D", [x], m.like(x, (1, 1, 1, c)), Padding=1, StrideH=1, StrideW=1,
                 FilterHeight=h, FilterWidth=w, FusedActivationFunction=0)  # fmt: skip
    if way == "mean":
        axes = m.tensor((2,), np.int32, values=np.array([1, 2], np.int32))
        keep = bool(m.dice.random() < 0.5)
        x = m.op("MEAN", [x, axes], m.computed((1, 1, 1, c) if keep else (1, c)), KeepDims=keep)
        if not keep:
            return x
    if way != "none":
        h = w = 1
    if way == "average" and m.dice.random() < 0.5:
        return m.op("SQUEEZE", [x], m.like(x, (1, c)), SqueezeDims=np.array([1, 2], np.int32))
    if m.dice.random() < 0.5:
        shape = m.tensor((2,), np.int32, values=np.array([1, h * w * c], np.int32))
    else:  # of a batch that was open
        sizes = m.op("SHAPE", [x], m.tensor((4,), np.int32), OutType=tflite.TensorType.INT32)
        ends = [m.tensor((1,), np.int32, values=np.array([n], np.int32)) for n in (0, 1, 1)]
        batch = m.op("STRIDED_SLICE", [sizes, *ends], m.tensor((), np.int32), ShrinkAxisMask=1)
        rest = m.tensor((), np.int32, values=np.array(h * w * c, np.int32))
        shape = m.op("PACK", [batch, rest], m.tensor((2,), np.int32), ValuesCount=2)
    return m.op("RESHAPE", [x, shape], m.like(x, (1, h * w * c)))


def layer(m: Maker, x: int) -> int:
    """One of the kinds that there are."""
    _, h, w, c = m.shape(x)
    kinds = ["conv", "conv", "depthwise", "add", "max", "average", "moved", "concatenation"]
    kind = m.dice.choice([*kinds, "function", "function"])
    if kind == "moved":
        return moved(m, x)
    if kind == "function":
        return function(m, x)
    if kind == "concatenation":
        return concatenated(m, x)
    same = int(m.dice.random() < 0.6)  # of its padding
    stride, kernel, dilation = ([int(n) for n in m.dice.integers(*ends, 2)]
                                for ends in ((1, 3), (1, 4), (1, 3)))  # fmt: skip
    if stride != [1, 1] or kind in ("max", "average"):
        dilation = [1, 1]
    if not same:
        kernel = [
            min(k, n, (n - 1) // d + 1) for k, n, d in zip(kernel, (h, w), dilation, strict=True)
        ]
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = tuple(-(-n // s) if same else (n - k) // s + 1
                 for n, s, k in zip((h, w), stride, spans, strict=True))  # fmt: skip
    windows = {"Padding": 0 if same else 1, "StrideH": stride[0], "StrideW": stride[1]}
    if kind == "add":
        y = m.weighted("CONV_2D", x, m.codes(c, 1, 1, c), 0, (1, h, w, c), Padding=1, StrideH=1,
                       StrideW=1, DilationHFactor=1, DilationWFactor=1)  # fmt: skip
        pair = [x, y] if m.dice.random() < 0.5 else [y, x]
        return m.op(str(m.dice.choice(["ADD", "ADD", "SUB"])), pair, m.computed((1, h, w, c)),
                    FusedActivationFunction=int(m.dice.choice([0, 1])))  # fmt: skip
    if kind in ("max", "average"):
        if kind == "average":  # windows that reach outside have other divisors
            windows["Padding"], kernel = 1, [min(k, n) for k, n in zip(kernel, (h, w), strict=True)]
            size = tuple((n - k) // s + 1 for n, k, s in zip((h, w), kernel, stride, strict=True))
        y = m.like(x, (1, *size, c))
        name = "MAX_POOL_2D" if kind == "max" else "AVERAGE_POOL_2D"
        return m.op(name, [x], y, FilterHeight=kernel[0], FilterWidth=kernel[1],
                    FusedActivationFunction=0, **windows)  # fmt: skip
    windows |= {"DilationHFactor": dilation[0], "DilationWFactor": dilation[1]}
    if kind == "conv":
        cout = int(m.dice.integers(1, 6))
        return m.weighted("CONV_2D", x, m.codes(cout, *kernel, c), 0, (1, *size, cout), **windows)
    times = int(m.dice.choice([1, 1, 2]))
    return m.weighted("DEPTHWISE_CONV_2D", x, m.codes(1, *kernel, c * times), 3,
                      (1, *size, c * times), DepthMultiplier=times, **windows)  # fmt: skip


def moved(m: Maker, x: int) -> int:
    """Pixels around an image, or each several times."""
    _, h, w, c = m.shape(x)
    if m.dice.random() < 0.3 and h * w <= 30:
        times = (int(n) for n in m.dice.integers(1, 3, 2))
        size = np.array([h, w], np.int32) * np.array([*times], np.int32)
        given = m.tensor((2,), np.int32, values=size)
        half = bool(m.dice.random() < 0.5)
        return m.op("RESIZE_NEAREST_NEIGHBOR", [x, given], m.like(x, (1, *size.tolist(), c)),
                    AlignCorners=False, HalfPixelCenters=half)  # fmt: skip
    sides = np.zeros((4, 2), np.int32)
    sides[1:3] = m.dice.integers(0, 3, (2, 2))
    y = m.like(x, (1, h + int(sides[1].sum()), w + int(sides[2].sum()), c))
    inputs = [x, m.tensor((4, 2), np.int32, values=sides)]
    if m.dice.random() < 0.5:
        return m.op("PAD", inputs, y)
    level = m.dice.integers(-128, 128, 1).astype(np.int8)
    known = m.tensors[x]
    inputs.append(m.tensor((1,), np.int8, known["scale"], known["zero"], values=level))
    return m.op("PADV2", inputs, y)


def function(m: Maker, x: int) -> int:
    """A function of every number."""
    kind = str(m.dice.choice(["RELU", "RELU6", "RELU_N1_TO_1", "LEAKY_RELU", "LOGISTIC", "TANH",
                              "QUANTIZE"]))  # fmt: skip
    y = m.computed(m.shape(x))
    fixed = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}.get(kind)
    if fixed:
        m.tensors[y] |= {"scale": np.float32(fixed[:1]), "zero": np.int64(fixed[1:])}
    slope = {"Alpha": float(m.dice.uniform(0, 0.5))} if kind == "LEAKY_RELU" else {}
    return m.op(kind, [x], y, **slope)


def concatenated(m: Maker, x: int) -> int:
    """A tensor beside one or two that are made of it, in any order."""
    _, h, w, c = m.shape(x)
    parts = [x]
    for _ in range(int(m.dice.integers(1, 3))):
        cout = int(m.dice.integers(1, 4))
        y = m.weighted("CONV_2D", x, m.codes(cout, 1, 1, c), 0, (1, h, w, cout), Padding=1,
                       StrideH=1, StrideW=1, DilationHFactor=1, DilationWFactor=1)  # fmt: skip
        m.tensors[y] |= {name: m.tensors[x][name] for name in ("scale", "zero")}
        parts.append(y)
    parts = [parts[n] for n in m.dice.permutation(len(parts))]
    axis = int(m.dice.choice([3, -1]))
    made = m.like(x, (1, h, w, sum(m.shape(part)[3] for part in parts)))
    return m.op("CONCATENATION", parts, made, Axis=axis, FusedActivationFunction=0)
