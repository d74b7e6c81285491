"""Plans are checked when made."""

from dataclasses import replace

import pytest
from networks import least_plan, random_graph

from fq_hw.errors import GraphError
from fq_hw.passes import lower_graph
from fq_hw.schedule.plan import Plan, Source
from fq_hw.schedule.units import ForkUnit, RomUnit


@pytest.fixture(scope="module")
def plan():
    graph = lower_graph(random_graph("flat"))
    return least_plan(graph, 3_000)


def test_readers_and_sources(plan):
    sources = [source for node in plan.nodes for source in node.inputs]
    assert list(plan.readers) == sources
    for source, name in plan.readers.items():
        assert source in plan[name].inputs
    assert plan.sources
    for node in plan.nodes:
        assert (node in plan.sources) == isinstance(node.unit, RomUnit)


def test_bound_is_the_busiest_unit(plan):
    busy = {n.name: n.unit.beats for n in plan.nodes if hasattr(n.unit, "beats")}
    assert plan.interval_bound == max(busy.values())
    assert {"stem.0.conv", "embedding", "tail.sum", "tail.scores"} <= set(busy)


def spoil(plan, position, inputs):
    nodes = list(plan.nodes)
    nodes[position] = replace(nodes[position], inputs=inputs)
    with pytest.raises(GraphError) as caught:
        Plan(name="p", image=plan.image, nodes=tuple(nodes))
    return str(caught.value)


def test_refuses(plan):
    where = f"plan node {plan.nodes[1].name!r}"
    assert spoil(plan, 1, (Source("x"),)).startswith(f"{where}: inputs must come before it")
    assert spoil(plan, 1, (Source(plan.nodes[0].name, 1),)).startswith(f"{where}: inputs must")
    assert spoil(plan, 1, (Source("pixels"),)).startswith(f"{where}: inputs must have one reader")
    fork = next(i for i, n in enumerate(plan.nodes) if isinstance(n.unit, ForkUnit))
    late = Source(plan.nodes[fork].name, 2)
    assert "inputs must come before it" in spoil(plan, fork + 1, (late,))
    with pytest.raises(GraphError, match=r"^plan 'p': must end in results \(got 'tail.scores"):
        Plan(name="p", image=plan.image, nodes=tuple(plan.nodes[:-1]))
