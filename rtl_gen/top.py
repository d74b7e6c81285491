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
from rtl_gen.streams import signature, wire

__all__ = ["Accelerator", "Segment", "identifiers"]


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


class Segment(wiring.Component):
    """Nodes joined by streams: the one that reads ``Plan.INPUT`` gets ``i``, the last gives ``o``.

    Members     i: In(stream of the first unit's beats); o: Out(stream of the last unit's beats)
                i_fill: In(stream of 16 bits), where parameters are not preloaded, as ``Parameters``
                has it
    Errors      none at run time
    """

    def __init__(self, nodes: Sequence[Node], target: Target):
        self.nodes, self.target = tuple(nodes), target
        self.filled = None if target.preloaded else self.one_to_fill()
        first = next(n for n in nodes if Source(Plan.INPUT) in n.inputs)
        last = nodes[-1].unit
        result = component_of(type(last)).given(last, last.o)
        fill = {"i_fill": In(stream.Signature(LANE))} if self.filled else {}
        super().__init__({"i": In(signature(first.unit.i)), "o": Out(result), **fill})

    def one_to_fill(self) -> str | None:
        """The node whose memory is filled after a reset; there can be one, as there is one port."""
        names = [node.name for node in self.nodes if isinstance(node.unit, units.ParameterUnit)]
        contract = "can fill one memory of parameters after a reset"
        require(len(names) <= 1, "accelerator", contract, names, kind=GraphError)
        return names[0] if names else None

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
            if node.name == self.filled:
                connect(m, flipped(self.i_fill), part.i_fill)
        connect(m, part.o, flipped(self.o))
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
