"""Lowering: a graph of integer ops and a folding become a plan of units and streams.

The engine's sums are unsigned: what it leaves out, one constant per channel, travels beside each
tensor as ``offset`` (value = stream + offset) and ends in thresholds and start values, so that no
hardware spends a gate on it. Between layers a stream is as narrow as its share of the frame allows.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from fq_hw import ir
from fq_hw.errors import FoldingError, GraphError, require
from fq_hw.ir import Graph
from fq_hw.schedule.folding import Fold, check_folds, conv_cycles, group_lanes, narrowest_lanes
from fq_hw.schedule.plan import Node, Plan, Source
from fq_hw.schedule.skip import skip_depth
from fq_hw.schedule.units import (
    AddUnit,
    ConvertUnit,
    ConvUnit,
    EmbedUnit,
    FifoUnit,
    ForkUnit,
    PixelSumUnit,
    ReorderUnit,
    RomUnit,
    ScoreUnit,
    ThresholdUnit,
    WindowUnit,
    ceil_div,
)

__all__ = ["lower"]


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A tensor on its way: where it comes from, how it is cut into beats, what it lacks."""

    source: Source
    shape: tuple[int, int, int]
    lanes: int
    bits: int
    signed: bool
    offset: np.ndarray

    @property
    def pixels(self) -> int:
        return self.shape[0] * self.shape[1]

    @property
    def channels(self) -> int:
        return self.shape[2]


class Lowering:
    """Collects nodes while following the graph."""

    def __init__(self, graph: Graph, folds: Mapping[str, Fold], skip_slack: int | None):
        check_folds(graph, folds)
        self.graph, self.folds, self.skip_slack = graph, folds, skip_slack
        convs = [op for op in graph.ops if isinstance(op, ir.Conv)]
        self.cycles = max(conv_cycles(graph, conv, folds[conv.name]) for conv in convs)
        self.nodes: list[Node] = []
        self.streams: dict[str, list[Stream]] = {}  # of each tensor, one for each reader to come

    def add(self, name: str, unit, *inputs: Source, **more) -> Source:
        self.nodes.append(Node(name=name, unit=unit, inputs=inputs, **more))
        return Source(name)

    def stream(
        self, op: ir.Op, source: Source, lanes: int, bits: int, offset=None, signed=False
    ) -> Stream:
        shape = self.graph.types[op.name].shape
        offset = np.zeros(shape[2], np.int64) if offset is None else offset
        return Stream(
            source=source, shape=shape, lanes=lanes, bits=bits, signed=signed, offset=offset
        )

    def publish(self, op: ir.Op, stream: Stream) -> None:
        """Make ``op``'s stream available to each of its readers, by a fork if there are two."""
        readers = self.graph.users[op.name]
        if len(readers) <= 1:
            self.streams[op.name] = [stream]
            return
        unit = ForkUnit(lanes=stream.lanes, bits=stream.bits, ways=len(readers))
        name = self.add(f"{op.name}.fork", unit, stream.source).node
        self.streams[op.name] = [
            replace(stream, source=Source(name, way)) for way in range(len(readers))
        ]

    def take(self, name: str) -> Stream:
        """The stream of tensor ``name`` for the next of its readers."""
        return self.streams[name].pop(0)

    def convert(self, x: Stream, lanes: int, name: str) -> Stream:
        """``x`` in beats of ``lanes``; through their greatest common divisor if need be."""
        if x.lanes == lanes:
            return x
        if x.lanes % lanes and lanes % x.lanes:
            x = self.convert(x, math.gcd(x.lanes, lanes), f"{name}.narrow")
        unit = ConvertUnit(
            channels=x.channels,
            pixels=x.pixels,
            lanes_in=x.lanes,
            lanes_out=lanes,
            bits=x.bits,
            signed=x.signed,
        )
        source = self.add(name, unit, x.source)
        return replace(x, source=source, lanes=lanes)

    def narrow(self, x: Stream, name: str) -> Stream:
        """``x`` as narrow as the slowest convolution allows."""
        lanes = narrowest_lanes(x.channels, x.pixels, self.cycles, x.lanes)
        return self.convert(x, lanes, name)

    def under_way(self, branch: Stream, skip: Stream) -> int:
        """Pixels that the branch between a fork and its adder holds while nothing waits.

        Each convolution works on a group and may hold two more in its reordering; the registers on
        the way hold what comes in meanwhile. Two more keep fork and adder apart.
        """
        nodes = {node.name: node for node in self.nodes}
        fork, at = skip.source.node, branch.source.node
        before = set()
        while fork in nodes:
            before.add(fork)
            fork = nodes[fork].inputs[0].node
        pixels = cycles = 0
        while at in nodes and at not in before:
            match nodes[at].unit:
                case ConvUnit() as unit:
                    pixels += unit.columns
                    cycles += unit.sum_cycles + 2
                case WindowUnit() as unit:
                    cycles += unit.PIPE
                case ReorderUnit() as unit:
                    pixels += 2 * unit.columns
                    cycles += unit.PIPE
                case unit:
                    cycles += unit.latency()
            at = nodes[at].inputs[0].node
        return 2 + pixels + ceil_div(cycles * branch.pixels, self.cycles)


