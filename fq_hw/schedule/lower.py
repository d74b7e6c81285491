"""Lowering: a graph of integer ops and a folding become a plan of units and streams.

The engine's sums are unsigned: what it leaves out, one constant per channel, travels beside each
tensor as ``offset`` (value = stream + offset) and ends in thresholds and start values, so that no
hardware spends a gate on it. Between layers a stream is as narrow as the cycles of a frame allow,
whatever the folds, so that a fold changes the units of its own convolution and no others but the
depth of a skip FIFO.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from fq_hw import ir
from fq_hw.errors import FoldingError, GraphError, require
from fq_hw.ir import Axis, Graph, Places
from fq_hw.passes import check_lowered, classifiers, sum_first
from fq_hw.schedule import units
from fq_hw.schedule.conv_parts import ConvParts, ConvSite, Engine, conv_parts, converters
from fq_hw.schedule.folding import Fold, check_folds, slowest_cycles, stream_lanes
from fq_hw.schedule.in_turn.lower import passes
from fq_hw.schedule.in_turn.place import place_array
from fq_hw.schedule.in_turn.stage import InTurn, Supply, partition
from fq_hw.schedule.joins import ONE, Branches, branches
from fq_hw.schedule.lines import FEWEST_BITS, Line, line_of
from fq_hw.schedule.plan import Node, Plan, Source
from fq_hw.schedule.planes import codes, depthwise_codes, planes
from fq_hw.schedule.pool_parts import pool_parts
from fq_hw.schedule.sdram import Slots
from fq_hw.schedule.skip import beats_waiting, registers, slack_pixels, waiting
from fq_hw.schedule.words import (
    bits_of,
    level_fields,
    line_fields,
    line_unit,
    result_unit,
    score_unit,
    score_words,
    start_values,
    weight_words,
)

__all__ = ["SKIPS", "Lowering", "lower"]

NOTHING: Mapping[str, Mapping] = MappingProxyType({})
Fill = Callable[[], np.ndarray]
MOST_TABLE_BITS = 12  # of what is looked up: 4,096 levels of 8 bits are two block RAMs
SKIPS = (".skip.first", ".skip")  # endings of the FIFOs on a join's inputs; most have the second


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A tensor on its way: where it comes from, how it is cut into beats, what it lacks.

    A ``planar`` one comes with all pixels of some channels before the next channels. Where there
    is an ``embed``, what comes are pixels, which its reader must pass through that.
    """

    source: Source
    shape: tuple[int, int, int]
    lanes: int
    bits: int
    signed: bool
    offset: np.ndarray
    planar: bool = False
    embed: units.EmbedUnit | None = None

    @property
    def pixels(self) -> int:
        return self.shape[0] * self.shape[1]

    @property
    def channels(self) -> int:
        return self.shape[2]

    @property
    def read(self) -> dict[str, int]:
        """What a unit that takes its pixels in turn is told of it."""
        c, n = self.channels, self.pixels
        return {"channels": c, "pixels": n, "lanes": self.lanes, "in_bits": self.bits}


