"""Sums of products of levels and integer weights, whatever scales the levels have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import OnnxNode
from fq_hw.foreign.onnx.rules.padding import with_zero
from fq_hw.foreign.onnx.rules.windows import Windows
from fq_hw.foreign.onnx.scores import common_unit
from fq_hw.foreign.onnx.values import Feature, uniform

__all__ = ["products"]

MOST_PARTS = 8  # scales of the inputs: each takes a convolution of its own
MOST_TIMES = 2**32  # of one scale in another


def products(
    importer: Importer,
    node: OnnxNode,
    x: Feature,
    weight: np.ndarray,
    windows: Windows | None,
    groups: int,
) -> tuple[str, np.ndarray, np.ndarray]:
    """The op that convolves ``x`` by weights O,KH,KW,C/groups.

    What a unit of each sum is worth, and what the sum of products is where the op gives 0.
    """
    parts = apart(importer, x, windows) if groups == 1 and weight.any() else []
    if parts:
        return summed(importer, node, parts, weight, windows)
    x, level = zeroed(importer, node, x, windows)
    unit = units_of(node, x, groups)
    more = {"groups": groups} if groups > 1 else {}
    name = convolved(importer, node, x, level, weight, windows, scale=None, **more)
    return name, np.repeat(unit, len(weight) // groups), at_zero(x, weight, groups)


def zeroed(
    importer: Importer, node: OnnxNode, x: Feature, windows: Windows | None, part: str = ""
) -> tuple[Feature, int]:
    """``x`` with a level for 0 where there is padding, and that level."""
    if windows is not None and any(windows.pads):
        return with_zero(importer, node, x, part)
    return x, 0


def convolved(
    importer: Importer,
    node: OnnxNode,
    x: Feature,
    level: int,
    weight: np.ndarray,
    windows: Windows | None,
    **more: object,
) -> str:
    """The op that convolves the levels of ``x``, ``level`` around them."""
    fields = {"stride": 1, "padding": 0} if windows is None else windows.fields
    return importer.add("conv", node, x.op, weight=weight.astype(np.int32), pad_level=level,
                        **fields, **more)  # fmt: skip


def at_zero(x: Feature, weight: np.ndarray, groups: int = 1) -> np.ndarray:
    """The sum of products where all levels are 0, one for each output channel."""
    taps = weight.sum(axis=(1, 2)).reshape(groups, -1, weight.shape[3])
    start = uniform(x.shift)
    if start is not None:
        return (taps.sum(axis=2) * start).reshape(-1)
    return (taps * x.shift.reshape(groups, 1, -1)).sum(axis=2).reshape(-1)


@dataclass(frozen=True, eq=False)
class Part:
    """Channels of one scale and one level for 0: what reads them, and which of them it is."""

    x: Feature
    channels: np.ndarray
    alone: bool  # whether ``x`` has no others


def apart(importer: Importer, x: Feature, windows: Windows | None) -> list[Part]:
    """The channels by their scales, where these differ: a concatenation's own inputs above all.

    None where one convolution does.
    """
    padded = windows is not None and any(windows.pads)
    zeros = -x.shift / x.scale if padded and x.scale.all() else x.shift * 0
    kinds: list[tuple[Fraction, Fraction]] = []
    which = np.empty(x.channels, int)
    for channel, pair in enumerate(zip(x.scale, zeros, strict=True)):
        near = (n for n, kind in enumerate(kinds)
                if all(uniform(np.array(two, object)) is not None
                       for two in zip(kind, pair, strict=True)))  # fmt: skip
        which[channel] = next(near, len(kinds))
        if which[channel] == len(kinds):
            kinds.append(pair)
    if len(kinds) == 1 or not x.scale.all():
        return []
    found, start = [], 0
    pieces = importer.pieces.get(x.op, ())
    for op in pieces:
        end = start + importer.types[op].shape[2]
        if (which[start:end] == which[start]).all():
            found.append(Part(part_of(x, op, start, end), np.arange(start, end), True))
            which[start:end] = -1
        start = end
    for kind in range(len(kinds)):
        channels = np.flatnonzero(which == kind)
        if channels.size:
            same = {name: np.full(x.channels, getattr(x, name)[channels[0]])
                    for name in ("scale", "shift")}  # fmt: skip
            found.append(Part(replace(x, **same), channels, False))
    return found


def part_of(x: Feature, op: str, start: int, end: int) -> Feature:
    """The channels start..end of ``x``, which are what ``op`` makes."""
    parts = {name: getattr(x, name)[start:end] for name in ("scale", "shift", "peak")}
    return replace(x, op=op, shape=(*x.shape[:2], end - start), **parts, edges=None, source=None,
                   pixels=None, known=None)  # fmt: skip


def summed(
    importer: Importer,
    node: OnnxNode,
    parts: list[Part],
    weight: np.ndarray,
    windows: Windows | None,
) -> tuple[str, np.ndarray, np.ndarray]:
    """A convolution for each part, and their sum in the largest unit that all scales have."""
    contract = f"input channels must have at most {MOST_PARTS} scales"
    hint = "quantize its inputs alike"
    require(len(parts) <= MOST_PARTS, node.where, contract, len(parts), hint=hint, kind=GraphError)
    read, constant = [], np.zeros(len(weight), object)
    for part in parts:
        kept = weight[..., part.channels]
        if not part.alone:
            kept = np.zeros_like(weight)
            kept[..., part.channels] = weight[..., part.channels]
        if not kept.any():
            continue  # weights of 0 alone
        x, level = zeroed(importer, node, part.x, windows, f".{len(read)}")
        constant = constant + at_zero(x, kept)
        read.append((x, level, kept if x.scale[0] > 0 else -kept))
    scales = [abs(x.scale[0]) for x, _, _ in read]
    unit, names, all_times = common_unit(scales), [], []
    for number, ((x, level, kept), scale) in enumerate(zip(read, scales, strict=True)):
        all_times.append(int(scale / unit))
        contract = "scales of the input channels must be nearer to each other"
        got = list(map(float, scales))
        require(all_times[-1] <= MOST_TIMES, node.where, contract, got, hint=hint, kind=GraphError)
        names.append(convolved(importer, node, x, level, kept, windows,
                               scale=float(all_times[-1]), suffix=f".{number}"))  # fmt: skip
    name, factor = names[0], all_times[0]
    for number, (other, times) in enumerate(zip(names[1:], all_times[1:], strict=True), 1):
        suffix = "" if number == len(names) - 1 else f".sum{number}"
        name = importer.add("add", node, name, other, suffix=suffix, times=(factor, times))
        factor = 1
    return name, np.full(len(weight), unit * factor, object), constant


def units_of(node: OnnxNode, x: Feature, groups: int) -> np.ndarray:
    """The scale of each group's channels."""
    contract = "all input channels need one scale (per-tensor quantization)"
    contract += ", or those of each group" if groups > 1 else ""
    found = [uniform(scales) for scales in x.scale.reshape(groups, -1)]
    ends = (float(min(x.scale)), float(max(x.scale)))
    require(None not in found, node.where, contract, ends, kind=GraphError)
    return np.array(found, object)
