"""Folding: how many output channels (PE) and synapses (SIMD) every convolution takes per cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fq_hw.errors import FoldingError, require
from fq_hw.ir import Conv, Graph
from fq_hw.schedule.units import ConvUnit, ceil_div

__all__ = ["Fold", "conv_cycles", "fold_for", "group_lanes", "narrowest_lanes"]


@dataclass(frozen=True, kw_only=True)
class Fold:
    """PE and SIMD of one convolution, and how many pixels of a row share its weight words."""

    pe: int
    simd: int
    columns: int = 1


def conv_cycles(graph: Graph, conv: Conv, fold: Fold) -> int:
    """Cycles per frame of a convolution's engine."""
    h, w, cout = graph.types[conv.name].shape
    beats = conv.kernel**2 * ceil_div(conv.weight.shape[3], fold.simd)
    return h * (w // fold.columns) * ceil_div(cout, fold.pe) * beats


def narrowest_lanes(channels: int, pixels: int, cycles: int, pe: int) -> int:
    """Fewest lanes, dividing ``pe``, that carry a tensor within ``cycles``; ``pe`` if none do.

    Narrowing costs a cycle for every beat of ``pe`` lanes beside those of the narrow beats.
    """
    wide = ceil_div(channels, pe)
    divisors = [n for n in range(1, pe) if pe % n == 0]
    narrow = (n for n in divisors if pixels * (ceil_div(channels, n) + wide) <= cycles)
    return next(narrow, pe)


def group_lanes(unit: ConvUnit, cycles: int) -> int:
    """Fewest lanes, dividing ``pe``, that carry a group's sums within ``cycles``; else ``pe``."""
    groups, sums = unit.pixels // unit.columns, unit.columns * unit.cout
    divisors = [n for n in range(1, unit.pe + 1) if unit.pe % n == 0]
    narrow = (n for n in divisors if groups * (sums // n + unit.nf) <= cycles)
    return next(narrow, unit.pe)


def fold_for(graph: Graph, cycles: int) -> dict[str, Fold]:
    """For every convolution the smallest array that needs at most ``cycles`` per frame.

    Smallest in PE * SIMD, then in PE: a wide SIMD reads narrower weights per sum. SIMD divides the
    input channels and PE the output channels, so that no lane idles. Raises FoldingError when a
    convolution needs more than ``cycles`` even fully unfolded.
    """
    folds = {}
    for conv in graph.ops:
        if not isinstance(conv, Conv):
            continue
        cout, _, _, cin = conv.weight.shape
        divide = [
            Fold(pe=pe, simd=simd)
            for pe in range(1, cout + 1)
            if cout % pe == 0
            for simd in range(1, cin + 1)
            if cin % simd == 0
        ]
        fast = [fold for fold in divide if conv_cycles(graph, conv, fold) <= cycles]
        least = conv_cycles(graph, conv, Fold(pe=cout, simd=cin))
        require(
            fast,
            f"folding {conv.name!r}",
            f"needs at least {least} cycles per frame",
            cycles,
            FoldingError,
        )
        folds[conv.name] = min(fast, key=lambda f: (f.pe * f.simd, f.pe))
    return folds


def check_folds(graph: Graph, folds: Mapping[str, Fold]) -> None:
    """Raise FoldingError unless ``folds`` names exactly the convolutions of ``graph``."""
    names = {op.name for op in graph.ops if isinstance(op, Conv)}
    require(
        set(folds) == names,
        f"folding of {graph.name!r}",
        f"must name {sorted(names)}",
        sorted(folds),
        FoldingError,
    )
