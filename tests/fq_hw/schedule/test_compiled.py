"""Compiled processes against the same in plain Python: each frame of each stream, to the cycle."""

from dataclasses import dataclass, replace

import pytest
from drawn import folds_of, graphs
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from networks import array_plan, least_plan, random_graph

from fq_hw.passes import lower_graph
from fq_hw.schedule import compiled, plain, timing
from fq_hw.schedule.events import feed, queue, registers
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.lower import lower
from fq_hw.schedule.plan import Node, Plan
from fq_hw.schedule.steps import Align, Channel, Give, Repeat, Steps, Take, Wait
from fq_hw.schedule.timeline import unit_spans
from fq_hw.schedule.units import FifoUnit
from sim.stalls import PAUSES

FRAMES = 6


def both(plan: Plan, monkeypatch, frames=FRAMES):
    """What the two say of ``plan``."""
    found = timing.simulate(plan, frames), unit_spans(plan, frames)
    with monkeypatch.context() as patch:
        patch.setattr(timing, "run_of", lambda p, watched, frames: plain.Run(p, watched))
        return found, (timing.simulate(plan, frames), unit_spans(plan, frames))


@pytest.mark.parametrize("examples", [6, pytest.param(60, marks=pytest.mark.slow)])
def test_drawn_plans(examples, monkeypatch):
    @settings(max_examples=examples, deadline=None, derandomize=True, database=None,
              phases=[Phase.generate], suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(graph=graphs(largest=6), slack=st.sampled_from([None, 0]), data=st.data())
    def check(graph, slack, data):
        graph = lower_graph(graph)
        plan = lower(graph, data.draw(folds_of(graph)), skip_slack=slack)
        fast, slow = both(plan, monkeypatch)
        assert fast == slow

    check()


def test_an_array(monkeypatch):
    fast, slow = both(
        array_plan(lower_graph(random_graph("tiny", 1)), Array(columns=2, pe=2, simd=4)),
        monkeypatch,
    )
    assert fast == slow


def test_frames_that_repeat_are_not_run_again(monkeypatch):
    plan, ran = least_plan(lower_graph(random_graph("tiny", 1)), 500), []
    settle = compiled.Run.settle
    monkeypatch.setattr(compiled.Run, "settle", lambda self: ran.append(settle(self)))
    found = timing.simulate(plan, 1_000)
    assert len(ran) < 10
    assert found.results[:FRAMES] == timing.simulate(plan, FRAMES).results
    assert {b - a for a, b in zip(found.results[20:], found.results[21:], strict=False)} == {
        plan.interval_bound
    }


@pytest.mark.parametrize("into", PAUSES)
@pytest.mark.parametrize("out", PAUSES)
def test_stalls(into, out):
    """Through a queue and a row of registers, with pauses at both ends."""
    ends = [Channel() for _ in range(3)]
    source = Repeat(300, (Align(PAUSES[into]), Give(ends[0])))
    sink = Wait(ends[2].offers), Align(PAUSES[out]), Take(ends[2])
    processes = [
        Steps(first=[source]), queue(ends[0], ends[1]), registers(ends[1], ends[2], 3), Steps(*sink)
    ]  # fmt: skip
    runs = (
        compiled.Run(processes, dict.fromkeys(ends, 1), 300),
        plain.Run(processes, dict.fromkeys(ends, 1)),
    )
    for run in runs:
        run.settle()
    for end in ends:
        assert len(runs[0].moves(end)) == 300
        assert runs[0].moves(end) == runs[1].moves(end)


def test_events_that_nobody_waits_for_are_dropped():
    ends = [Channel() for _ in range(2)]
    sink = Steps(first=[Take(ends[1], 20_000)])
    run = compiled.Run([feed(ends[0]), registers(*ends), sink], {ends[1]: 10_000}, 2)
    run.settle()
    assert run.moves(ends[1]) == [1, 10_000, 10_001, 20_000]
    assert len(run.ring) < 1_000


@dataclass(frozen=True, kw_only=True)
class OddFifo(FifoUnit):
    """A FIFO that tells its time as a generator."""

    def processes(self, i, o):
        def process():
            free, index = 0, 0
            while True:
                if index >= self.depth:
                    free = max(free, 1 + (yield from o[0].taken(index - self.depth)))
                free = 1 + (yield from i[0].take(free))
                o[0].offers.put(free + 2)
                index += 1

        return [process()]


def test_a_generator_does_too():
    plan = least_plan(lower_graph(random_graph("tiny", 1)), 500)

    def odd(node: Node) -> Node:
        if not isinstance(node.unit, FifoUnit):
            return node
        return replace(
            node, unit=OddFifo(**{f: getattr(node.unit, f) for f in ("lanes", "bits", "depth")})
        )

    other = replace(plan, nodes=tuple(map(odd, plan.nodes)))
    assert other.nodes != plan.nodes
    assert timing.simulate(other, FRAMES) == timing.simulate(plan, FRAMES)
