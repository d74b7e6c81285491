"""Two branches become one tensor: sums, differences and concatenations."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import OnnxNode, Value, rule
from fq_hw.foreign.onnx.rules.clamps import settled
from fq_hw.foreign.onnx.rules.signs import rising
from fq_hw.foreign.onnx.values import NEAR, Feature, uniform

__all__ = ["residual", "tables"]

MOST_SHIFT = 32  # of an Add's inputs
MOST_SUM_BITS = 48  # of a sum of two scales


def alike(a: Feature, b: Feature) -> bool:
    """Whether both lay their pixels out in the same way."""
    return a.shape[:2] == b.shape[:2] and a.layout == b.layout


def tables(
    a: Feature, b: Feature, join: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> dict[str, np.ndarray | None]:
    """What the reference makes of the values of both, where both have one for the same integers."""
    pairs = {"pixels": (a.pixels, b.pixels), "known": (a.known, b.known)}
    return {
        name: join(x, y) if x is not None and y is not None and x.shape[1] == y.shape[1] else None
        for name, (x, y) in pairs.items()
    }


def residual(importer: Importer, node: OnnxNode) -> Feature:
    """The sum of two tensors whose units differ by a power of two."""
    a, b = (node.feature(n) for n in (0, 1))
    sign = -1 if node.kind == "Sub" else 1
    if (a.op, a.dims) == (b.op, b.dims) and not (a.free and b.free):
        made = a.on_curve(a.as_curve.plus(b.as_curve, sign), lambda old: old)
        return replace(made, **tables(a, b, lambda x, y: x + sign * y))
    a, b = (settled(importer, node, x) for x in (a, b))
    contract = f"both inputs must have one shape, here {a.dims}"
    require(alike(a, b) and a.channels == b.channels, node.where, contract, b.dims,
            kind=GraphError)  # fmt: skip
    if a.op == b.op:  # one tensor twice: another scale of it
        return replace(a, scale=a.scale + sign * b.scale, shift=a.shift + sign * b.shift,
                       peak=a.peak + b.peak, edges=None, source=None,
                       **tables(a, b, lambda x, y: x + sign * y))  # fmt: skip
    b = replace(b, scale=sign * b.scale, shift=sign * b.shift)
    a, b = (rising(importer, node, x) for x in (a, b))
    if a.levels and b.levels and bits_apart(a, b) is None:
        return tabled(importer, node, a, b)
    shifts = [max(n, 0) for n in ratio(node, a, b)]
    share_unit(importer, node, a, b, shifts)
    name = importer.add("add", node, a.op, b.op, shift=shifts)
    return replace(a, op=name, scale=a.scale / 2 ** shifts[0], shift=a.shift + b.shift,
                   peak=a.peak + b.peak, edges=None, source=None, levels=a.levels and b.levels,
                   pixels=None, known=None)  # fmt: skip


def bits_apart(a: Feature, b: Feature) -> int | None:
    """By how many bits the units of two tensors differ; None where that is no power of two."""
    units = [uniform(x.scale) for x in (a, b)]
    if None in units or min(units) <= 0:
        return None
    bits = round(math.log2(units[0] / units[1]))
    near = abs(units[0] / units[1] / Fraction(2) ** bits - 1) <= NEAR
    return bits if near and abs(bits) <= MOST_SHIFT else None


def tabled(importer: Importer, node: OnnxNode, a: Feature, b: Feature) -> Feature:
    """The sum of levels of any two scales: each as so many of the largest unit that both have.

    Scales are float32, so there is one; a quantizer behind it needs far fewer bits
    (``fq_hw.passes.narrow_tables``).
    """
    units = [uniform(x.scale) for x in (a, b)]
    contract, hint = "both inputs need one scale for all channels", "quantize each per tensor"
    found = [unit and float(unit) for unit in units]
    good = None not in units and all(unit > 0 for unit in units)
    require(good, node.where, contract, found, hint=hint, kind=GraphError)
    one, other = units
    common = math.gcd(one.numerator * other.denominator, other.numerator * one.denominator)
    unit = Fraction(common, one.denominator * other.denominator)
    times = [int(each / unit) for each in units]
    tops = [int(importer.types[x.op].high.max()) for x in (a, b)]
    most = sum(top * factor for top, factor in zip(tops, times, strict=True))
    contract = f"scales must be so near that sums stay below 2**{MOST_SUM_BITS}"
    require(most < 2**MOST_SUM_BITS, node.where, contract, found, kind=GraphError)
    parts = [
        importer.add("lookup", node, x.op, suffix=suffix, scale=1.0,
                     table=np.arange(top + 1, dtype=np.int64) * factor)
        for x, suffix, top, factor in zip((a, b), (".first", ".second"), tops, times, strict=True)
    ]  # fmt: skip
    name = importer.add("add", node, *parts)
    scale = np.full(a.channels, unit, object)
    return replace(a, op=name, scale=scale, shift=a.shift + b.shift, peak=a.peak + b.peak,
                   edges=None, source=None, levels=False, pixels=None, known=None)  # fmt: skip


def ratio(node: OnnxNode, a: Feature, b: Feature) -> tuple[int, int]:
    """By how many bits the units of two tensors differ, to the one side and to the other."""
    units = [uniform(x.scale) for x in (a, b)]
    contract = "both inputs need one scale for all channels, the same or a power of two apart"
    hint = "quantize both by one Quant node, or with such scales"
    found = [unit and float(unit) for unit in units]
    bits = bits_apart(a, b)
    require(bits is not None, node.where, contract, found, hint=hint, kind=GraphError)
    return bits, -bits


def share_unit(
    importer: Importer, node: OnnxNode, a: Feature, b: Feature, shifts: list[int]
) -> None:
    """Say in the ops that make both tensors what a unit of theirs is worth, as ``Add`` asks for."""
    pairs = list(zip((a, b), shifts, strict=True))
    known = [importer.types[x.op].scale for x, _ in pairs]
    units = [scale / 2**n for scale, n in zip(known, shifts, strict=True) if scale is not None]
    unit = units[0] if units else float(a.scale[0]) / 2 ** shifts[0]
    contract = "both inputs were added to tensors of slightly other scales before"
    require(len(set(units)) <= 1, node.where, contract, units, kind=GraphError)
    for (x, n), scale in zip(pairs, known, strict=True):
        if scale is None:
            importer.set_scale(x.op, unit * 2**n)


@rule("Concat", honours=("axis",))
def concat(importer: Importer, node: OnnxNode) -> Value:
    features = [settled(importer, node, node.feature(n)) for n in range(len(node.inputs))]
    joined, rank = features[0], len(features[0].dims)
    axis, channels = node.attributes["axis"], joined.layout.index("C")
    contract = f"must join the channels, axis {channels}"
    place = -rank <= axis < rank and axis % rank == channels
    require(place, node.where, contract, axis, kind=GraphError)
    single = not joined.flat or joined.shape[:2] == (1, 1)
    hint = "join the tensors before they are made flat"
    contract = "flat images cannot be joined"
    require(single, node.where, contract, joined.dims, hint=hint, kind=GraphError)
    for number, x in enumerate(features[1:], 1):
        contract = f"inputs must be {joined.shape[0]} x {joined.shape[1]} pixels, laid out alike"
        require(alike(joined, x), node.where, contract, x.dims, kind=GraphError)
        suffix = "" if number == len(features) - 1 else f".{number}"
        name = importer.add("concat", node, joined.op, x.op, suffix=suffix)
        importer.pieces[name] = (*importer.pieces.get(joined.op, (joined.op,)),
                                 *importer.pieces.get(x.op, (x.op,)))  # fmt: skip
        joined = replace(
            joined,
            op=name,
            shape=(*x.shape[:2], joined.channels + x.channels),
            scale=np.concatenate([joined.scale, x.scale]),
            shift=np.concatenate([joined.shift, x.shift]),
            peak=np.concatenate([joined.peak, x.peak]),
            levels=joined.levels and x.levels,
            edges=None,
            source=None,
            **tables(joined, x, lambda *both: np.concatenate(both)),
        )
    return joined