def raw_bits(graph: Graph, name: str, offset: np.ndarray) -> int:
    """Width of tensor ``name`` as it is streamed: value - offset, never negative."""
    high = int((graph.types[name].high - offset).max())
    return max(high.bit_length(), 1)


@functools.singledispatch
def place(op: ir.Op, plan: Lowering) -> None:
    """Add the units that compute ``op``."""
    raise GraphError(f"{op.where}: has no hardware; teach fq_hw/schedule/lower.py")


@place.register
def _(op: ir.Input, plan: Lowering) -> None:
    plan.publish(op, plan.stream(op, Source(Plan.INPUT), op.shape[2], 8))


@place.register
def _(op: ir.Embed, plan: Lowering) -> None:
    x = plan.take(op.inputs[0])
    tables, _, length = op.table.shape
    unit = EmbedUnit(
        colours=x.channels, length=length, bits=op.out_bits, tables=tables, pixels=x.pixels
    )
    source = plan.add(op.name, unit, x.source, contents=op.table, tensor=op.name)
    plan.publish(op, plan.stream(op, source, unit.o.lanes, op.out_bits))


def weight_words(weight: np.ndarray, unit: ConvUnit) -> np.ndarray:
    """ROM of a convolution: bits of shape nf*sf, pe, simd; 1 is -1, unused lanes are +1.

    Order: output fold, then window row, window column, channel fold; lane 0 is the lowest channel.
    """
    o, kh, kw, c = weight.shape
    folds = ceil_div(c, unit.simd)
    bits = np.zeros((unit.nf * unit.pe, kh, kw, folds * unit.simd), np.uint8)
    bits[:o, :, :, :c] = weight < 0
    bits = bits.reshape(unit.nf, unit.pe, kh * kw * folds, unit.simd)
    return bits.transpose(0, 2, 1, 3).reshape(unit.nf * unit.sf, unit.pe, unit.simd)


@place.register
def _(op: ir.Conv, plan: Lowering) -> None:
    x, fold = plan.take(op.inputs[0]), plan.folds[op.name]
    require(not x.offset.any(), op.where, "input must be levels", "sums", GraphError)
    h, w, cin = x.shape
    oh, ow, cout = plan.graph.types[op.name].shape
    unit = ConvUnit(
        cin=cin,
        cout=cout,
        taps=op.kernel**2,
        pixels=oh * ow,
        pe=fold.pe,
        simd=fold.simd,
        act_bits=x.bits,
        columns=fold.columns,
    )
    x = plan.convert(x, fold.simd, f"{op.name}.pack")
    window = WindowUnit(
        height=h,
        width=w,
        channels=cin,
        lanes=fold.simd,
        bits=x.bits,
        kernel=op.kernel,
        stride=op.stride,
        padding=op.padding,
        repeats=unit.nf,
        columns=fold.columns,
    )
    windows = plan.add(f"{op.name}.window", window, x.source)
    words = weight_words(op.weight, unit)
    rom = RomUnit(depth=len(words), width=unit.weight.width)
    weights = plan.add(f"{op.name}.weights", rom, contents=words.reshape(len(words), -1))
    top = 2**x.bits - 1
    offset = -top * (op.weight < 0).sum(axis=(1, 2, 3), dtype=np.int64)
    if unit.columns > 1:
        sums = plan.add(op.name, unit, windows, weights)
        plan.publish(op, pixel_by_pixel(op, unit, plan, sums, offset))
        return
    source = plan.add(op.name, unit, windows, weights, tensor=op.name, offset=offset)
    out = plan.stream(op, source, fold.pe, unit.raw_bits, offset)
    plan.publish(op, plan.narrow(out, f"{op.name}.unpack"))