class Lowering:
    """``graph`` lowered, with what its plan does not tell: each convolution's site and parts."""

    def __init__(
        self,
        graph: Graph,
        folds: Mapping[str, Fold],
        cycles: int | None = None,
        skip_slack: int | None = None,
        arrays: Iterable[InTurn] = (),
        slots: Slots | None = None,
        logic: Iterable[str] = (),
    ):
        ends = isinstance(graph.ops[-1], ir.ArgMax) and isinstance(graph.ops[-2], ir.ClassScale)
        got = [type(op).__name__ for op in graph.ops[-2:]]
        hint = "hardware gives scores and a label for each image"
        where, contract = f"graph {graph.name!r}", "must end in ClassScale and ArgMax"
        require(ends, where, contract, got, hint=hint, kind=GraphError)
        check_lowered(graph)
        arrays = tuple(arrays)
        self.stage_of = partition(graph, arrays)
        check_folds(graph, folds, self.stage_of)
        self.summed_first = classifiers(graph, self.stage_of)
        self.graph = graph = sum_first(graph, self.stage_of)
        self.folds, self.skip_slack, self.slots = folds, skip_slack, slots
        self.logic = frozenset(logic)
        streams = [stage.until for stage in arrays if stage.supply is Supply.STREAM]
        contract, hint = (
            "has one SDRAM, for the parameters of one array",
            "keep the others' on chip",
        )
        alone = slots is None or len(streams) <= 1
        require(alone, where, contract, streams, hint=hint, kind=GraphError)
        spills = [stage.until for stage in arrays if stage.trunk is Supply.STREAM]
        contract, hint = "needs an SDRAM for the trunk of its array", "fold it for a board with one"
        require(slots or not spills, where, contract, spills, hint=hint, kind=GraphError)
        if cycles is None:
            each = (passes(graph, stage).unit.beats for stage in arrays)
            cycles = max([slowest_cycles(graph, folds), *each])
        self.cycles = cycles
        self.nodes: list[Node] = []
        self.sites: dict[str, ConvSite] = {}
        self.parts: dict[str, ConvParts] = {}
        self.streams: dict[str, list[Stream]] = {}  # of each tensor, one for each reader to come
        joins = (op for op in graph.ops if isinstance(op, ir.Join))
        self.forks = {op.name: branches(graph, op) for op in joins if op.name not in self.stage_of}
        self.skips: dict[str, Stream] = {}  # what waits in each FIFO beside a branch, before it
        self.joined: dict[str, tuple[Stream, Stream]] = {}  # what waits for each join
        for op in graph.ops:
            stage = self.stage_of.get(op.name)
            if stage is None:
                place(op, self)
            elif op.name == stage.until:
                place_array(stage, self)
        kinds = units.RomUnit, units.LineUnit
        known = {node.name for node in self.nodes if isinstance(node.unit, kinds)}
        where, contract = f"folding of {graph.name!r}", "puts into logic what is no ROM of it"
        extra = sorted(self.logic - known)
        require(not extra, where, contract, extra, kind=FoldingError)

    @property
    def plan(self) -> Plan:
        """The finished plan."""
        return Plan(name=self.graph.name, image=self.graph.input.shape, nodes=tuple(self.nodes))

    def add(self, name: str, unit, *inputs: Source, **more) -> Source:
        self.nodes.append(Node(name=name, unit=unit, inputs=inputs, **more))
        return Source(name)

    def place_of(self, name: str) -> int:
        """Which of the nodes has that name."""
        return next(n for n, node in enumerate(self.nodes) if node.name == name)

    def feed(self, name: str, source: Source) -> None:
        """Give the node of that name one more input, from behind it."""
        at = self.place_of(name)
        self.nodes[at] = replace(self.nodes[at], inputs=(*self.nodes[at].inputs, source))

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
        ops = self.graph.users[op.name]
        stages = {self.stage_of[user.name].until for user in ops if user.name in self.stage_of}
        readers = len(stages) + sum(user.name not in self.stage_of for user in ops)
        for reader in ops if stream.signed else ():
            contract = f"reads {op.name!r}, a sum over all pixels, which only scores can read"
            scored = isinstance(reader, ir.ClassScale | ir.ArgMax)
            require(scored, reader.where, contract, kind=GraphError)
        if readers <= 1:
            self.streams[op.name] = [stream]
            return
        unit = units.ForkUnit(lanes=stream.lanes, bits=stream.bits, ways=readers)
        name = self.add(f"{op.name}.fork", unit, stream.source).node
        self.streams[op.name] = [replace(stream, source=Source(name, w)) for w in range(readers)]

    def take(self, name: str) -> Stream:
        """The stream of tensor ``name`` for the next of its readers."""
        return self.streams[name].pop(0)

    def levels(self, op: ir.Op) -> Stream:
        """The stream that ``op`` reads where that is levels. Raises GraphError where it is sums."""
        x = self.take(op.inputs[0])
        contract, hint = "reads sums, and must read levels", f"requantize {op.inputs[0]!r} first"
        require(not x.offset.any(), op.where, contract, hint=hint, kind=GraphError)
        return x

    def lanes(self, op: ir.Op) -> int:
        """Lanes of ``op``'s result."""
        h, w, c = self.graph.types[op.name].shape
        return stream_lanes(c, h * w, self.cycles)

    def chain(
        self,
        name: str,
        ways: Iterable[tuple[str, units.Unit]],
        source: Source,
        known: Mapping[str, Mapping] = NOTHING,
    ) -> Source:
        """Units one behind the other, called ``name`` with their endings; returns the last."""
        for ending, unit in ways:
            source = self.add(name + ending, unit, source, **known.get(ending, {}))
        return source

    def cut(self, name: str, x: Stream, lanes: int, ending: str, signed: bool = False) -> Source:
        """``x`` in beats of ``lanes``, by converters of that name and ending."""
        ways = converters(x.channels, x.pixels, (x.lanes, lanes), x.bits, ending, signed)
        return self.chain(name, ways, x.source)

    def hold(self, name: str, x: Stream, beats: int) -> Stream:
        """``x`` behind a FIFO in which so many of its beats may wait."""
        fifo = units.FifoUnit(lanes=x.lanes, bits=x.bits, depth=max(beats, 3))
        return replace(x, source=self.add(name, fifo, x.source))

    def rom(self, name: str, depth: int, width: int, fill: Fill) -> Source:
        """A ROM of so many words where the folding wants it."""
        return self.add(name, self.rom_unit(name, depth, width), fill=fill)

    def rom_unit(self, name: str, depth: int, width: int) -> units.RomUnit:
        """A ROM where the folding wants it."""
        place = units.Rom.LOGIC if name in self.logic else units.Rom.BY_SIZE
        return units.RomUnit(depth=depth, width=width, rom=place)

    def skip_before(self, conv: ir.Conv) -> str | None:
        """The name of the join's FIFO that stands in front of ``conv``, where one does."""
        ways = ((name, fork, side) for name, fork in self.forks.items() for side in (0, 1))
        found = (
            name + SKIPS[side]
            for name, fork, side in ways
            if fork.waits_before(side) is conv and waiting(fork, ONE)[side]
        )
        return next(found, None)

    def deepen(self, skip: str, beats: int | None) -> None:
        """Give the FIFO of that name room for so many beats; None takes it away."""
        at = self.place_of(skip)
        fifo = self.nodes[at]
        if beats is not None:
            self.nodes[at] = replace(fifo, unit=replace(fifo.unit, depth=max(beats, 3)))
            return
        del self.nodes[at]
        for n, node in enumerate(self.nodes):
            inputs = (fifo.inputs[0] if i.node == skip else i for i in node.inputs)
            self.nodes[n] = replace(node, inputs=tuple(inputs))

    def slack(self, fork: Branches, side: int) -> int:
        """Pixels that a branch between a fork and its join holds while nothing waits.

        Each convolution works on a group and may hold two more in its reordering; the registers on
        the way hold what comes in meanwhile. Three more keep fork and join apart.
        """
        if self.skip_slack is not None:
            return self.skip_slack
        ops = fork.paths[side]
        parts = [self.parts[step.name] for step in ops if isinstance(step, ir.Conv)]
        h, w, _ = self.graph.types[fork.join.name].shape
        cycles = registers(ops) + sum(part.cycles for part in parts)
        return slack_pixels(sum(part.held for part in parts), cycles, h * w, self.cycles)


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
    unit = units.EmbedUnit(
        colours=x.channels, length=length, bits=op.out_bits, tables=tables, pixels=x.pixels
    )
    source = plan.cut(op.name, x, x.channels, ".whole")
    y = plan.stream(op, source, unit.o.lanes, op.out_bits)
    reader, *others = plan.graph.users[op.name]
    if isinstance(reader, ir.Conv) and reader.name not in plan.stage_of and not others:
        plan.publish(op, replace(y, embed=unit))  # whose window decides where it stands
        return
    source = plan.add(op.name, unit, source, fill=lambda: op.table, tensor=op.name)
    plan.publish(op, replace(y, source=source))


