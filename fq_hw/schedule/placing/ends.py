"""Where a frame comes from, and what is made of its scores."""

from __future__ import annotations

from fq_hw import ir
from fq_hw.schedule import units
from fq_hw.schedule.placing.base import Placing, place
from fq_hw.schedule.plan import Plan, Source
from fq_hw.schedule.words import result_unit, score_unit, score_words


@place.register
def _(op: ir.Input, plan: Placing) -> None:
    plan.publish(op, plan.stream(op, Source(Plan.INPUT), op.shape[2], 8))


@place.register
def _(op: ir.ClassScale, plan: Placing) -> None:
    x = plan.take(op.inputs[0])
    one_by_one = plan.cut(op.name, x, 1, ".serial", signed=x.signed)
    sums, made = (plan.graph.types[name] for name in (op.inputs[0], op.name))
    unit = score_unit(op, sums, made, x.bits, raw=not x.signed, cycles=plan.cycles)
    bias = 0 * op.multiplier if op.bias is None else op.bias
    constants = plan.rom(
        f"{op.name}.constants",
        unit.classes,
        unit.i_constant.width,
        lambda: score_words(unit, op.multiplier, x.offset, bias),
    )
    source = plan.add(op.name, unit, one_by_one, constants, tensor=op.name)
    plan.publish(op, plan.stream(op, source, 1, unit.score_bits, signed=True))


@place.register
def _(op: ir.ArgMax, plan: Placing) -> None:
    x = plan.take(op.inputs[0])
    scores = plan.nodes[-1].unit
    assert isinstance(scores, units.ScoreUnit)  # Lowering has seen to it
    plan.add(op.name, result_unit(scores, plan.cycles), x.source, tensor=op.name)