def pixel_by_pixel(
    op: ir.Conv, unit: ConvUnit, plan: Lowering, sums: Source, offset: np.ndarray
) -> Stream:
    """The sums of an engine of several columns, in raster order."""
    require(
        unit.cout % unit.pe == 0,
        op.where,
        "PE must divide the output channels where several columns are computed at once",
        unit.pe,
        FoldingError,
    )
    lanes = group_lanes(unit, plan.cycles)
    known = {"tensor": op.name, "offset": offset}
    narrow = ConvertUnit(
        channels=unit.columns * unit.cout,
        pixels=unit.pixels // unit.columns,
        lanes_in=unit.o.lanes,
        lanes_out=lanes,
        bits=unit.raw_bits,
    )
    ordered = unit.nf == 1
    source = plan.add(f"{op.name}.unpack", narrow, sums, **known if ordered else {})
    if not ordered:
        reorder = ReorderUnit(
            columns=unit.columns,
            folds=unit.nf,
            parts=unit.pe // lanes,
            lanes=lanes,
            bits=unit.raw_bits,
            groups=unit.pixels // unit.columns,
        )
        source = plan.add(f"{op.name}.reorder", reorder, source, **known)
    return plan.stream(op, source, lanes, unit.raw_bits, offset)


def level_words(op: ir.Threshold, offset: np.ndarray, unit: ThresholdUnit) -> np.ndarray:
    """ROM of a threshold: bits of shape folds, lanes*(steps*level_bits + 1), lowest bit first.

    -x >= t says x < 1 - t, so a falling channel counts the levels 1 - t and subtracts from the top.
    """
    falling = (op.sign < 0)[:, None]
    levels = np.where(falling, 1 - op.levels, op.levels) - offset[:, None]
    levels = np.sort(levels, axis=1)
    never = 2**unit.level_bits - 1
    ends = int(levels.min()), int(levels.max())
    contract = "levels must be clipped (fq_hw.passes) before lowering"
    require(ends[0] >= 0 and ends[1] <= never, op.where, contract, ends, GraphError)
    count = unit.folds * unit.lanes
    padded = np.full((count, unit.steps), never, np.int64)
    padded[: len(levels)] = levels
    sign = np.zeros((count, 1), np.uint8)
    sign[: len(levels)] = falling
    bits = (padded[..., None] >> np.arange(unit.level_bits)) & 1
    words = np.concatenate([bits.reshape(count, -1).astype(np.uint8), sign], axis=1)
    return words.reshape(unit.folds, -1)


@place.register
def _(op: ir.Threshold, plan: Lowering) -> None:
    x = plan.take(op.inputs[0])
    integer = np.issubdtype(op.levels.dtype, np.integer)
    require(
        integer,
        op.where,
        "levels must be rounded (fq_hw.passes) before lowering",
        str(op.levels.dtype),
        GraphError,
    )
    high = int((plan.graph.types[op.inputs[0]].high - x.offset).max()) + 1
    level_bits = max(high.bit_length(), x.bits)
    if 2**level_bits - 1 <= 2**x.bits - 1 and x.channels % x.lanes:
        level_bits += 1  # unused lanes need a level that nothing reaches
    unit = ThresholdUnit(
        channels=x.channels,
        pixels=x.pixels,
        lanes=x.lanes,
        in_bits=x.bits,
        level_bits=level_bits,
        out_bits=op.out_bits,
    )
    words = level_words(op, x.offset, unit)
    rom = plan.add(
        f"{op.name}.levels", RomUnit(depth=unit.folds, width=unit.level.width), contents=words
    )
    source = plan.add(op.name, unit, x.source, rom, tensor=op.name)
    plan.publish(op, plan.stream(op, source, x.lanes, op.out_bits))


