"""A design as a record for reports: its tensors, layers and units, and the device beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from fq_hw import ir
from fq_hw.family import family_named
from fq_hw.flow.digests import design_digest, graph_digest
from fq_hw.flow.fold import layer_rows
from fq_hw.flow.hardware import SHIPPED
from fq_hw.report.records import Accuracy, DesignRecord, DeviceRow, LayerRow, OpRow, UnitRow
from fq_hw.schedule.folding import macs
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.resources import PRICED, Resources, memory_blocks
from fq_hw.schedule.timeline import unit_spans
from fq_hw.schedule.units import ArrayUnit

if TYPE_CHECKING:
    from boards.board import Board
    from boards.rates import LinkRate
    from fq_hw.flow.design import Design

__all__ = ["FRAMES", "describe", "device_row", "layers_of_ops"]

FRAMES = 3  # whose way through the units is told


def describe(
    design: Design,
    board: Board,
    build: Sequence[str] = (),
    built: Plan | None = None,
    link: LinkRate | None = None,
) -> DesignRecord:
    """What is known of ``design`` before anything is built for ``board``.

    ``build``: options of the command that does it, beside those of the design; ``built``: what of
    it the board gets, where that is not the design's plan; ``link``: what its link carries, where
    that is not the UART.
    """
    model, plan, total = design.model, design.plan, design.resources
    graph, home = model.graph, layers_of_ops(design)
    units = unit_rows(design, home, board, built or plan)
    blocks = sum((Resources(ebr=unit.ebr, spram=unit.spram) for unit in units), Resources())
    return DesignRecord(
        network=plan.name,
        model="" if model.path in (None, SHIPPED) else str(model.path),
        options=tuple(design.hardware.options),
        build=tuple(build) or ("--board", board.name),
        tag=design.hardware.tag(model.name),
        graph=graph_digest(graph),
        design=design_digest(graph, design.folding),
        untrained=model.weights,
        image=tuple(graph.input.shape),
        classes=class_names(design),
        weights=model.weight_count,
        macs=sum(macs(graph, op) for op in graph.ops),
        accuracy=measured(design),
        interval=design.interval,
        latency=design.latency,
        busiest=plan.busiest.name,
        slower=design.slower,
        priced=PRICED,
        lut=total.lut,
        ff=total.ff,
        ebr=blocks.ebr,
        spram=blocks.spram,
        device=device_row(board, plan, link),
        ops=tuple(op_row(graph, op, home) for op in graph.ops),
        layers=tuple(rows_of_layers(design, home, units)),
        units=tuple(units),
        multipliers=total.multipliers,
    )


def device_row(board: Board, plan: Plan, link: LinkRate | None = None) -> DeviceRow:
    """The device of ``board``, and what its link carries of ``plan``."""
    from boards.rates import link_rate

    have, link = board.capacity, link or link_rate(plan, board.clock_mhz)
    return DeviceRow(
        board=board.name,
        family=board.family,
        title=family_named(board.family, "report").title,
        clock_mhz=board.clock_mhz,
        lut=have.lut,
        ff=have.ff,
        ebr=have.ebr,
        spram=have.spram,
        source=board.source,
        link=link.name,
        link_bytes=link.bytes_per_frame,
        link_frames_per_second=link.frames_per_second,
        grid=have.grid,
        multipliers=have.multipliers,
    )


def class_names(design: Design) -> tuple[str, ...]:
    """The classes by label: their names where the model's file says them."""
    source = design.model.source
    return source.classes if source else tuple(map(str, range(design.model.graph.classes)))


def measured(design: Design) -> Accuracy | None:
    """The float accuracy that the model's file says."""
    found = design.model.accuracy
    return found and Accuracy(data=found.data, images=found.images, right=found.right)


def op_row(graph: ir.Graph, op: ir.Op, home: dict[str, str]) -> OpRow:
    """An op and its tensor."""
    kind = graph.types[op.name]
    return OpRow(
        name=op.name,
        kind=type(op).__name__,
        inputs=op.inputs,
        shape=tuple(kind.shape),
        type=f"{'i' if kind.signed else 'u'}{kind.bits}",
        layer=home[op.name],
        weights=op.weight.size if isinstance(op, ir.Conv) else 0,
        macs=macs(graph, op),
    )


