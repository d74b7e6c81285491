"""Folding: how much of every convolution is computed per cycle, and how wide the streams are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from fq_hw.errors import FoldingError, require
from fq_hw.ir import Conv, Graph, Op
from fq_hw.schedule.in_turn.stage import InTurn
from fq_hw.schedule.planes import planes
from fq_hw.schedule.sdram import Slots
from fq_hw.schedule.units import Rom, ceil_div

__all__ = [
    "Fold",
    "Folding",
    "check_folds",
    "conv_cycles",
    "divisors",
    "macs",
    "slowest_cycles",
    "stream_lanes",
]


MOST = 2**20  # of each number of a fold


@dataclass(frozen=True, kw_only=True)
class Fold:
    """How one convolution is built.

    Fields  pe, simd: dot products side by side, and their lanes
            columns: pixels computed side by side
            hold: groups of columns, one after the other, for which a weight word stays
            dsp: whether products lie on the device's multipliers; else weights of several bits are
            planes, of which each takes a PE, or depthwise products are adders
            rom: where the weights lie
            levels_per_stage: adder levels of a dot product between registers
    """

    pe: int
    simd: int
    columns: int = 1
    rom: Rom = Rom.BY_SIZE
    levels_per_stage: int = 1
    hold: int = 1
    dsp: bool = False

    def __post_init__(self) -> None:
        numbers = self.pe, self.simd, self.columns, self.levels_per_stage, self.hold
        fits = min(numbers) >= 1 and max(numbers) <= MOST
        require(fits, "Fold", f"must be in 1..{MOST}", numbers, kind=FoldingError)

    @property
    def group(self) -> int:
        """Pixels that share a weight word: they are begun and ended together."""
        return self.columns * self.hold


@dataclass(frozen=True, kw_only=True)
class Folding:
    """The stages of a network: a fold for every convolution that streams, and arrays for the rest.

    ``cycles`` are those of a frame that the streams between them allow for. ROMs of levels
    and constants that would fill block RAM, and products that would take multipliers, lie in
    ``logic`` where their nodes are named there.
    ``slots`` are those of the SDRAM that has an array's parameters.
    """

    folds: Mapping[str, Fold]
    cycles: int
    arrays: tuple[InTurn, ...] = ()
    logic: tuple[str, ...] = ()
    slots: Slots | None = None

    @property
    def more(self) -> dict[str, Any]:
        """What lowering takes beside folds and cycles."""
        return {"arrays": self.arrays, "logic": self.logic, "slots": self.slots}


def divisors(n: int) -> list[int]:
    """Divisors of ``n``, ascending."""
    return [d for d in range(1, n + 1) if n % d == 0]


def conv_cycles(graph: Graph, conv: Conv, fold: Fold) -> int:
    """Cycles per frame of a convolution's engine."""
    h, w, c = graph.types[conv.name].shape
    beats = conv.taps * ceil_div(conv.weight.shape[3], fold.simd)
    channels = c if conv.depthwise or fold.dsp else planes(conv).channels
    return h * (w // fold.columns) * ceil_div(channels, fold.pe) * beats


def macs(graph: Graph, op: Op) -> int:
    """Products of a frame in ``op``."""
    if not isinstance(op, Conv):
        return 0
    height, width, _ = graph.types[op.name].shape
    return height * width * op.weight.size


def slowest_cycles(graph: Graph, folds: Mapping[str, Fold]) -> int:
    """Cycles per frame of the slowest engine; those of a pixel a cycle where there is none."""
    convs = [op for op in graph.ops if isinstance(op, Conv) and op.name in folds]
    height, width, _ = graph.input.shape
    cycles = (conv_cycles(graph, conv, folds[conv.name]) for conv in convs)
    return max(cycles, default=height * width)


def stream_lanes(channels: int, pixels: int, cycles: int) -> int:
    """Lanes of a tensor's stream where a frame may take ``cycles``, whatever the folds.

    The fewest that divide the channels and carry the tensor in two thirds of the cycles: narrowing
    to them costs a cycle more for every wider beat, of which there are at most half as many. Whole
    pixels where nothing less will do.
    """
    fast = (n for n in divisors(channels) if 3 * pixels * channels <= 2 * n * cycles)
    return next(fast, channels)


def check_folds(graph: Graph, folds: Mapping[str, Fold], inside: Collection[str] = ()) -> None:
    """Raise FoldingError unless ``folds`` names the convolutions of ``graph`` but those inside."""
    names = {op.name for op in graph.ops if isinstance(op, Conv)} - set(inside)
    where = f"folding of {graph.name!r}"
    extra, lost = (sorted(one) for one in (set(folds) - names, names - set(folds)))
    require(not extra, where, "has folds for what is no convolution", extra, kind=FoldingError)
    require(not lost, where, "lacks a fold for convolutions", lost, kind=FoldingError)