@place.register
def _(op: ir.Add, plan: Lowering) -> None:
    a, b = (plan.take(name) for name in op.inputs)
    lanes = min(a.lanes, b.lanes)
    a, b = plan.convert(a, lanes, f"{op.name}.a"), plan.convert(b, lanes, f"{op.name}.b")
    pixel_beats = ceil_div(b.channels, lanes)
    slack = plan.under_way(a, b) if plan.skip_slack is None else plan.skip_slack
    columns = {name: fold.columns for name, fold in plan.folds.items()}
    depth = skip_depth(plan.graph, op, pixel_beats, columns) + slack * pixel_beats
    fifo = FifoUnit(lanes=lanes, bits=b.bits, depth=max(depth, 2))
    skipped = plan.add(f"{op.name}.skip", fifo, b.source)
    offset = a.offset + b.offset
    bits = raw_bits(plan.graph, op.name, offset)
    unit = AddUnit(lanes=lanes, bits=(a.bits, b.bits), out_bits=bits)
    source = plan.add(op.name, unit, a.source, skipped, tensor=op.name, offset=offset)
    plan.publish(op, plan.stream(op, source, lanes, bits, offset))


@place.register
def _(op: ir.PixelSum, plan: Lowering) -> None:
    x = plan.take(op.inputs[0])
    kind = plan.graph.types[op.name]
    start = x.offset * x.pixels
    low, high = int(min(start.min(), kind.low.min())), int(kind.high.max())
    bits = max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0) + 1
    unit = PixelSumUnit(
        channels=x.channels, pixels=x.pixels, lanes=x.lanes, in_bits=x.bits, sum_bits=bits
    )
    source = plan.add(op.name, unit, x.source, contents=start, tensor=op.name)
    plan.publish(op, plan.stream(op, source, x.lanes, bits, signed=True))


@place.register
def _(op: ir.ClassScale, plan: Lowering) -> None:
    x = plan.convert(plan.take(op.inputs[0]), 1, f"{op.name}.serial")
    kind = plan.graph.types[op.name]
    multiplier_bits = max(int(op.multiplier.max()).bit_length(), 1)
    unit = ScoreUnit(
        classes=x.channels,
        sum_bits=x.bits,
        multiplier_bits=multiplier_bits,
        score_bits=kind.bits + (not kind.signed),
    )
    source = plan.add(op.name, unit, x.source, contents=op.multiplier, tensor=op.name)
    plan.publish(op, plan.stream(op, source, x.channels, unit.score_bits, signed=True))


@place.register
def _(op: ir.ArgMax, plan: Lowering) -> None:
    plan.take(op.inputs[0])  # the score unit gives the label beside the scores


def lower(graph: Graph, folds: Mapping[str, Fold], *, skip_slack: int | None = None) -> Plan:
    """The plan of ``graph``, every convolution folded as ``folds`` says.

    Each skip FIFO holds ``skip_slack`` pixels beyond its least depth, by default as many as keep
    the slowest convolution busy; none is enough not to deadlock. Raises FoldingError or GraphError,
    naming the layer.
    """
    ends = isinstance(graph.ops[-1], ir.ArgMax) and isinstance(graph.ops[-2], ir.ClassScale)
    require(
        ends,
        f"graph {graph.name!r}",
        "must end in ClassScale and ArgMax",
        [type(op).__name__ for op in graph.ops[-2:]],
        GraphError,
    )
    lowering = Lowering(graph, folds, skip_slack)
    for op in graph.ops:
        place(op, lowering)
    return Plan(name=graph.name, image=graph.input.shape, nodes=tuple(lowering.nodes))