def layers_of_ops(design: Design) -> dict[str, str]:
    """Where each op is computed: a convolution and what follows it up to the next, or an array.

    What comes before the first convolution is a layer of its own name; pixels are of none, in
    whatever shape.
    """
    graph, stage_of = design.model.graph, design.lowering.stage_of
    home = {graph.input.name: ""}
    for op in graph.ops:
        if op.name in stage_of:
            home[op.name] = stage_of[op.name].until
        elif isinstance(op, ir.Conv):
            home[op.name] = op.name
        elif op.name not in home:
            before = home[op.inputs[0]]
            home[op.name] = before if before or isinstance(op, ir.Flatten) else op.name
    return home


def layer_of_unit(name: str, home: dict[str, str]) -> str:
    """The layer of the op that a unit is called after: ``a.conv.window`` belongs to ``a.conv``.

    What hands out the pixels belongs to the first layer.
    """
    while name and name not in home:
        name = name.rpartition(".")[0]
    return home.get(name) or next(filter(None, home.values()))


def unit_rows(design: Design, home: dict[str, str], board: Board, built: Plan) -> list[UnitRow]:
    """A row a unit; blocks are those of what is built for ``board``, as its family counts them."""
    from rtl_gen.top import identifiers

    plan, spans = design.plan, unit_spans(design.plan, FRAMES)
    words = identifiers(node.name for node in plan.nodes)
    rows = []
    for row in design.units:
        name, cycles = row["unit"], row["cycles"]
        blocks = memory_blocks(built[name].unit.parts().memories, board.family)
        rows.append(
            UnitRow(
                name=name,
                kind=row["kind"],
                layer=layer_of_unit(name, home),
                word=words[name],
                cycles=cycles,
                busy_percent=100 * cycles / design.interval,
                macs_per_cycle=row["MAC/cycle"],
                lut=row["lut"],
                ff=row["ff"],
                ebr=blocks.ebr,
                spram=blocks.spram,
                multipliers=row["multipliers"],
                spans=spans.get(name, ()),
            )
        )
    return rows


def rows_of_layers(design: Design, home: dict[str, str], units: list[UnitRow]) -> list[LayerRow]:
    """A row a layer, in the order of the data; with all its units."""
    graph = design.model.graph
    folded = {row["layer"]: row for row in layer_rows(design.lowering, design.interval)}
    arrays = {node.name for node in design.plan.nodes if isinstance(node.unit, ArrayUnit)}
    rows = []
    for name in dict.fromkeys(unit.layer for unit in units):
        ops = [op for op in graph.ops if home[op.name] == name]
        own = {op.name for op in ops}
        come = {source for op in ops for source in op.inputs if source not in own}
        kinds = [field.name for field in fields(Resources)]
        needs = [Resources(**{kind: getattr(unit, kind) for kind in kinds})
                 for unit in units if unit.layer == name]  # fmt: skip
        fold = folded.get(name, {})
        rows.append(
            LayerRow(
                name=name,
                kind="array" if name in arrays else "conv" if fold else "other",
                pe=fold.get("PE"),
                simd=fold.get("SIMD"),
                columns=fold.get("columns"),
                weights=fold.get("weights"),
                cycles=fold.get("cycles"),
                busy_percent=fold.get("busy %"),
                macs_per_cycle=fold.get("MAC/cycle"),
                macs=sum(macs(graph, op) for op in ops),
                bytes_in=sum(tensor_bytes(graph, source) for source in sorted(come)),
                **vars(sum(needs, Resources())),
            )
        )
    return rows


def tensor_bytes(graph: ir.Graph, name: str) -> int:
    """Bytes of a tensor, its bits side by side."""
    kind = graph.types[name]
    return math.ceil(math.prod(kind.shape) * kind.bits / 8)
