"""Moves: what becomes of pixels and channels that are put elsewhere."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from fq_hw import ir
from fq_hw.errors import GraphError, require
from fq_hw.ir import Axis, Places
from fq_hw.schedule import units
from fq_hw.schedule.folding import stream_lanes
from fq_hw.schedule.placing.base import Placing, place
from fq_hw.schedule.plan import Source


@place.register
def _(op: ir.Flatten, plan: Placing) -> None:
    x = plan.take(op.inputs[0])
    shape, offset = plan.graph.types[op.name].shape, np.tile(x.offset, x.pixels)
    plan.publish(op, replace(x, shape=shape, offset=offset))


@place.register
def _(op: ir.Grid, plan: Placing) -> None:
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


@place.register
def _(op: ir.Select, plan: Placing) -> None:
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
def _(op: ir.SpaceToDepth, plan: Placing) -> None:
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
def _(op: ir.DepthToSpace, plan: Placing) -> None:
    x = plan.levels(op)
    (height, width, _), lanes = x.shape, plan.lanes(op)
    channels = plan.graph.types[op.name].shape[2]
    source = plan.cut(f"{op.name}.cut", x, lanes, "")
    unit = spread_unit(height, width, channels // lanes, op.block, deep=True, lanes=lanes,
                       bits=x.bits)  # fmt: skip
    source = named(op, [("", unit)], source, x.offset[:channels], plan)
    plan.publish(op, plan.stream(op, source, lanes, x.bits))


def named(
    op: ir.Op,
    ways: list[tuple[str, units.Unit]],
    source: Source,
    offset: np.ndarray,
    plan: Placing,
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
