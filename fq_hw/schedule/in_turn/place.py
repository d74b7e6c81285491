"""An array in its place: what brings it its tensor and its parameters, and takes its sums."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np

from fq_hw import ir
from fq_hw.schedule import units
from fq_hw.schedule.conv_parts import converters
from fq_hw.schedule.in_turn.lower import Passes, passes
from fq_hw.schedule.in_turn.stage import InTurn, Supply
from fq_hw.schedule.memories import taken
from fq_hw.schedule.placing import Placing, Stream
from fq_hw.schedule.plan import Source
from fq_hw.schedule.units.sdram_words import places_of

__all__ = ["place_array"]

BEAT_BITS = 16  # of a stream of parameters whose memory nobody chose


def place_array(stage: InTurn, plan: Placing) -> None:
    """Add the array of ``stage``, what brings it its tensor and its parameters, and its sums.

    It takes a frame, works, gives one; FIFOs let the stages beside it work meanwhile.
    """
    graph, x, op = plan.graph, plan.take(stage.after), plan.graph[stage.until]
    made = passes(graph, stage, x.offset, x.bits, whole=x.lanes == x.channels)
    unit = made.unit
    offset = made.laid.offsets.get(op.name, np.zeros(unit.shape_out[2], np.int64))
    x = replace(x, source=plan.cut(op.name, x, unit.i.lanes, ".words"), lanes=unit.i.lanes)
    order = [op.name for op in graph.ops]
    before = graph.ops[: order.index(stage.after) + 1]
    convs = (op for op in graph.ops[order.index(stage.until) + 1 :] if isinstance(op, ir.Conv))
    behind = next(convs, None)
    if any(isinstance(op, ir.Conv) for op in before):
        x = plan.hold(f"{op.name}.frame", x, frame_beats(x, unit, plan.cycles))
    memory, given = place_parameters(made, op.name, plan)
    tensors = {"tensor": op.name, "offset": offset, "inside": made.inside}
    if stage.trunk is Supply.CHIP:
        source = plan.add(op.name, unit, x.source, given, **tensors)
    else:
        unit, name = made.spilled(plan.slots), f"{op.name}.trunk"
        came = plan.chain(name, trunk_ways(unit, ".in"), Source(memory.node, 1))
        source = plan.add(op.name, unit, x.source, came, given, **tensors)
        gone = plan.chain(name, trunk_ways(unit, ".out"), Source(op.name, 1))
        plan.feed(memory.node, gone)
    y = plan.stream(op, source, unit.o.lanes, unit.o.bits, offset)
    if behind and behind.name not in plan.stage_of:
        y = plan.hold(f"{op.name}.sums", y, unit.beats_out)
    if not unit.planar and y.channels % y.lanes:
        lanes = plan.lanes(op)
        y = replace(y, source=plan.cut(op.name, y, lanes, ".pixels"), lanes=lanes)
    plan.publish(op, replace(y, planar=unit.planar))


def frame_beats(x: Stream, unit: units.ArrayUnit, cycles: int) -> int:
    """How many beats of ``x`` may wait before an array, where a frame comes in ``cycles``.

    As they come in groups of pixels, up to two rows more, if they take no block more.
    """
    least, row = unit.waiting(cycles), x.shape[1] * unit.beats_in
    depths = [min(least + rows * row, x.pixels * unit.beats_in) for rows in (2, 1, 0)]
    fifo = functools.partial(units.FifoUnit, lanes=x.lanes, bits=x.bits)
    need = {depth: taken(fifo(depth=max(depth, 3)).parts().memories) for depth in depths}
    return next(depth for depth in depths if need[depth] == need[least])


def place_parameters(made: Passes, name: str, plan: Placing) -> tuple[Source, Source]:
    """Add what gives an array its parameters; a ROM stands for a memory that nobody chose.

    Returns that memory, too.
    """
    stage, slots = made.stage, plan.slots
    if stage.supply is Supply.CHIP:
        given = plan.add(f"{name}.parameters", made.parameters, fill=lambda: made.words)
        return given, given
    width = BEAT_BITS if slots is None else slots.width
    buffer = made.buffer(width)
    beats = buffer.depth * buffer.beats_in
    if slots is None:
        outside: units.Unit = plan.rom_unit(f"{name}.memory", beats, width)
    else:
        agenda = made.agenda(slots) if stage.trunk is Supply.STREAM else None
        outside = units.SdramUnit(depth=beats, slots=slots, places=places_of(slots), agenda=agenda)
    memory = plan.add(f"{name}.memory", outside, fill=lambda: made.beats(width))
    return memory, plan.add(f"{name}.parameters", buffer, memory)


def trunk_ways(unit: units.ArrayUnit, ending: str) -> list[tuple[str, units.ConvertUnit]]:
    """What makes words of an SDRAM beats of a trunk, ``.in``, or words of beats, ``.out``."""
    lanes, goes_in = unit.outside.lanes, ending == ".in"
    steps = (step for step in unit.passes if (step.add if goes_in else step.keep))
    pixels = sum(step.folds * unit.sums_in_trunk(step) for step in steps)
    ways = (1, lanes) if goes_in else (lanes, 1)
    return converters(lanes, pixels, ways, unit.outside.bits, ending)
