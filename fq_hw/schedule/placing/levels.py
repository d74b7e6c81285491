"""From sums to levels: by thresholds, products, shifts and tables."""

from __future__ import annotations

import numpy as np

from fq_hw import ir
from fq_hw.schedule import units
from fq_hw.schedule.lines import FEWEST_BITS, Line, line_of
from fq_hw.schedule.placing.base import Placing, place
from fq_hw.schedule.placing.stream import Stream
from fq_hw.schedule.words import bits_of, level_fields, line_fields, line_unit

MOST_TABLE_BITS = 12  # of what is looked up: 4,096 levels of 8 bits are two block RAMs


@place.register
def _(op: ir.Requantize, plan: Placing) -> None:
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
def _(op: ir.Lookup, plan: Placing) -> None:
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


@place.register
def _(op: ir.Threshold, plan: Placing) -> None:
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


def counted(op: ir.Threshold, line: Line, x: Stream, plan: Placing) -> None:
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


def alike(op: ir.Threshold, x: Stream) -> bool:
    """Whether all channels of ``x`` are counted alike."""
    rows = (op.levels == op.levels[0]).all() and (op.sign == op.sign[0]).all()
    return bool(rows and (x.offset == x.offset[0]).all())


def tabulated(op: ir.Threshold, x: Stream, plan: Placing) -> None:
    """Add the unit that looks levels up: few numbers can come, and all channels are alike."""
    raw = np.arange(2**x.bits, dtype=np.int64) + int(x.offset[0])
    table = np.searchsorted(op.levels[0], int(op.sign[0]) * raw, side="right")
    unit = units.LookupUnit(**x.read, out_bits=op.out_bits)
    source = plan.add(op.name, unit, x.source, fill=lambda: table, tensor=op.name)
    plan.publish(op, plan.stream(op, source, x.lanes, op.out_bits))
