"""Spans of units: they begin with the pixels, end with the results, and follow the data."""

from dataclasses import replace

import pytest
from networks import array_plan, least_plan, random_graph, whole_stage

from fq_hw.errors import ParameterError
from fq_hw.passes import lower_graph
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.in_turn.stage import Supply
from fq_hw.schedule.lower import lower
from fq_hw.schedule.sdram import SDR_16M16, Slots
from fq_hw.schedule.timeline import unit_spans
from fq_hw.schedule.timing import simulate

FRAMES = 4


def graph(name):
    return lower_graph(random_graph(name, 1))


def from_sdram():
    """An array whose parameters run ahead, as far as a FIFO has room."""
    stage = replace(whole_stage(graph("tiny"), ARRAY), supply=Supply.STREAM)
    slots = Slots(chip=SDR_16M16, clock_mhz=100, burst=64)
    return lower(graph("tiny"), {}, arrays=(stage,), slots=slots)


ARRAY = Array(columns=2, pe=2, simd=4)
PLANS = {
    "tiny": lambda: least_plan(graph("tiny"), 500),
    "tiny-bottleneck": lambda: least_plan(graph("tiny-bottleneck"), 300),
    "array": lambda: array_plan(graph("tiny"), ARRAY),
    "from SDRAM": from_sdram,
}


@pytest.mark.parametrize("name", PLANS)
def test_spans_are_those_of_the_schedule(name):
    plan = PLANS[name]()
    spans, schedule = unit_spans(plan, FRAMES), simulate(plan, FRAMES)
    last = plan.nodes[-1].name
    assert tuple(end for _, end in spans[last]) == schedule.results
    first = next(node.name for node in plan.nodes if node.name in spans)
    assert spans[first][0][0] == schedule.first_pixel
    assert set(spans) == {node.name for node in plan.nodes if node.unit.ins}
    for node in plan.nodes:
        for frame, (begins, ends) in enumerate(spans.get(node.name, ())):
            assert begins < ends
            for source in node.inputs:
                if source.node in spans:
                    assert spans[source.node][frame][0] <= begins


def test_refuses_no_frames():
    with pytest.raises(ParameterError, match="frames must be at least 1"):
        unit_spans(PLANS["tiny"](), 0)