@place.register
def _(op: ir.Conv, plan: Lowering) -> None:
    x = plan.levels(op)
    weights, (down, across) = planes(op), op.axes
    skip = plan.skip_before(op)
    if skip:
        if down.stride > 1:
            x, down, across = picked(op, x, plan), *(Axis(kernel=1),) * 2
        plan.skips[skip] = x
        x = plan.hold(skip, x, 0)  # the join knows how deep
    site = ConvSite(
        name=op.name,
        shape=x.shape,
        cout=len(op.weight),
        down=down,
        across=across,
        act_bits=x.bits,
        lanes_in=x.lanes,
        lanes_out=plan.lanes(op),
        pad_level=op.pad_level,
        planes=depthwise_codes(op)[1] if op.depthwise else weights.count,
        weight_bits=codes(op.weight.astype(np.int64))[1],
        masked=weights.masked,
        inverted=weights.inverted,
        bursts=skip is None and in_bursts(plan.graph, op.inputs[0]),
        embed=x.embed,
        groups=op.groups,
        depthwise=op.depthwise,
    )
    parts = conv_parts(site, plan.folds[op.name])
    plan.sites[op.name], plan.parts[op.name] = site, parts
    unit = parts.engine
    offset = engine_offset(op, x, unit)
    bits = unit.raw_bits
    if site.combined(plan.folds[op.name]):
        combine = parts.after[-1][1]
        offset, bits = offset - combine.left_out, combine.o.bits
    tensor = plan.summed_first.get(op.name, op.name)  # of the graph as it was given
    known = {parts.carrier: {"tensor": tensor, "offset": offset}}
    source, pixels = x.source, op.inputs[0]
    embedding = {"fill": lambda: plan.graph[pixels].table, "tensor": pixels} if x.embed else {}
    if parts.embed:
        source = plan.add(pixels, parts.embed, source, **embedding)
    source = plan.chain(op.name, parts.before, source)
    windows = plan.add(f"{op.name}.window", parts.window, source)
    if parts.late_embed:
        windows = plan.add(pixels, parts.late_embed, windows, **embedding)
    rom = plan.add(
        f"{op.name}.weights",
        parts.weights,
        fill=lambda: engine_words(op, unit),
    )
    sums = plan.add(op.name, unit, windows, rom, **known.get("", {}))
    source = plan.chain(op.name, parts.after, sums, known)
    plan.publish(op, plan.stream(op, source, site.lanes_out, bits, offset))


