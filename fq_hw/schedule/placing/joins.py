"""Where two branches meet."""

from __future__ import annotations

import math

import numpy as np

from fq_hw import ir
from fq_hw.ir import Graph
from fq_hw.schedule import units
from fq_hw.schedule.folding import stream_lanes
from fq_hw.schedule.placing.base import Placing, place
from fq_hw.schedule.placing.stream import Stream
from fq_hw.schedule.plan import Source
from fq_hw.schedule.skip import SKIPS, beats_waiting, waiting


@place.register
def _(op: ir.Concat, plan: Placing) -> None:
    a, b = both = meeting(op, plan)
    common = math.gcd(a.channels, b.channels)
    lanes = stream_lanes(common, a.pixels * (a.channels + b.channels) // common, plan.cycles)
    sources = widened(op.name, both, lanes, plan)
    unit = units.ConcatUnit(
        pixels=a.pixels,
        lanes=lanes,
        bits=(a.bits, b.bits),
        slices=(a.channels // lanes, b.channels // lanes),
        swapped=op.swapped,
    )
    offset = np.concatenate([both[which].offset for which in unit.order])
    source = plan.add(op.name, unit, *sources, tensor=op.name, offset=offset)
    plan.publish(op, plan.stream(op, source, lanes, unit.o.bits, offset))


@place.register
def _(op: ir.Add, plan: Placing) -> None:
    a, b = both = meeting(op, plan)
    offset = a.offset * op.factors[0] + b.offset * op.factors[1]
    bits = raw_bits(plan.graph, op.name, offset)
    lanes = a.lanes if a.lanes == b.lanes else plan.lanes(op)
    sources = widened(op.name, both, lanes, plan)
    unit = units.AddUnit(lanes=lanes, bits=(a.bits, b.bits), out_bits=bits, times=op.factors)
    source = plan.add(op.name, unit, *sources, tensor=op.name, offset=offset)
    plan.publish(op, plan.stream(op, source, lanes, bits, offset))


def meeting(op: ir.Join, plan: Placing) -> tuple[Stream, Stream]:
    """The streams that ``op`` joins, behind the FIFOs in which one may wait for the other."""
    fork, columns = plan.forks[op.name], {n: (f.group,) for n, f in plan.folds.items()}
    met, wait = [], []
    for side, pixels in enumerate(waiting(fork, columns)):
        skip, x = op.name + SKIPS[side], plan.take(op.inputs[side])
        waits = plan.skips.get(skip, x)
        beats = waits.channels // waits.lanes
        depth = beats_waiting(pixels, beats)
        if depth is not None:
            depth += plan.slack(fork, 1 - side) * beats
        if skip in plan.skips:
            plan.deepen(skip, depth)
        elif depth is not None:
            x = plan.hold(skip, x, depth)
        met.append(x)
        wait.append(waits)
    plan.joined[op.name] = wait[0], wait[1]
    return met[0], met[1]


def widened(name: str, both: tuple[Stream, Stream], lanes: int, plan: Placing) -> list[Source]:
    """Two streams of any lanes as streams of ``lanes``."""
    ways = zip(both, (".first", ".second"), strict=True)
    return [plan.cut(name, x, lanes, ending) for x, ending in ways]


def raw_bits(graph: Graph, name: str, offset: np.ndarray) -> int:
    """Width of tensor ``name`` as it is streamed: value - offset, never negative."""
    high = int((graph.types[name].high - offset).max())
    return max(high.bit_length(), 1)
