"""An ONNX node with what it reads, and the rules by which nodes are imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper

from fq_hw.errors import GraphError, require
from fq_hw.foreign.judged import called
from fq_hw.foreign.onnx.codes import Codes
from fq_hw.foreign.onnx.moved import Moved
from fq_hw.foreign.onnx.values import Feature, Ranking
from fq_hw.foreign.onnx.weights import Weights

if TYPE_CHECKING:
    from fq_hw.foreign.onnx.importer import Importer

__all__ = ["RULES", "OnnxNode", "Rule", "Value", "described", "rule", "type_of"]

Value = np.ndarray | Weights | Feature | Codes | Moved | Ranking
Function = Callable[["Importer", "OnnxNode"], Value]


@dataclass(frozen=True)
class Rule:
    """How nodes of one kind are imported, and which of their attributes that takes into account."""

    function: Function
    honours: frozenset[str]


RULES: dict[str, Rule] = {}


def rule(*kinds: str, honours: tuple[str, ...] = ()) -> Callable[[Function], Function]:
    """Declare how nodes of ``kinds`` are imported; other attributes must have their defaults."""

    def declare(function: Function) -> Function:
        RULES.update(dict.fromkeys(kinds, Rule(function, frozenset(honours))))
        return function

    return declare


def described(proto: onnx.NodeProto) -> str:
    """How errors call ``proto``."""
    return called(proto.name, proto.op_type)


def type_of(value: Value | None) -> str | None:
    """A tensor's type as ONNX's schemas call it."""
    if value is None:
        return None
    kind: np.dtype | type = np.float32
    if isinstance(value, np.ndarray):
        kind = value.dtype
    elif isinstance(value, Codes):
        kind = value.element
    elif isinstance(value, Ranking) and value.label:
        kind = np.int64
    name = TensorProto.DataType.Name(helper.np_dtype_to_tensor_dtype(np.dtype(kind)))
    return f"tensor({name.lower()})"


@dataclass(frozen=True)
class OnnxNode:
    """An ONNX node: what it reads, its honoured attributes, the shape of what it makes."""

    proto: onnx.NodeProto
    inputs: tuple[Value | None, ...]
    attributes: Mapping[str, object]
    result: tuple[int, ...] | None

    @property
    def where(self) -> str:
        """How errors call it."""
        return described(self.proto)

    @property
    def kind(self) -> str:
        return self.proto.op_type

    def given(self, index: int) -> bool:
        """Whether an optional input is there."""
        return index < len(self.inputs) and self.inputs[index] is not None

    def value(self, index: int) -> Value:
        """An input that must be there."""
        require(self.given(index), self.where, f"input {index} is missing", kind=GraphError)
        return self.inputs[index]

    def feature(self, index: int = 0) -> Feature:
        """An input that comes from the image."""
        found = self.value(index)
        contract = f"input {index} must come from the image, not be a constant"
        constant = isinstance(found, np.ndarray | Weights)
        require(not constant, self.where, contract, kind=GraphError)
        contract = f"cannot stand behind {getattr(found, 'kind', '')}"
        require(isinstance(found, Feature), self.where, contract, kind=GraphError)
        return found

    def constant(self, index: int, ndim: int | None = None) -> np.ndarray:
        """An input that is constant, as real numbers; of ``ndim`` axes where that is said."""
        found = self.value(index)
        if isinstance(found, Weights):
            found = found.real
        contract = f"input {index} must be a constant"
        require(isinstance(found, np.ndarray), self.where, contract, kind=GraphError)
        contract = f"input {index} must have {ndim} axes"
        require(ndim in (None, found.ndim), self.where, contract, found.shape, kind=GraphError)
        return found

    def number(self, index: int) -> float:
        """An input that is one constant number."""
        found = self.constant(index)
        contract = f"input {index} must be one number"
        require(found.size == 1, self.where, contract, found.shape, kind=GraphError)
        return float(found.reshape(()))

    def weights(self, index: int = 1) -> Weights:
        """An input that is quantized weights, or constants that are integers themselves."""
        found = self.value(index)
        if isinstance(found, np.ndarray) and found.size and (found == np.rint(found)).all():
            found = Weights.whole(found, self.where)
        contract = "weights must be constants behind a Quant, BipolarQuant or DequantizeLinear node"
        contract += ", or integers"
        hint = "quantize them, or train with quantized weights"
        require(isinstance(found, Weights), self.where, f"weights must be quantized: {contract}",
                hint=hint, kind=GraphError)  # fmt: skip
        return found.checked(self.where)

    @property
    def split(self) -> tuple[Feature | None, int]:
        """The feature among two inputs, and the index of the other; None where both are."""
        computed = [not isinstance(self.value(n), np.ndarray | Weights) for n in (0, 1)]
        if all(computed):
            return None, 1
        index = computed.index(True) if any(computed) else 0
        return self.feature(index), 1 - index