def engine_offset(op: ir.Conv, x: Stream, engine: Engine) -> np.ndarray:
    """What the sums of ``op``'s engine lack, channel by channel."""
    if not isinstance(engine, units.ConvUnit) and engine.start:
        return np.full(engine.cout, -engine.start, np.int64)
    return planes(op).offsets(x.bits)


def engine_words(op: ir.Conv, engine: Engine) -> np.ndarray:
    """The bits of the weight words of ``op``'s engine, word by word."""
    if isinstance(engine, units.DepthwiseUnit):
        weight = depthwise_codes(op)[0].reshape(engine.nf, engine.pe, engine.taps)
        words = bits_of(weight.swapaxes(1, 2), engine.weight_bits)
    elif isinstance(engine, units.ProductUnit):
        weight = codes(op.weight.astype(np.int64))[0]
        words = weight_words(weight, engine.nf, engine.pe, engine.simd)
        words = bits_of(words, engine.weight_bits)
    else:
        words = weight_words(planes(op).bits, engine.nf, engine.pe, engine.simd)
    return words.reshape(-1, engine.i_weight.width)


def in_bursts(graph: Graph, name: str) -> bool:
    """Whether a tensor's pixels come a row at once, and then none while the next is made.

    A convolution keeps rows of its own, and evens that out.
    """
    op = graph[name]
    rows = isinstance(op, ir.Pool) and op.apart and op.kernel[0] > 1
    rows = rows or isinstance(op, ir.DepthToSpace | ir.Grid)
    lines = isinstance(op, ir.Conv) or isinstance(op, ir.Pool) and not op.apart
    before = () if lines else op.inputs
    return rows or any(in_bursts(graph, source) for source in before)


