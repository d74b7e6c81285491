"""A fixed-point network as plain nodes of integer ops, as ``fq_hw.export`` gives them.

Codes that may be negative travel as levels: a code is its level less the ``zero`` of its tensor.
What reads them takes the zeros back, each as often as it was counted; outside the image lies the
level that stands for 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.exact import FAR
from fq_hw.fixed.network import FixedNetwork, Role, Tensor
from fq_hw.float_network import IMAGE, FloatNode, Op, nodes

__all__ = ["Value", "export", "exported"]

MOST_BITS = 8  # of a level
MOST_SHIFT = 32


@dataclass(frozen=True, kw_only=True)
class Value:
    """A tensor: the node that makes it, binary places of its codes, the level of the code 0."""

    node: str
    channels: int
    places: int
    zero: int = 0


class FixedExporter:
    """Collects nodes while following the layers."""

    def __init__(self, fixed: FixedNetwork):
        self.fixed = fixed
        self.nodes: list[dict[str, object]] = []
        self.values: dict[str, Value] = {}
        layers = list(nodes(fixed.network))
        self.added = added(layers)
        self.taken = {layer.name for layer in layers}
        image = self.own("pixels")
        self.add("input", image, shape=list(fixed.network.image), **self.scale(IMAGE, 8))
        self.values[IMAGE] = Value(node=image, channels=fixed.network.image[2], places=8)

    def add(self, op: str, name: str, *inputs: str, **fields: object) -> str:
        self.nodes.append({"op": op, "name": name, "inputs": list(inputs), **fields})
        return name

    def own(self, name: str) -> str:
        """For a node that is no layer's: ``name``, unless a layer is called so."""
        return f"network.{name}" if name in self.taken else name

    def scale(self, layer: str, places: int) -> dict[str, float]:
        """What a unit is worth, where additions read it."""
        return {"scale": 2.0**-places} if layer in self.added else {}

    def layer(self, node: FloatNode, where: str) -> Value:
        """One layer that is not the last."""
        x = [self.values[name] for name in node.inputs]
        if node.op in (Op.MAX_POOL, Op.GLOBAL_MAX_POOL):
            return replace(x[0], node=self.maximum(node, x[0]))
        if node.op is Op.CONCAT:
            return self.concat(node, x, where)
        if node.weighted:
            sums, constant, places = self.products(node, x[0], where)
            signed = not node.layer.relu
        elif node.op is Op.ADD:
            sums, constant, places = self.sum(node, x, where)
            signed = not node.layer.relu and any(one.zero for one in x)
        else:
            sums, constant, places = self.average(node, x[0])
            signed = x[0].zero > 0
        if constant.any():
            sums = self.add("bias", f"{node.name}.bias", sums, bias=constant)
        made = Value(node=sums, channels=node.shape[2], places=places)
        return self.codes(f"{node.name}.act", node, made, signed, where)

    def codes(self, name: str, node: FloatNode, sums: Value, signed: bool, where: str) -> Value:
        """Sums, whose zero is 0, in the format of the layer's codes."""
        form = self.fixed.formats[Tensor(node.name, Role.ACTIVATION)]
        most = MOST_BITS + (not signed)
        contract = f"activations must have 2 to {most} bits, the sign among them"
        require(2 <= form.bits <= most, where, contract, form.bits, kind=GraphError)
        shift = sums.places - form.fraction
        contract = f"shift must be in -{MOST_SHIFT}..{MOST_SHIFT}"
        require(-MOST_SHIFT <= shift <= MOST_SHIFT, where, contract, shift, kind=GraphError)
        scale = self.scale(node.name, form.fraction)
        made = replace(sums, node=name, places=form.fraction)
        if not signed:
            self.add("requantize", name, sums.node, shift=shift, out_bits=form.bits - 1, **scale)
            return made
        levels = np.array(edges(form.limit, shift), np.int64)
        self.add(
            "threshold",
            name,
            sums.node,
            levels=np.tile(levels, (sums.channels, 1)),
            sign=np.ones(sums.channels, np.int8),
            out_bits=form.bits,
            **scale,
        )
        return replace(made, zero=form.limit)

    def products(self, node: FloatNode, x: Value, where: str) -> tuple[str, np.ndarray, int]:
        """The convolution of a layer, what is to be added to its sums, and their places."""
        codes = self.fixed.codes[Tensor(node.name, Role.WEIGHT)]
        contract = "weights must not all be 0: such a layer gives a constant"
        require(codes.any(), where, contract, kind=GraphError)
        weight, source = codes.transpose(0, 2, 3, 1), x.node
        if node.op is Op.DENSE:
            if node.kernel != (1, 1):
                source = self.add("flatten", f"{node.name}.input", source)
            weight = weight.reshape(len(weight), 1, 1, -1)
        outside = {"pad_level": x.zero} if x.zero and node.pad else {}
        self.add(
            "conv",
            node.name,
            source,
            weight=weight.astype(np.min_scalar_type(-int(np.abs(codes).max()) - 1)),
            stride=node.layer.steps,
            padding=node.pad,
            scale=None,
            **outside,
        )
        places = x.places + self.fixed.weight(node.name).fraction
        counted = x.zero * codes.sum(axis=(1, 2, 3), dtype=np.int64)
        return node.name, self.fixed.constant(node, places) - counted, places

    def maximum(self, node: FloatNode, x: Value) -> str:
        """Of windows, or of the whole map."""
        beside = node.op is Op.GLOBAL_MAX_POOL or node.layer.steps == node.kernel[0]
        stride = {} if beside else {"stride": node.layer.steps}
        return self.add("max_pool", node.name, x.node, kernel=list(node.kernel), **stride)

    def average(self, node: FloatNode, x: Value) -> tuple[str, np.ndarray, int]:
        """Sums over windows, whose division is a matter of binary places."""
        area, channels = math.prod(node.kernel), node.shape[2]
        if node.layer.steps == node.kernel[0]:
            self.add("sum_pool", node.name, x.node, kernel=list(node.kernel))
        else:  # windows that overlap: a depthwise convolution with ones
            ones = np.ones((channels, *node.kernel, 1), np.int8)
            self.add("conv", node.name, x.node, weight=ones, stride=node.layer.steps, padding=0,
                     groups=channels, scale=None)  # fmt: skip
        counted = np.full(channels, -x.zero * area, np.int64)
        return node.name, counted, x.places + area.bit_length() - 1

    def sum(self, node: FloatNode, x: Sequence[Value], where: str) -> tuple[str, np.ndarray, int]:
        """All inputs with the binary places of the finest."""
        places = max(one.places for one in x)
        shifts = [places - one.places for one in x]
        contract = f"fractions of its inputs must be at most {MOST_SHIFT} apart"
        require(max(shifts) <= MOST_SHIFT, where, contract, max(shifts), kind=GraphError)
        sums, before = x[0].node, shifts[0]
        for number, (one, shift) in enumerate(zip(x[1:], shifts[1:], strict=True), 1):
            name = node.name if number == len(x) - 1 else f"{node.name}.{number}"
            shifted = {"shift": [before, shift]} if before or shift else {}
            sums, before = self.add("add", name, sums, one.node, **shifted), 0
        counted = sum(one.zero << shift for one, shift in zip(x, shifts, strict=True))
        return sums, np.full(node.shape[2], -counted, np.int64), places

    def concat(self, node: FloatNode, x: Sequence[Value], where: str) -> Value:
        """All inputs in one format, as unsigned codes where none is negative."""
        signed = any(one.zero for one in x)
        parts = []
        for number, one in enumerate(x):
            if one.zero:
                counted = np.full(one.channels, -one.zero, np.int64)
                name = self.add("bias", f"{node.name}.{number}.bias", one.node, bias=counted)
                one = replace(one, node=name, zero=0)
            parts.append(self.codes(f"{node.name}.{number}.act", node, one, signed, where))
        name = parts[0].node
        for number, part in enumerate(parts[1:], 1):
            joined = node.name if number == len(parts) - 1 else f"{node.name}.{number}"
            name = self.add("concat", joined, name, part.node)
        return replace(parts[0], node=name, channels=node.shape[2])


