"""What a fixed-point network saves against 8 bits everywhere.

Source: Goyal et al. 2021, evaluation metrics. There a product is counted with the width of the
layer's own output; what a multiplier sees is the width of its input. Both are here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from fq_hw.fixed.format import Format
from fq_hw.fixed.network import Role, Tensor, tensors
from fq_hw.float_network import IMAGE, FloatNetwork, nodes

__all__ = ["PLAIN", "Cost", "Savings", "cost", "savings"]

PLAIN = 8  # bits of the network that is compared with; also of pixels and scores, in both


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Bits to hold weights, biases and all outputs; products in bit times bit, in two ways."""

    memory: int
    products_by_output: int
    products_by_input: int


@dataclass(frozen=True, kw_only=True)
class Savings:
    """Percent saved of each cost."""

    memory: float
    products_by_output: float
    products_by_input: float


def cost(network: FloatNetwork, formats: Mapping[Tensor, Format] | None) -> Cost:
    """Cost of ``formats``; of 8 bits everywhere for None."""

    def bits(layer: str, role: Role) -> int:
        form = formats.get(Tensor(layer, role)) if formats else None
        return form.bits if form else PLAIN

    quantized = set(tensors(network))
    memory = by_output = by_input = 0
    width = {IMAGE: PLAIN}  # of the codes that a layer gives
    for node in nodes(network):
        read = max(width[name] for name in node.inputs)
        own = node.weighted or Tensor(node.name, Role.ACTIVATION) in quantized
        given = bits(node.name, Role.ACTIVATION) if own else read
        width[node.name] = given
        if own:
            memory += given * math.prod(node.shape)
        if node.weighted:
            weights = bits(node.name, Role.WEIGHT) * math.prod(node.weight_shape)
            memory += weights + bits(node.name, Role.BIAS) * node.shape[2]
            pixels = math.prod(node.shape[:2])
            by_output += weights * pixels * given
            by_input += weights * pixels * read
    return Cost(memory=memory, products_by_output=by_output, products_by_input=by_input)


def savings(network: FloatNetwork, formats: Mapping[Tensor, Format]) -> Savings:
    """Percent that ``formats`` save of 8 bits everywhere."""
    plain, own = cost(network, None), cost(network, formats)

    def saved(name: str) -> float:
        return 100 * (1 - getattr(own, name) / getattr(plain, name))

    names = ("memory", "products_by_output", "products_by_input")
    return Savings(**{name: saved(name) for name in names})
