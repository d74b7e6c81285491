"""A plan as hardware: one component per node, joined by streams."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from fq_hw.schedule import units
from fq_hw.schedule.plan import Node, Plan, Source
from rtl_gen.array.single_port import LANE
from rtl_gen.component import Target, component, component_of
from rtl_gen.streams import signature, wire

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


def fill_order(nodes: Iterable[Node]) -> dict[str, list[int]]:
    """What ``i_fill`` gives after a reset, by the node that it fills; an array's memory comes last.

    An array begins when its memory is full, so nothing behind it is asked before.
    """
    found = {n: component_of(type(n.unit)).filling(n.unit, n.contents) for n in nodes}
    wanted = [node for node in found if found[node]]
    wanted.sort(key=lambda node: isinstance(node.unit, units.ParameterUnit))
    return {node.name: found[node] for node in wanted}


class Segment(wiring.Component):
    """Nodes joined by streams: the one that reads ``Plan.INPUT`` gets ``i``, the last gives ``o``.

    Members     i: In(stream of the first unit's beats); o: Out(stream of the last unit's beats)
                i_fill: In(stream of 16 bits), where parameters are not preloaded: ``fill_order``
    Errors      none at run time
    """

    def __init__(self, nodes: Sequence[Node], target: Target):
        self.nodes, self.target = tuple(nodes), target
        self.filled = [] if target.preloaded else [*fill_order(nodes)]
        first = next(n for n in nodes if Source(Plan.INPUT) in n.inputs)
        last = nodes[-1].unit
        result = component_of(type(last)).given(last, last.o)
        fill = {"i_fill": In(stream.Signature(LANE))} if self.filled else {}
        super().__init__({"i": In(signature(first.unit.i)), "o": Out(result), **fill})

    def elaborate(self, platform):
        m = Module()
        parts: dict[str, wiring.Component] = {}
        words = identifiers(node.name for node in self.nodes)
        for node in self.nodes:
            part = parts[node.name] = component(node.unit, node.contents, self.target)
            m.submodules[words[node.name]] = part
            for port, source in zip(node.unit.ins, node.inputs, strict=True):
                if source.node == Plan.INPUT:
                    connect(m, flipped(self.i), getattr(part, port))
                else:
                    giver = parts[source.node]
                    given = getattr(giver, [*giver.unit.outs][source.way])
                    wire(m, given, getattr(part, port))
        connect(m, part.o, flipped(self.o))
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

    Members     i: In(stream of colours x u8), raster order; o: Out(stream of {label, scores})
    Order       one result per H*W pixels, frames one after the other without a gap
    Latency     schedule.simulate(plan).latency, from the first pixel to the first result
    Throughput  one frame per schedule.simulate(plan).interval cycles
    Family      the form of its dot products; ``memories``: spram and preloaded, as of ``Target``
    Errors      none at run time; a plan that could deadlock is refused by the schedule
    """

    def __init__(self, plan: Plan, family: str | None = "plain", **memories: bool):
        self.plan = plan
        super().__init__(plan.nodes, Target(family=family, **memories))
