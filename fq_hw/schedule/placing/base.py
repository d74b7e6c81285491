"""What every operator's placing works on: a plan in the making."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from fq_hw import ir
from fq_hw.errors import GraphError, require
from fq_hw.ir import Graph
from fq_hw.schedule import units
from fq_hw.schedule.conv_parts import ConvParts, ConvSite, converters
from fq_hw.schedule.folding import Fold, stream_lanes
from fq_hw.schedule.in_turn.stage import InTurn
from fq_hw.schedule.joins import ONE, Branches
from fq_hw.schedule.placing.stream import Stream
from fq_hw.schedule.plan import Node, Source
from fq_hw.schedule.sdram import Slots
from fq_hw.schedule.skip import SKIPS, registers, slack_pixels, waiting

__all__ = ["Placing", "place"]

NOTHING: Mapping[str, Mapping] = MappingProxyType({})
Fill = Callable[[], np.ndarray]


class Placing:
    """A plan in the making: its nodes, the streams that wait for readers, what folds them."""

    graph: Graph
    folds: Mapping[str, Fold]
    cycles: int  # of a frame
    skip_slack: int | None
    slots: Slots | None
    logic: frozenset[str]  # ROMs and the like whose words the folding puts into logic
    stage_of: Mapping[str, InTurn]
    summed_first: Mapping[str, str]
    forks: Mapping[str, Branches]

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.sites: dict[str, ConvSite] = {}
        self.parts: dict[str, ConvParts] = {}
        self.streams: dict[str, list[Stream]] = {}  # of each tensor, one for each reader to come
        self.skips: dict[str, Stream] = {}  # what waits in each FIFO beside a branch, before it
        self.joined: dict[str, tuple[Stream, Stream]] = {}  # what waits for each join

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


@functools.singledispatch
def place(op: ir.Op, plan: Placing) -> None:
    """Add the units that compute ``op``."""
    raise GraphError(f"{op.where}: has no hardware; teach fq_hw/schedule/placing")
