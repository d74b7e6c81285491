"""Pools, apart and overlapping, and the sum over all pixels."""

from __future__ import annotations

import math
from dataclasses import replace

from fq_hw import ir
from fq_hw.schedule import units
from fq_hw.schedule.conv_parts import converters
from fq_hw.schedule.placing.base import Placing, place
from fq_hw.schedule.placing.stream import Stream
from fq_hw.schedule.pool_parts import pool_parts
from fq_hw.schedule.words import start_values


@place.register(ir.MaxPool)
@place.register(ir.SumPool)
def _(op: ir.Pool, plan: Placing) -> None:
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


def overlapping(op: ir.MaxPool, x: Stream, plan: Placing) -> None:
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
def _(op: ir.PixelSum, plan: Placing) -> None:
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