def picked(op: ir.Conv, x: Stream, plan: Lowering) -> Stream:
    """The pixels of ``x`` that a 1x1 convolution reads."""
    height, width, _ = x.shape
    read = {"channels": x.channels, "lanes": x.lanes, "in_bits": x.bits}
    stride = op.axes[0].stride
    rows, columns = (Places(step=stride, count=-(-n // stride)) for n in (height, width))
    unit = units.PickUnit(**read, height=height, width=width, rows=rows, columns=columns)
    source = plan.add(f"{op.name}.pick", unit, x.source)
    return replace(x, source=source, shape=(*unit.size, x.channels))


@place.register
def _(op: ir.Bias, plan: Lowering) -> None:
    x = plan.take(op.inputs[0])
    plan.publish(op, replace(x, offset=x.offset + op.bias))


@place.register
def _(op: ir.Flatten, plan: Lowering) -> None:
    x = plan.take(op.inputs[0])
    shape, offset = plan.graph.types[op.name].shape, np.tile(x.offset, x.pixels)
    plan.publish(op, replace(x, shape=shape, offset=offset))


@place.register(ir.MaxPool)
@place.register(ir.SumPool)
def _(op: ir.Pool, plan: Lowering) -> None:
    x = plan.take(op.inputs[0])
    if isinstance(op, ir.MaxPool) and not op.apart:
        overlapping(op, x, plan)
        return
    pooling = units.Pooling.MAX if isinstance(op, ir.MaxPool) else units.Pooling.SUM
    unit = units.PoolUnit(
        pooling=pooling,
        height=x.shape[0],
        width=x.shape[1],
        channels=x.channels,
        lanes=x.lanes,
        in_bits=x.bits,
        kernel=op.kernel,
        signed=pooling is units.Pooling.MAX and op.sign is not None and bool((op.sign < 0).any()),
    )
    offset = x.offset * (math.prod(op.kernel) if pooling is units.Pooling.SUM else 1)
    fill = (lambda: op.sign) if unit.signed else None
    source = plan.add(op.name, unit, x.source, fill=fill, tensor=op.name, offset=offset)
    plan.publish(op, plan.stream(op, source, x.lanes, unit.o.bits, offset))


def overlapping(op: ir.MaxPool, x: Stream, plan: Lowering) -> None:
    """Add the units of a pool that needs lines of its own."""
    window, unit = pool_parts(op, x.shape, x.bits, plan.cycles)
    channels, lanes = x.channels, window.lanes
    source = plan.cut(f"{op.name}.pack", x, lanes, "")
    windows = plan.add(f"{op.name}.window", window, source)
    fill = (lambda: op.sign) if unit.signed else None
    source = plan.add(op.name, unit, windows, fill=fill, tensor=op.name, offset=x.offset)
    together, groups = unit.columns * channels, unit.pixels // unit.columns
    beside = converters(together, groups, (unit.o.lanes, lanes), x.bits, "")
    source = plan.chain(f"{op.name}.unpack", beside, source)
    made = plan.stream(op, source, lanes, x.bits, x.offset)
    lanes = plan.lanes(op)
    source = plan.cut(f"{op.name}.widen", made, lanes, "")
    plan.publish(op, replace(made, source=source, lanes=lanes))


@place.register
def _(op: ir.Grid, plan: Lowering) -> None:
    x = plan.levels(op) if op.padded else plan.take(op.inputs[0])
    (height, width, channels), places = x.shape, op.places
    down, across = places
    lanes = plan.lanes(op) if op.padded or down.times * across.times > 1 else x.lanes
    source = plan.cut(f"{op.name}.cut", x, lanes, "")
    read = {"channels": channels, "lanes": lanes, "in_bits": x.bits}
    ways: list[tuple[str, units.Unit]] = []
    if not (down.whole(height) and across.whole(width)):
        rows, columns = (Places(start=p.start, step=p.step, count=p.count) for p in places)
        ways.append((".pick", units.PickUnit(**read, height=height, width=width, rows=rows,
                                             columns=columns)))  # fmt: skip
    height, width = down.count, across.count
    if down.times * across.times > 1:
        spread = spread_unit(height, width, channels // lanes, (down.times, across.times),
                             lanes=lanes, bits=x.bits)  # fmt: skip
        ways.append((".spread", spread))
        height, width = height * down.times, width * across.times
    if op.padded:
        bits = max(x.bits, op.level.bit_length())
        require(bits == x.bits, op.where, f"level must be u{x.bits}", op.level, kind=GraphError)
        pads = down.before, across.before, down.after, across.after
        ways.append((".pad", units.PadUnit(**read, height=height, width=width, pads=pads,
                                           level=op.level)))  # fmt: skip
    source = named(op, ways, source, x.offset, plan)
    plan.publish(op, plan.stream(op, source, lanes, x.bits, x.offset))


def named(
    op: ir.Op,
    ways: list[tuple[str, units.Unit]],
    source: Source,
    offset: np.ndarray,
    plan: Lowering,
) -> Source:
    """Units one behind the other, the last of which makes the tensor of ``op``."""
    if ways:
        ways[-1] = "", ways[-1][1]
    return plan.chain(op.name, ways, source, {"": {"tensor": op.name, "offset": offset}})


def spread_unit(
    height: int, width: int, slices: int, block: tuple[int, int], **more: int
) -> units.SpreadUnit:
    """With as few banks as a row is large enough for."""
    large = width * slices * (math.prod(block) if more.get("deep") else 1)
    banks = 2 if large >= units.SpreadUnit.LARGE else 4
    return units.SpreadUnit(
        groups=height, width=width, slices=slices, block=block, banks=banks, **more
    )


@place.register
def _(op: ir.Select, plan: Lowering) -> None:
    made = bool((op.order < 0).any())
    x = plan.levels(op) if made else plan.take(op.inputs[0])
    offset = np.where(op.order < 0, 0, x.offset[op.order])
    read, (height, width, channels) = {"in_bits": x.bits}, x.shape
    places = Places.of(op.order)
    if places is not None and places.times == places.step == 1 and not places.padded:
        common = math.gcd(channels, places.start, places.count)
        lanes = stream_lanes(common, x.pixels * channels // common, plan.cycles)
        if x.pixels * channels <= lanes * plan.cycles:
            source = plan.cut(f"{op.name}.cut", x, lanes, "")
            kept = Places(start=places.start // lanes, count=places.count // lanes)
            unit = units.PickUnit(
                **read, channels=channels, lanes=lanes, height=height, width=width,
                rows=Places(count=height), columns=Places(count=width), beats_kept=kept,
            )  # fmt: skip
            source = named(op, [("", unit)], source, offset, plan)
            plan.publish(op, plan.stream(op, source, lanes, x.bits, offset))
            return
    source = plan.cut(f"{op.name}.whole", x, channels, "")
    unit = units.SelectUnit(**read, channels=channels, lanes=channels, pixels=x.pixels,
                            order=tuple(op.order.tolist()), level=op.level)  # fmt: skip
    source = named(op, [("", unit)], source, offset, plan)
    whole, lanes = plan.stream(op, source, len(op.order), x.bits, offset), plan.lanes(op)
    source = plan.cut(f"{op.name}.narrow", whole, lanes, "")
    plan.publish(op, replace(whole, source=source, lanes=lanes))


@place.register
def _(op: ir.SpaceToDepth, plan: Lowering) -> None:
    x = plan.take(op.inputs[0])
    height, width, channels = x.shape
    lanes = stream_lanes(channels, x.pixels, plan.cycles)
    source = plan.cut(f"{op.name}.cut", x, lanes, "")
    down, across = (Axis(kernel=n, stride=n) for n in op.block)
    unit = units.WindowUnit(
        height=height, width=width, channels=channels, lanes=lanes, in_bits=x.bits, down=down,
        across=across, repeats=1, held=True,
    )  # fmt: skip
    offset = np.tile(x.offset, math.prod(op.block))
    source = named(op, [("", unit)], source, offset, plan)
    plan.publish(op, plan.stream(op, source, lanes, x.bits, offset))


@place.register
def _(op: ir.DepthToSpace, plan: Lowering) -> None:
    x = plan.levels(op)
    (height, width, _), lanes = x.shape, plan.lanes(op)
    channels = plan.graph.types[op.name].shape[2]
    source = plan.cut(f"{op.name}.cut", x, lanes, "")
    unit = spread_unit(height, width, channels // lanes, op.block, deep=True, lanes=lanes,
                       bits=x.bits)  # fmt: skip
    source = named(op, [("", unit)], source, x.offset[:channels], plan)
    plan.publish(op, plan.stream(op, source, lanes, x.bits))


@place.register
def _(op: ir.Requantize, plan: Lowering) -> None:
    x = plan.take(op.inputs[0])
    constant = x.offset + (1 << op.shift >> 1 if op.shift > 0 else 0)
    widest = max(int(constant.max()), -int(constant.min()) - 1, 0)
    width = widest.bit_length() + 1
    unit = units.RequantizeUnit(**x.read, constant_bits=width, shift=op.shift, out_bits=op.out_bits)
    constants = plan.rom(
        f"{op.name}.constants",
        unit.slices,
        unit.i_constant.width,
        lambda: bits_of(constant, width).reshape(unit.slices, -1),
    )
    source = plan.add(op.name, unit, x.source, constants, tensor=op.name)
    plan.publish(op, plan.stream(op, source, x.lanes, op.out_bits))


@place.register
def _(op: ir.Lookup, plan: Lowering) -> None:
    x = plan.levels(op)
    table = np.zeros(2**x.bits, np.int64)
    known = op.table[: len(table)]
    least = int(known.min())
    table[: len(known)] = known - least
    bits = max(int(table.max()).bit_length(), 1)
    unit = units.LookupUnit(**x.read, out_bits=bits)
    offset = np.full(x.channels, least, np.int64)
    source = plan.add(op.name, unit, x.source, fill=lambda: table, tensor=op.name, offset=offset)
    plan.publish(op, plan.stream(op, source, x.lanes, bits, offset))


def counted(op: ir.Threshold, line: Line, x: Stream, plan: Lowering) -> None:
    """Add the units that make levels by a product: the thresholds of ``op`` lie on ``line``."""
    unit = line_unit(line, x.offset, op.out_bits, logic=op.name in plan.logic, **x.read)
    constants = plan.rom(
        f"{op.name}.constants",
        unit.slices,
        unit.i_constant.width,
        lambda: line_fields(unit, line, x.offset).reshape(unit.slices, -1),
    )
    source = plan.add(op.name, unit, x.source, constants, tensor=op.name)
    plan.publish(op, plan.stream(op, source, x.lanes, op.out_bits))


def tabulated(op: ir.Threshold, x: Stream, plan: Lowering) -> None:
    """Add the unit that looks levels up: few numbers can come, and all channels are alike."""
    raw = np.arange(2**x.bits, dtype=np.int64) + int(x.offset[0])
    table = np.searchsorted(op.levels[0], int(op.sign[0]) * raw, side="right")
    unit = units.LookupUnit(**x.read, out_bits=op.out_bits)
    source = plan.add(op.name, unit, x.source, fill=lambda: table, tensor=op.name)
    plan.publish(op, plan.stream(op, source, x.lanes, op.out_bits))


def alike(op: ir.Threshold, x: Stream) -> bool:
    """Whether all channels of ``x`` are counted alike."""
    rows = (op.levels == op.levels[0]).all() and (op.sign == op.sign[0]).all()
    return bool(rows and (x.offset == x.offset[0]).all())


@place.register
def _(op: ir.Threshold, plan: Lowering) -> None:
    x = plan.take(op.inputs[0])
    line = line_of(op, plan.graph.types[op.inputs[0]])
    if line is not None:
        counted(op, line, x, plan)
        return
    if op.out_bits >= FEWEST_BITS and x.bits <= MOST_TABLE_BITS and alike(op, x):
        tabulated(op, x, plan)
        return
    high = int((plan.graph.types[op.inputs[0]].high - x.offset).max()) + 1
    level_bits = max(high.bit_length(), x.bits)
    unit = units.ThresholdUnit(**x.read, level_bits=level_bits, out_bits=op.out_bits)
    levels = plan.rom(
        f"{op.name}.levels",
        unit.slices,
        unit.i_level.width,
        lambda: level_fields(op, x.offset, level_bits).reshape(unit.slices, -1),
    )
    source = plan.add(op.name, unit, x.source, levels, tensor=op.name)
    plan.publish(op, plan.stream(op, source, x.lanes, op.out_bits))


def meeting(op: ir.Join, plan: Lowering) -> tuple[Stream, Stream]:
    """The streams that ``op`` joins, behind the FIFOs in which one may wait for the other."""
    fork, columns = plan.forks[op.name], {n: (f.group,) for n, f in plan.folds.items()}
    met, wait = [], []
    for side, pixels in enumerate(waiting(fork, columns)):
        skip, x = op.name + SKIPS[side], plan.take(op.inputs[side])
        waits = plan.skips.get(skip, x)
        beats = waits.channels // waits.lanes
        depth = beats_waiting(pixels, beats)
        if depth is not None:
            depth += plan.slack(fork, 1 - side) * beats
        if skip in plan.skips:
            plan.deepen(skip, depth)
        elif depth is not None:
            x = plan.hold(skip, x, depth)
        met.append(x)
        wait.append(waits)
    plan.joined[op.name] = wait[0], wait[1]
    return met[0], met[1]


def widened(name: str, both: tuple[Stream, Stream], lanes: int, plan: Lowering) -> list[Source]:
    """Two streams of any lanes as streams of ``lanes``."""
    ways = zip(both, (".first", ".second"), strict=True)
    return [plan.cut(name, x, lanes, ending) for x, ending in ways]


@place.register
def _(op: ir.Concat, plan: Lowering) -> None:
    a, b = both = meeting(op, plan)
    common = math.gcd(a.channels, b.channels)
    lanes = stream_lanes(common, a.pixels * (a.channels + b.channels) // common, plan.cycles)
    sources = widened(op.name, both, lanes, plan)
    unit = units.ConcatUnit(
        pixels=a.pixels,
        lanes=lanes,
        bits=(a.bits, b.bits),
        slices=(a.channels // lanes, b.channels // lanes),
        swapped=op.swapped,
    )
    offset = np.concatenate([both[which].offset for which in unit.order])
    source = plan.add(op.name, unit, *sources, tensor=op.name, offset=offset)
    plan.publish(op, plan.stream(op, source, lanes, unit.o.bits, offset))


@place.register
def _(op: ir.Add, plan: Lowering) -> None:
    a, b = both = meeting(op, plan)
    offset = a.offset * op.factors[0] + b.offset * op.factors[1]
    bits = raw_bits(plan.graph, op.name, offset)
    lanes = a.lanes if a.lanes == b.lanes else plan.lanes(op)
    sources = widened(op.name, both, lanes, plan)
    unit = units.AddUnit(lanes=lanes, bits=(a.bits, b.bits), out_bits=bits, times=op.factors)
    source = plan.add(op.name, unit, *sources, tensor=op.name, offset=offset)
    plan.publish(op, plan.stream(op, source, lanes, bits, offset))


@place.register
def _(op: ir.PixelSum, plan: Lowering) -> None:
    x = plan.take(op.inputs[0])
    if x.pixels == 1:
        plan.publish(op, x)
        return
    reader, kind = plan.graph.users[op.name][0], plan.graph.types[op.name]
    if reader.name in plan.summed_first:
        unit = units.PixelSumUnit(**x.read, sum_bits=kind.bits, planar=x.planar, levels=True)
        source = plan.add(op.name, unit, x.source)
        plan.publish(op, plan.stream(op, source, x.lanes, kind.bits))
        return
    start, bits = start_values(x.offset, x.pixels, kind)
    unit = units.PixelSumUnit(**x.read, sum_bits=bits, planar=x.planar)
    source = plan.add(op.name, unit, x.source, fill=lambda: start, tensor=op.name)
    plan.publish(op, plan.stream(op, source, x.lanes, bits, signed=True))


@place.register
def _(op: ir.ClassScale, plan: Lowering) -> None:
    x = plan.take(op.inputs[0])
    one_by_one = plan.cut(op.name, x, 1, ".serial", signed=x.signed)
    sums, made = (plan.graph.types[name] for name in (op.inputs[0], op.name))
    unit = score_unit(op, sums, made, x.bits, raw=not x.signed, cycles=plan.cycles)
    bias = 0 * op.multiplier if op.bias is None else op.bias
    constants = plan.rom(
        f"{op.name}.constants",
        unit.classes,
        unit.i_constant.width,
        lambda: score_words(unit, op.multiplier, x.offset, bias),
    )
    source = plan.add(op.name, unit, one_by_one, constants, tensor=op.name)
    plan.publish(op, plan.stream(op, source, 1, unit.score_bits, signed=True))


@place.register
def _(op: ir.ArgMax, plan: Lowering) -> None:
    x = plan.take(op.inputs[0])
    scores = plan.nodes[-1].unit
    assert isinstance(scores, units.ScoreUnit)  # Lowering has seen to it
    plan.add(op.name, result_unit(scores, plan.cycles), x.source, tensor=op.name)


def lower(
    graph: Graph,
    folds: Mapping[str, Fold],
    cycles: int | None = None,
    *,
    skip_slack: int | None = None,
    arrays: Iterable[InTurn] = (),
    slots: Slots | None = None,
    logic: Iterable[str] = (),
) -> Plan:
    """The plan of ``graph``, its convolutions folded as ``folds`` says or run by ``arrays``.

    Streams are wide enough for frames of ``cycles``, by default those of the slowest stage.
    Each skip FIFO holds ``skip_slack`` pixels beyond its least depth, by default as many as keep
    the slowest convolution busy; none is enough not to deadlock. Parameters that an array has from
    a stream lie in an SDRAM with these ``slots``, or in a ROM. Raises FoldingError or GraphError,
    naming the layer.
    """
    return Lowering(graph, folds, cycles, skip_slack, arrays, slots, logic).plan
