"""A plan: units and the streams between them, with the contents of their ROMs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.schedule.units import ResultUnit, SdramUnit, Unit
from fq_hw.schedule.units.engine import EngineUnit

__all__ = ["Inside", "Node", "Plan", "Source"]


@dataclass(frozen=True)
class Source:
    """Where a unit's input comes from: a node's output; ``way`` counts a fork's outputs."""

    node: str
    way: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Inside:
    """The tensors of an array's pass: of sums, which lack ``offset`` per channel, and of levels."""

    sums: str
    levels: str | None
    offset: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Node:
    """A unit in its place. ``inputs`` are in the order of the component's ports.

    ``fill`` gives what a ROM, table or start value is filled with: a search makes hundreds of plans
    and never asks. ``tensor`` names the graph's tensor that the output stream carries, in windows
    where its payload is late; ``offset`` is what must be added to it, per channel, to get that
    tensor's values. ``inside`` tells the same of each pass of an array.
    """

    name: str
    unit: Unit
    inputs: tuple[Source, ...]
    fill: Callable[[], np.ndarray] | None = None
    tensor: str | None = None
    offset: np.ndarray | None = None
    inside: tuple[Inside, ...] = ()

    @cached_property
    def contents(self) -> np.ndarray | None:
        """What it is filled with."""
        return None if self.fill is None else self.fill()


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """Nodes in topological order; ``pixels`` is the input stream, the last node gives results.

    What comes into an SDRAM comes from behind it.
    """

    name: str
    image: tuple[int, int, int]
    nodes: tuple[Node, ...]

    INPUT = "pixels"

    def __post_init__(self) -> None:
        known, used = {self.INPUT: 1}, set()
        ways = {node.name: len(node.unit.outs) for node in self.nodes}
        check = functools.partial(require, kind=GraphError)
        for node in self.nodes:
            where = f"plan node {node.name!r}"
            # A trunk comes back to the memory that it came from.
            before = ways if isinstance(node.unit, SdramUnit) else known
            for source in node.inputs:
                exists = source.node in before and source.way < before[source.node]
                check(exists, where, "inputs must come before it", source)
                check(source not in used, where, "inputs must have one reader", source)
                used.add(source)
            own = node.name not in known
            check(own, where, "needs a name of its own", hint="rename the layer")
            known[node.name] = ways[node.name]
        last = self.nodes[-1]
        ends = isinstance(last.unit, ResultUnit)
        check(ends, f"plan {self.name!r}", "must end in results", last.name)

    @cached_property
    def readers(self) -> dict[Source, str]:
        """Which node reads each output."""
        return {source: node.name for node in self.nodes for source in node.inputs}

    def __getitem__(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)

    @property
    def result(self) -> ResultUnit:
        """What gives the results."""
        return self.nodes[-1].unit

    @property
    def sdram(self) -> SdramUnit | None:
        """What it reads from an SDRAM, if anything."""
        found = (node.unit for node in self.nodes if isinstance(node.unit, SdramUnit))
        return next(found, None)

    @property
    def busiest(self) -> Node:
        """The node with most to do in a frame; a convolution before what is as busy."""
        return max(self.nodes, key=lambda n: (n.unit.beats, isinstance(n.unit, EngineUnit)))

    @property
    def interval_bound(self) -> int:
        """Cycles per frame of the busiest unit: no schedule is faster."""
        return self.busiest.unit.beats

    @property
    def sources(self) -> tuple[Node, ...]:
        """What gives weights, levels and other parameters."""
        return tuple(n for n in self.nodes if not n.unit.ins)
