"""A plan as hardware: one component per node, joined by streams."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from fq_hw.errors import GraphError, require
from fq_hw.schedule import units
from fq_hw.schedule.plan import Node, Plan, Source
from rtl_gen.array.single_port import LANE
from rtl_gen.component import Target, component, component_of
from rtl_gen.streams import passed_on, signature, wire

__all__ = ["Accelerator", "Segment", "fill_order", "identifiers"]


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """A Verilog identifier for each of ``names``: ``a.b`` and ``a_b`` get two that differ."""
    found: dict[str, str] = {}
    taken: dict[str, int] = {}
    for name in names:
        plain = word = re.sub(r"\W", "_", name, flags=re.ASCII)
        while word in taken:
            taken[plain] += 1
            word = f"{plain}_{taken[plain]}"
        found[name], taken[word] = word, 1
    return found


def fill_order(nodes: Iterable[Node], preloaded: bool = False) -> dict[str, list[int]]:
    """What ``i_fill`` gives after a reset, by the node that it fills; an array's memory comes last.

    An array begins when its memory is full, so nothing behind it is asked before. Where the target
    is ``preloaded`` only what lies outside the chip is filled.
    """
    kinds = {node: component_of(type(node.unit)) for node in nodes}
    found = {
        node: kind.filling(node.unit, node.contents)
        for node, kind in kinds.items()
        if kind.FILLED or not preloaded
    }
    wanted = [node for node in found if found[node]]
    wanted.sort(key=lambda node: isinstance(node.unit, (units.ParameterUnit, units.SdramUnit)))
    return {node.name: found[node] for node in wanted}


class Segment(wiring.Component):
    """Nodes joined by streams: the one that reads ``Plan.INPUT`` gets ``i``, the last gives ``o``.

    Members     i: In(stream of the first unit's beats); o: Out(stream of the last unit's beats)
                i_fill: In(stream of 16 bits), where something is not preloaded: ``fill_order``
                those that a unit has ``off_chip``: pins of an SDRAM, ``ready`` and ``bad``
    Errors      none at run time
    """

    def __init__(self, nodes: Sequence[Node], target: Target):
        self.nodes, self.target = tuple(nodes), target
        self.filled = [*fill_order(nodes, bool(target.preloaded))]
        self.off_chip = {
            node.name: component_of(type(node.unit)).off_chip(node.unit) for node in nodes
        }
        names = [name for members in self.off_chip.values() for name in members]
        contract = "has room for one memory outside the chip"
        require(len(names) == len(set(names)), "a design", contract, kind=GraphError)
        first = next(n for n in nodes if Source(Plan.INPUT) in n.inputs)
        last = nodes[-1].unit
        result = component_of(type(last)).given(last, last.o)
        fill = {"i_fill": In(stream.Signature(LANE))} if self.filled else {}
        more = {name: face for members in self.off_chip.values() for name, face in members.items()}
        super().__init__({"i": In(signature(first.unit.i)), "o": Out(result), **fill, **more})

    def elaborate(self, platform):
        m = Module()
        parts: dict[str, wiring.Component] = {}
        words = identifiers(node.name for node in self.nodes)
        for node in self.nodes:
            part = parts[node.name] = component(node.unit, node.contents, self.target)
            m.submodules[words[node.name]] = part
        for node in self.nodes:
            part = parts[node.name]
            for port, source in zip(node.unit.ins, node.inputs, strict=True):
                if source.node == Plan.INPUT:
                    connect(m, flipped(self.i), getattr(part, port))
                else:
                    giver = parts[source.node]
                    given = getattr(giver, [*giver.unit.outs][source.way])
                    wire(m, given, getattr(part, port))
        connect(m, part.o, flipped(self.o))
        for node, members in self.off_chip.items():
            m.d.comb += passed_on(parts[node], self, members)
        taken = 0  # by a memory before, which is not full
        for name in self.filled:
            fill = parts[name].i_fill
            m.d.comb += [
                fill.payload.eq(self.i_fill.payload),
                fill.valid.eq(self.i_fill.valid & ~taken),
            ]
            taken |= fill.ready
        if self.filled:
            m.d.comb += self.i_fill.ready.eq(taken)
        return m


class Accelerator(Segment):
    """The whole network: pixels in, results out.

    Members     i: In(stream of colours x u8), raster order; o: Out(stream of result_layout)
    Order       a result of several beats per H*W pixels, frames one after the other without a gap
    Latency     schedule.simulate(plan).latency, from the first pixel to the first result
    Throughput  one frame per schedule.simulate(plan).interval cycles
    Family      the form of its dot products; ``memories``: spram and preloaded, as of ``Target``
    Errors      none at run time; a plan that could deadlock is refused by the schedule
    """

    def __init__(self, plan: Plan, family: str | None = "plain", **memories: bool):
        self.plan = plan
        super().__init__(plan.nodes, Target(family=family, **memories))
