"""A plan as hardware: one component per node, joined by streams."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from fq_hw.errors import GraphError, require
from fq_hw.schedule import units
from fq_hw.schedule.plan import Node, Plan, Source
from rtl_gen.column_reorder import ColumnReorder
from rtl_gen.concat import Concat
from rtl_gen.conv_engine import ConvEngine
from rtl_gen.pixel_embedding import PixelEmbedding
from rtl_gen.pixel_sum import PixelSum
from rtl_gen.plane_sum import PlaneSum
from rtl_gen.pool import Pool
from rtl_gen.requantize import Requantize
from rtl_gen.residual_add import ResidualAdd
from rtl_gen.rom_stream import RomStream
from rtl_gen.scores import Scores, result_layout
from rtl_gen.skip_fifo import SkipFifo
from rtl_gen.sliding_window import SlidingWindow
from rtl_gen.stream_fork import StreamFork
from rtl_gen.streams import signature
from rtl_gen.threshold import Threshold
from rtl_gen.width_converter import WidthConverter

__all__ = ["Accelerator", "Segment", "component", "identifiers"]


PLAIN = {
    units.ConvertUnit: WidthConverter,
    units.WindowUnit: SlidingWindow,
    units.ReorderUnit: ColumnReorder,
    units.ThresholdUnit: Threshold,
    units.ForkUnit: StreamFork,
    units.FifoUnit: SkipFifo,
    units.AddUnit: ResidualAdd,
    units.ConcatUnit: Concat,
    units.PlaneUnit: PlaneSum,
    units.RequantizeUnit: Requantize,
}
FILLED = {  # these take contents too
    units.EmbedUnit: PixelEmbedding,
    units.RomUnit: RomStream,
    units.PixelSumUnit: PixelSum,
    units.PoolUnit: Pool,
    units.ScoreUnit: Scores,
}


def component(
    unit: units.Unit, contents: np.ndarray | None = None, family: str | None = None
) -> wiring.Component:
    """The component of ``unit``; ``contents`` fills its ROM, table or start values.

    ``family`` is the form of its dot products, as ``ConvEngine`` wants it.
    """
    kind = type(unit)
    if kind is units.ConvUnit:
        return ConvEngine(unit, family)
    if kind in FILLED:
        return FILLED[kind](unit, contents)
    require(
        kind in PLAIN, kind.__name__, "needs a component in rtl_gen/top.py", None, kind=GraphError
    )
    return PLAIN[kind](unit)


def identifier(name: str) -> str:
    """A node's name as a Verilog identifier."""
    return re.sub(r"\W", "_", name, flags=re.ASCII)


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """An identifier for each of ``names``: ``a.b`` and ``a_b`` get two that differ."""
    found: dict[str, str] = {}
    taken: dict[str, int] = {}
    for name in names:
        plain = word = identifier(name)
        while word in taken:
            taken[plain] += 1
            word = f"{plain}_{taken[plain]}"
        found[name], taken[word] = word, 1
    return found


def input_ports(part: wiring.Component) -> list[wiring.PureInterface]:
    """Input streams in the order of a node's inputs."""
    return [
        getattr(part, name)
        for name, member in part.signature.members.items()
        if member.is_signature and member.flow is In
    ]


def output_port(part: wiring.Component, way: int) -> wiring.PureInterface:
    """An output stream; ``way`` tells a fork's outputs apart."""
    return getattr(part, f"o_{way}") if hasattr(part, f"o_{way}") else part.o


class Segment(wiring.Component):
    """Nodes joined by streams: the one that reads ``Plan.INPUT`` gets ``i``, the last gives ``o``.

    Members     i: In(stream of the first unit's beats); o: Out(stream of the last unit's beats)
    Family      the form of its dot products; their modules are linked in when it is emitted. None
                has plain ones in place, for simulators that know no module by name
    Errors      none at run time
    """

    def __init__(self, nodes: Sequence[Node], family: str | None = "plain"):
        self.nodes, self.family = tuple(nodes), family
        first = next(n for n in nodes if Source(Plan.INPUT) in n.inputs)
        last = nodes[-1].unit
        scores = isinstance(last, units.ScoreUnit)
        result = stream.Signature(result_layout(last)) if scores else signature(last.o)
        super().__init__({"i": In(signature(first.unit.i)), "o": Out(result)})

    def elaborate(self, platform):
        m = Module()
        parts: dict[str, wiring.Component] = {}
        words = identifiers(node.name for node in self.nodes)
        for node in self.nodes:
            part = parts[node.name] = component(node.unit, node.contents, self.family)
            m.submodules[words[node.name]] = part
            for port, source in zip(input_ports(part), node.inputs, strict=True):
                if source.node == Plan.INPUT:
                    connect(m, flipped(self.i), port)
                else:
                    self.join(m, output_port(parts[source.node], source.way), port)
        connect(m, part.o, flipped(self.o))
        return m

    def join(self, m: Module, produced: wiring.PureInterface, port: wiring.PureInterface) -> None:
        """Wire one stream; layouts differ only in how they name the same bits."""
        m.d.comb += [
            port.valid.eq(produced.valid),
            port.payload.eq(produced.payload),
            produced.ready.eq(port.ready),
        ]


class Accelerator(Segment):
    """The whole network: pixels in, results out.

    Members     i: In(stream of colours x u8), raster order; o: Out(stream of {label, scores})
    Order       one result per H*W pixels, frames one after the other without a gap
    Latency     schedule.simulate(plan).latency, from the first pixel to the first result
    Throughput  one frame per schedule.simulate(plan).interval cycles
    Family      the form of its dot products, as in Segment
    Errors      none at run time; a plan that could deadlock is refused by the schedule
    """

    def __init__(self, plan: Plan, family: str | None = "plain"):
        self.plan = plan
        super().__init__(plan.nodes, family)
