"""Reading a TFLite file: one network of int8 tensors from one input to one output."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tflite

from fq_hw.errors import ArtifactError, FqHwError, require
from fq_hw.files import read_bytes

__all__ = ["MOST_BYTES", "Network", "Operator", "Tensor", "read"]

MOST_BYTES = 100 * 2**20  # a network for small FPGAs has a few megabytes
MOST_OPERATORS = 1_000
MOST_VALUES = 2**24  # of a tensor
MAGIC = b"TFL3"  # at byte 4
KINDS = {tflite.TensorType.INT8: np.int8, tflite.TensorType.INT32: np.int32,
         tflite.TensorType.UINT8: np.uint8, tflite.TensorType.INT16: np.int16,
         tflite.TensorType.INT64: np.int64, tflite.TensorType.FLOAT32: np.float32}  # fmt: skip
OPTIONS = {  # by operator: its table of options, and the fields that count
    "CONV_2D": (tflite.Conv2DOptions, ("Padding", "StrideH", "StrideW", "DilationHFactor",
                                       "DilationWFactor", "FusedActivationFunction")),
    "DEPTHWISE_CONV_2D": (tflite.DepthwiseConv2DOptions,
                          ("Padding", "StrideH", "StrideW", "DilationHFactor", "DilationWFactor",
                           "DepthMultiplier", "FusedActivationFunction")),
    "FULLY_CONNECTED": (tflite.FullyConnectedOptions,
                        ("FusedActivationFunction", "WeightsFormat", "KeepNumDims")),
    "ADD": (tflite.AddOptions, ("FusedActivationFunction",)),
    "CONCATENATION": (tflite.ConcatenationOptions, ("Axis", "FusedActivationFunction")),
    "LEAKY_RELU": (tflite.LeakyReluOptions, ("Alpha",)),
    "RESIZE_NEAREST_NEIGHBOR": (tflite.ResizeNearestNeighborOptions, ("AlignCorners",)),
    "AVERAGE_POOL_2D": (tflite.Pool2DOptions, ("Padding", "StrideH", "StrideW", "FilterHeight",
                                               "FilterWidth", "FusedActivationFunction")),
    "MAX_POOL_2D": (tflite.Pool2DOptions, ("Padding", "StrideH", "StrideW", "FilterHeight",
                                           "FilterWidth", "FusedActivationFunction")),
    "SUB": (tflite.SubOptions, ("FusedActivationFunction",)),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Tensor:
    """A tensor: real = scale * (integer - zero), float32 scales and int64 zeros along ``axis``.

    ``values`` are those of a constant, None where it is computed.
    """

    shape: tuple[int, ...]
    kind: type[np.generic] | None
    scale: np.ndarray
    zero: np.ndarray
    axis: int
    values: np.ndarray | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Operator:
    """An operator by the numbers of its tensors, -1 where an input is left out."""

    name: str
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, float]

    @property
    def where(self) -> str:
        """How errors call it."""
        return f"node {self.name!r} ({self.kind})"


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Tensors by number, operators in order, the numbers of input and output; the file itself."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    input: int
    output: int
    content: bytes

    @property
    def entry(self) -> int:
        """The input, or what a QUANTIZE makes int8 of it where nobody else reads it."""
        readers = [op for op in self.operators if self.input in op.inputs]
        if self.tensors[self.input].kind is np.int8 or len(readers) != 1:
            return self.input
        (op,) = readers
        return op.outputs[0] if op.kind == "QUANTIZE" and len(op.outputs) == 1 else self.input

    @property
    def leaving(self) -> tuple[int, frozenset[int]]:
        """The last tensor of int8, and what conversions to other types make of it."""
        makers = {number: op for op in self.operators for number in op.outputs}
        number, behind = self.output, set()
        while self.tensors[number].kind is not np.int8 and number in makers:
            op = makers[number]
            if op.kind not in ("DEQUANTIZE", "QUANTIZE") or number in behind:
                break
            behind.add(number)
            number = op.inputs[0]
        return number, frozenset(behind)


def read(path: Path) -> Network:
    """The network of a file. Raises ArtifactError, in one line, for what is not one."""
    where = str(path)
    raw = read_bytes(path, where, most=MOST_BYTES, hint="give a TFLite file")
    require(raw[4:8] == MAGIC, where, "is no TFLite model", hint="export it again",
            kind=ArtifactError)  # fmt: skip
    try:
        return parsed(raw, where)
    except FqHwError:
        raise
    except Exception as error:  # flatbuffers reads wherever a damaged file points to
        message = f"{where}: is no whole TFLite model ({type(error).__name__}); export it again"
        raise ArtifactError(message) from error


def parsed(raw: bytes, where: str) -> Network:
    """The network in a file's content."""
    model = tflite.Model.GetRootAs(raw, 0)
    count = model.SubgraphsLength()
    contract = "must have one graph"
    require(count == 1, where, contract, count, kind=ArtifactError)
    graph = model.Subgraphs(0)
    ends = graph.InputsLength(), graph.OutputsLength()
    contract = "must have one input and one output"
    require(ends == (1, 1), where, contract, ends, kind=ArtifactError)
    count, contract = graph.OperatorsLength(), f"must have 1 to {MOST_OPERATORS:,} operators"
    require(1 <= count <= MOST_OPERATORS, where, contract, count, kind=ArtifactError)
    count = graph.TensorsLength()
    contract = f"must have at most {4 * MOST_OPERATORS:,} tensors"
    require(count <= 4 * MOST_OPERATORS, where, contract, count, kind=ArtifactError)
    tensors = tuple(tensor_of(model, graph.Tensors(n), n, where) for n in range(count))
    operators = tuple(
        operator_of(model, graph.Operators(n), n, where) for n in range(graph.OperatorsLength())
    )
    known = range(-1, len(tensors))
    numbers = {*graph.InputsAsNumpy(), *graph.OutputsAsNumpy()}
    numbers |= {n for op in operators for n in (*op.inputs, *op.outputs)}
    inside = all(n in known for n in numbers) and graph.Inputs(0) >= 0 and graph.Outputs(0) >= 0
    require(inside, where, "names tensors that it lacks", kind=ArtifactError)
    return Network(
        tensors=tensors, operators=operators, input=int(graph.Inputs(0)),
        output=int(graph.Outputs(0)), content=raw,
    )  # fmt: skip


