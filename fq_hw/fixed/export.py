"""A fixed-point network as plain nodes of integer ops, as ``fq_hw.export`` gives them.

Only what the ops can say is taken: a chain of layers whose codes are unsigned. What is refused is
named, and can be simulated all the same.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.fixed.network import FixedNetwork, Role, Tensor
from fq_hw.float_network import FloatNode, Op, nodes

__all__ = ["export"]


class FixedExporter:
    """Collects nodes while following the layers; each op reads the one before."""

    def __init__(self, fixed: FixedNetwork):
        self.fixed, self.places = fixed, fixed.fractions()
        self.nodes: list[dict[str, object]] = []
        self.add("input", "pixels", shape=list(fixed.network.image))

    def add(self, op: str, name: str, **fields: object) -> None:
        inputs = [self.nodes[-1]["name"]] if self.nodes else []
        self.nodes.append({"op": op, "name": name, "inputs": inputs, **fields})

    def layer(self, node: FloatNode, where: str) -> None:
        """One layer that is not the last."""
        if node.op in (Op.MAX_POOL, Op.GLOBAL_MAX_POOL):
            fits = node.op is Op.GLOBAL_MAX_POOL or node.layer.steps == node.kernel[0]
            contract = "windows must lie side by side (stride as kernel)"
            require(fits, where, contract, node.layer.steps, kind=GraphError)
            self.add("max_pool", node.name, kernel=list(node.kernel))
            return
        contract = "must be a convolution, dense layer or maximum to become hardware"
        require(node.weighted, where, contract, node.op.value, kind=GraphError)
        contract = "must have a relu: hardware takes unsigned codes"
        require(node.layer.relu, where, contract, kind=GraphError)
        form = self.fixed.formats[Tensor(node.name, Role.ACTIVATION)]
        contract = "activations must have 2 to 9 bits, the sign among them"
        require(2 <= form.bits <= 9, where, contract, form.bits, kind=GraphError)
        constant = self.sums(node, where)
        if constant.any():
            self.add("bias", f"{node.name}.bias", bias=constant)
        shift = self.fraction(node) - form.fraction
        contract = "shift must be in -32..32"
        require(-32 <= shift <= 32, where, contract, shift, kind=GraphError)
        self.add("requantize", f"{node.name}.act", shift=shift, out_bits=form.bits - 1)

    def fraction(self, node: FloatNode) -> int:
        """Binary places of a layer's sums."""
        return self.places[node.inputs[0]] + self.fixed.weight(node.name).fraction

    def sums(self, node: FloatNode, where: str) -> np.ndarray:
        """The convolution of a layer; returns what is to be added to its sums."""
        codes = self.fixed.codes[Tensor(node.name, Role.WEIGHT)]
        contract = "weights must not all be 0: such a layer gives a constant"
        require(codes.any(), where, contract, kind=GraphError)
        weight = codes.transpose(0, 2, 3, 1)
        if node.op is Op.DENSE:
            if node.kernel != (1, 1):
                self.add("flatten", f"{node.name}.input")
            weight = weight.reshape(len(weight), 1, 1, -1)
        self.add(
            "conv",
            node.name,
            weight=weight.astype(np.min_scalar_type(-int(np.abs(codes).max()) - 1)),
            stride=node.layer.steps,
            padding=node.pad,
            scale=None,
        )
        return self.fixed.constant(node, self.fraction(node))


def export(fixed: FixedNetwork) -> tuple[Mapping[str, object], ...]:
    """Integer nodes of a fixed-point network; its scores are those of ``integers.evaluate``.

    Raises GraphError, naming the layer, for branches, means, signed codes and layers of all zeros.
    """
    exporter = FixedExporter(fixed)
    *body, last = nodes(fixed.network)
    before = "image"
    for node in (*body, last):
        where = f"fixed-point network {fixed.network.name!r}, layer {node.name!r}"
        contract = "must read the layer before it alone to become hardware"
        require(node.inputs == (before,), where, contract, list(node.inputs), kind=GraphError)
        before = node.name
        if node is not last:
            exporter.layer(node, where)
    constant = exporter.sums(last, where)
    classes = fixed.network.classes
    exporter.add("pixel_sum", "sum")
    exporter.add("class_scale", "scores", multiplier=np.ones(classes, np.int64), bias=constant)
    exporter.add("argmax", "label")
    return tuple(exporter.nodes)
