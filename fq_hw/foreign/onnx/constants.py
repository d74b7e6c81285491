"""The constants of a model, and how large what is computed of them may become."""

from __future__ import annotations

import math

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, external_data_helper, numpy_helper

from fq_hw.errors import ArtifactError, require

__all__ = [
    "MOST_VALUES",
    "QUANTIZERS",
    "check_constants",
    "check_sizes",
    "check_total",
    "type_name",
]

MOST_VALUES = 2**25  # of a tensor: a dense layer of 4,096 x 4,096 has half of them
QUANTIZERS = ("BipolarQuant", "DequantizeLinear", "IntQuant", "Quant", "QuantizeLinear")
NUMBERS = (
    "BOOL", "DOUBLE", "FLOAT", "INT16", "INT32", "INT4", "INT64", "INT8", "UINT16", "UINT32",
    "UINT4", "UINT64", "UINT8",
)  # fmt: skip


def type_name(number: int) -> str:
    """How ONNX calls a tensor's type; its number where that is none."""
    names = {value: name for name, value in TensorProto.DataType.items()}
    return names.get(number, str(number))


def check_constants(graph: onnx.GraphProto, where: str) -> None:
    """Refuse constants outside the file, of no numbers, and with NaN or infinity in them.

    Each is stored in one form, so that everybody reads the same numbers.
    """
    require(not graph.sparse_initializer, where, "sparse constants are not supported",
            kind=ArtifactError)  # fmt: skip
    values = [(t.name, t) for t in graph.initializer]
    for node in graph.node:
        values += [
            (f"{a.name} of {node.name or node.output[0]}", a.t)
            for a in node.attribute
            if a.type == AttributeProto.TENSOR
        ]
    for name, tensor in values:
        called = f"constant {name!r}"
        outside = external_data_helper.uses_external_data(tensor)
        contract = f"{called} must be in the file itself, not be external data"
        hint = "save the model with its weights in one file"
        require(not outside, where, contract, hint=hint, kind=ArtifactError)
        kind = type_name(tensor.data_type)
        contract = f"{called} must be of a type of numbers that is supported"
        require(kind in NUMBERS, where, contract, kind, hint=f"one of {', '.join(NUMBERS)}",
                kind=ArtifactError)  # fmt: skip
        contract = f"{called} must have no axis below 0"
        least = min(tensor.dims, default=0)
        require(least >= 0, where, contract, least, kind=ArtifactError)
        try:
            array = numpy_helper.to_array(tensor)
        except (ValueError, TypeError) as error:
            raise ArtifactError(f"{where}: {called} is damaged ({error})") from error
        finite = array.dtype.kind != "f" or np.isfinite(array).all()
        contract = f"{called} must hold finite numbers, but has NaN or infinity in it"
        require(finite, where, contract, kind=ArtifactError)
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))


def check_sizes(graph: onnx.GraphProto, where: str) -> None:
    """Refuse tensors too large to compute, before anybody does; ``graph`` has inferred shapes."""
    for tensor in (*graph.value_info, *graph.output):
        shape = [d.dim_value for d in tensor.type.tensor_type.shape.dim]
        contract = f"tensor {tensor.name!r} must have at most {MOST_VALUES:,} values"
        fits = math.prod(shape) <= MOST_VALUES
        require(fits, where, contract, shape, kind=ArtifactError)


def check_total(graph: onnx.GraphProto, names: set[str], where: str) -> None:
    """Refuse constants, to be computed, that are too large all together."""
    shapes = [
        [d.dim_value for d in tensor.type.tensor_type.shape.dim]
        for tensor in graph.value_info
        if tensor.name in names
    ]
    size = sum(map(math.prod, shapes))
    contract = f"its constants must have at most {MOST_VALUES:,} values when they are computed"
    require(size <= MOST_VALUES, where, contract, size, kind=ArtifactError)
