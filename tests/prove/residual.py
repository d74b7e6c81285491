"""Networks with shortcuts: the FIFO beside each branch is deep enough, for all time.

With pixels always there and results always taken nothing is left to choose but data, on which no
stream waits, so a network goes through one sequence of states that ends in a loop: the loop is the
proof. Components that neither lose nor make a beat, and whose data do not hang on when they come,
stand still in no other way if they do not in this one; stalls only delay them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from networks import least_plan, random_graph

from fq_hw.passes import lower_graph
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.timing import simulate
from fq_hw.schedule.units import FifoUnit
from prove.aiger import parse
from prove.circuit import CHOICE, CONTROL, Bench, graphs
from prove.reach import whole
from prove.table import BrokenError, Proof
from rtl_gen.top import Accelerator

__all__ = ["CASES", "plan_of", "prove", "shallow"]

CASES = {"tiny": 1_000, "tiny-bottleneck": 1_000}  # a network, and cycles that a frame may take


def plan_of(name: str) -> Plan:
    """The plan of one of ``CASES``."""
    return least_plan(lower_graph(random_graph(name)), CASES[name])


def shallow(plan: Plan) -> Plan:
    """The same with FIFOs of the least depth that there is."""

    def less(node):
        if not isinstance(node.unit, FifoUnit):
            return node
        return replace(node, unit=replace(node.unit, depth=3))

    return replace(plan, nodes=tuple(map(less, plan.nodes)))


def prove(name: str, plan: Plan, folder: Path) -> Iterator[Proof]:
    """It never stands still, and takes as many cycles a frame as the cycle model says."""
    bench, part = Bench(), Accelerator(plan, None)
    m = bench.m
    m.submodules.part = part
    m.d.comb += [
        part.i.valid.eq(1),
        part.i.payload.as_value().eq(bench.free("pixel", len(part.i.payload.as_value()))),
        part.o.ready.eq(1),
    ]
    bench.sees("in", part.i.ready)
    bench.sees("out", part.o.valid)
    graphs({name: bench}, folder, [CONTROL])
    space = whole(parse((folder / f"{name}.{CONTROL}").read_text()), CHOICE)
    back = int(space.after[-1, 0])  # where the loop begins: the last state leads there
    came, went = (int(space.seen[f"sees_{way}"][back:].sum()) for way in ("in", "out"))
    if not went:
        raise BrokenError(f"{name}: stands still after {back} cycles")
    loop = space.states - back
    height, width, _ = plan.image
    each, rest = divmod(loop * height * width, came)
    if rest or each != simulate(plan).interval:
        raise BrokenError(f"{name}: takes {loop * height * width / came} cycles a frame")
    what = f"{name}, {each} cycles a frame, as the cycle model says"
    yield Proof("shortcuts never stop a network", what, "all states", str(space))
