"""An ONNX node with what it reads, and the rules by which nodes fold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.values import Feature, Weights

if TYPE_CHECKING:
    from fq_hw.foreign.onnx.fold import Walk

__all__ = ["RULES", "Node", "Value", "rule"]

Value = np.ndarray | Weights | Feature


@dataclass(frozen=True)
class Node:
    """An ONNX node with what it reads."""

    proto: onnx.NodeProto
    inputs: tuple[Value | None, ...]

    @property
    def where(self) -> str:
        """How errors call it."""
        return f"node {self.proto.name!r} ({self.proto.op_type})"

    @property
    def attributes(self) -> dict[str, object]:
        return {a.name: helper.get_attribute_value(a) for a in self.proto.attribute}

    def feature(self, index: int = 0) -> Feature:
        """An input that comes from the image."""
        found = self.inputs[index]
        contract = f"input {index} must come from the image"
        require(isinstance(found, Feature), self.where, contract, "a constant", kind=GraphError)
        return found

    def given(self, index: int) -> bool:
        """Whether an optional input is there."""
        return index < len(self.inputs) and self.inputs[index] is not None

    def constant(self, index: int) -> np.ndarray:
        """An input that is constant and not quantized, or is by a known scale."""
        found = self.inputs[index] if index < len(self.inputs) else None
        if isinstance(found, Weights):
            return found.codes * found.scale
        contract = f"input {index} must be a constant"
        require(isinstance(found, np.ndarray), self.where, contract, "computed", kind=GraphError)
        return found

    def weights(self, index: int = 1) -> Weights:
        """An input that is quantized weights."""
        found = self.inputs[index]
        contract = "weights must be quantized: constants behind a Quant or BipolarQuant node"
        require(
            isinstance(found, Weights), self.where, contract, type(found).__name__, kind=GraphError
        )
        return found

    @property
    def split(self) -> tuple[Feature | None, int]:
        """The feature among two inputs, and the index of the other; None where both are."""
        features = [isinstance(value, Feature) for value in self.inputs]
        if all(features):
            return None, 1
        require(any(features), self.where, "must read the image", "constants", kind=GraphError)
        index = features.index(True)
        return self.inputs[index], 1 - index


Rule = Callable[["Walk", Node], Value]
RULES: dict[str, Rule] = {}


def rule(*kinds: str) -> Callable[[Rule], Rule]:
    """Declare how nodes of ``kinds`` fold."""

    def declare(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(kinds, function))
        return function

    return declare
