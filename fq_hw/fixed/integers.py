"""The integer meaning of a fixed-point network, in numpy: what hardware must give, bit for bit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from fq_hw.errors import GraphError, require
from fq_hw.fixed.format import requantize
from fq_hw.fixed.network import FixedNetwork, Role, Tensor
from fq_hw.float_network import IMAGE, FloatNode, Op, nodes

__all__ = ["evaluate"]


def windows(codes: np.ndarray, node: FloatNode) -> np.ndarray:
    """N,H,W,C to N,OH,OW,C,KH,KW: what ``node`` sees for each of its outputs."""
    pad, step = node.pad, node.layer.steps
    padded = np.pad(codes, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
    return sliding_window_view(padded, node.kernel, (1, 2))[:, ::step, ::step]


def products(fixed: FixedNetwork, node: FloatNode, codes: np.ndarray) -> np.ndarray:
    """Sums N,OH,OW,O of weight times activation, int64.

    float64 holds integers below 2**53 exactly in whatever order they are added, and multiplies
    matrices far faster than int64.
    """
    weight = fixed.codes[Tensor(node.name, Role.WEIGHT)]
    worst = int(np.abs(weight).sum((1, 2, 3)).max()) * int(np.abs(codes).max(initial=0))
    require(
        worst < 2**53, f"layer {node.name}", "sums must stay below 2**53", worst, kind=GraphError
    )
    seen = windows(codes.astype(np.float64), node)
    sums = np.tensordot(seen, weight.astype(np.float64), ((3, 4, 5), (1, 2, 3)))
    return sums.astype(np.int64)


def totals(
    fixed: FixedNetwork, node: FloatNode, inputs: list[np.ndarray], places: list[int]
) -> tuple:
    """Exact sums N,H,W,C of ``node`` and their binary places; the bias is in."""
    if node.weighted:
        fraction = places[0] + fixed.weight(node.name).fraction
        return products(fixed, node, inputs[0]) + fixed.constant(node, fraction), fraction
    if node.op is Op.ADD:
        fraction = max(places)
        shifted = (x << (fraction - p) for x, p in zip(inputs, places, strict=True))
        return sum(shifted), fraction
    area = node.kernel[0] * node.kernel[1]  # a power of two
    return windows(inputs[0], node).sum((-2, -1)), places[0] + area.bit_length() - 1


def step(
    fixed: FixedNetwork, node: FloatNode, inputs: list[np.ndarray], places: list[int]
) -> np.ndarray:
    """Codes N,H,W,C of one layer; raw sums of one that has no format."""
    if node.op in (Op.MAX_POOL, Op.GLOBAL_MAX_POOL):
        return windows(inputs[0], node).max((-2, -1))
    own = fixed.formats.get(Tensor(node.name, Role.ACTIVATION))
    if node.op is Op.CONCAT:
        low, high = fixed.bounds(node)
        pairs = zip(inputs, places, strict=True)
        parts = [requantize(x, p - own.fraction, low, high) for x, p in pairs]
        return np.concatenate(parts, axis=-1)
    sums, fraction = totals(fixed, node, inputs, places)
    if own is None:
        return sums
    return requantize(sums, fraction - own.fraction, *fixed.bounds(node))


def evaluate(
    fixed: FixedNetwork,
    images: np.ndarray,
    see: Callable[[str, np.ndarray], None] = lambda name, codes: None,
) -> np.ndarray:
    """Scores N,classes of uint8 images N,H,W,C: integers whose largest decides.

    ``see`` hears the name and the codes N,H,W,C of every layer.
    """
    values = {IMAGE: images.astype(np.int64)}
    places = fixed.fractions()
    for node in nodes(fixed.network):
        inputs = [values[name] for name in node.inputs]
        values[node.name] = step(fixed, node, inputs, [places[name] for name in node.inputs])
        see(node.name, values[node.name])
    return values[node.name].reshape(len(images), -1)