def edges(limit: int, shift: int) -> list[int]:
    """The integers from which on a code is -limit + 1, and so on; one that none reaches last."""
    codes = range(1 - limit, limit + 1)
    if shift > 0:
        found = [(code << shift) - (1 << shift - 1) for code in codes]
    else:
        found = [-(-code >> -shift) for code in codes]
    return [*found, FAR]


def added(layers: Sequence[FloatNode]) -> set[str]:
    """Layers, and the image, whose codes an addition reads, maybe as a maximum or joined."""
    found: set[str] = set()
    for node in reversed(layers):
        moves = node.op in (Op.MAX_POOL, Op.GLOBAL_MAX_POOL, Op.CONCAT) and node.name in found
        if node.op is Op.ADD or moves:
            found.update(node.inputs)
    return found


def exported(fixed: FixedNetwork) -> tuple[tuple[Mapping[str, object], ...], dict[str, Value]]:
    """The nodes, and what every layer but the last is among them.

    Raises GraphError, naming the layer, for codes that are too wide and layers of all zeros.
    """
    exporter = FixedExporter(fixed)
    *body, last = nodes(fixed.network)
    for node in body:
        where = f"fixed-point network {fixed.network.name!r}, layer {node.name!r}"
        exporter.values[node.name] = exporter.layer(node, where)
    where = f"fixed-point network {fixed.network.name!r}, layer {last.name!r}"
    sums, constant, _ = exporter.products(last, exporter.values[last.inputs[0]], where)
    ones = np.ones(fixed.network.classes, np.int64)
    total, scores, label = map(exporter.own, ("sum", "scores", "label"))
    exporter.add("pixel_sum", total, sums)
    exporter.add("class_scale", scores, total, multiplier=ones, bias=constant)
    exporter.add("argmax", label, scores)
    return tuple(exporter.nodes), exporter.values


def export(fixed: FixedNetwork) -> tuple[Mapping[str, object], ...]:
    """Integer nodes of a fixed-point network; its scores are those of ``integers.evaluate``.

    Raises GraphError as ``exported`` does.
    """
    return exported(fixed)[0]