def tensor_of(model: Any, raw: Any, number: int, where: str) -> Tensor:
    """A tensor with its quantization."""
    called = f"{where}: tensor {number}"
    shape = tuple(int(n) for n in raw.ShapeAsNumpy()) if raw.ShapeLength() else ()
    fits = all(n >= 1 for n in shape) and math.prod(shape) <= MOST_VALUES
    contract = f"must have a static shape of at most {MOST_VALUES:,} values"
    require(fits, called, contract, shape, kind=ArtifactError)
    known, scale, zero, axis = raw.Quantization(), np.zeros(0), np.zeros(0, int), 0
    if known is not None and known.ScaleLength():
        scale = known.ScaleAsNumpy().astype(np.float32)
        zero = np.zeros(len(scale), int)
        if known.ZeroPointLength():
            zero = known.ZeroPointAsNumpy().astype(np.int64)
        axis = known.QuantizedDimension()
        usual = len(zero) in (1, len(scale)) and np.isfinite(scale).all() and (scale > 0).all()
        contract = "must have scales above 0, with a zero point for each or one"
        require(usual, called, contract, (len(scale), len(zero)), kind=ArtifactError)
    kind, values = KINDS.get(raw.Type()), None
    buffer = model.Buffers(raw.Buffer())
    if buffer is not None and buffer.DataLength() and kind is not None:
        content = buffer.DataAsNumpy().tobytes()
        size = math.prod(shape) * np.dtype(kind).itemsize
        contract = f"constant must have {size} bytes"
        require(len(content) == size, called, contract, len(content), kind=ArtifactError)
        values = np.frombuffer(content, np.dtype(kind).newbyteorder("<")).reshape(shape)
    return Tensor(shape=shape, kind=kind, scale=scale, zero=zero, axis=axis, values=values)


def operator_of(model: Any, raw: Any, number: int, where: str) -> Operator:
    """An operator with those of its options that count."""
    code = model.OperatorCodes(raw.OpcodeIndex())
    builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    kind = tflite.opcode2name(builtin)
    inputs, outputs = (
        tuple(int(n) for n in (read() if count else ()))
        for read, count in (
            (raw.InputsAsNumpy, raw.InputsLength()),
            (raw.OutputsAsNumpy, raw.OutputsLength()),
        )
    )
    options: dict[str, float] = {}
    if kind in OPTIONS:
        table, fields = OPTIONS[kind]
        found = table()
        content = raw.BuiltinOptions()
        called = f"{where}: operator {number} ({kind})"
        require(content is not None, called, "lacks its options", kind=ArtifactError)
        found.Init(content.Bytes, content.Pos)
        options = {field: 0 + getattr(found, field)() for field in fields}
    return Operator(name=f"{kind}_{number}", kind=kind, inputs=inputs, outputs=outputs,
                    options=options)  # fmt: skip
