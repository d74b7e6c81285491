"""The cycle model: reaches the bound, never deadlocks as lowered, always gives the same."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from networks import NETWORKS, odd_folds, random_graph, wide_folds

from fq_hw import checkpoint, ir
from fq_hw.errors import GraphError, ParameterError
from fq_hw.export import export
from fq_hw.passes import lower_graph
from fq_hw.schedule.folding import fold_for
from fq_hw.schedule.lower import lower
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.skip import skip_depth
from fq_hw.schedule.timing import simulate
from fq_hw.schedule.units import ceil_div

SHIPPED = Path(checkpoint.__file__).parent / "models" / "ern-digits.safetensors"
BUSY = [  # foldings that give a pixel time enough for the default slack
    ("basic", 3_000),
    ("basic", 10_000),
    ("bottleneck", 1_500),
    ("bottleneck", 6_000),
    ("awkward", 700),
    ("awkward", 2_000),
    ("awkward", 10_000),
    ("gains", 3_000),
    ("gains", 10_000),
    ("flat", 400),
]


@pytest.fixture(scope="module")
def graphs():
    return {name: lower_graph(random_graph(name)) for name in NETWORKS}


@pytest.mark.parametrize(("name", "cycles"), BUSY)
def test_the_busiest_unit_sets_the_interval(graphs, name, cycles):
    plan = lower(graphs[name], fold_for(graphs[name], cycles))
    assert simulate(plan, 4).interval == plan.interval_bound


@pytest.mark.parametrize("cycles", [4_608, 18_432])
def test_the_shipped_network_runs_at_its_bound(cycles):
    exported = export(checkpoint.read(SHIPPED))
    graph = lower_graph(ir.Graph.from_nodes(exported.name, exported.nodes))
    plan = lower(graph, fold_for(graph, cycles))
    assert simulate(plan).interval == plan.interval_bound == cycles


@pytest.mark.parametrize("name", NETWORKS)
def test_no_slack_never_deadlocks_and_slack_never_slows(graphs, name):
    graph = graphs[name]
    for folds in (fold_for(graph, 1_500), odd_folds(graph), wide_folds(graph)):
        intervals, latencies = [], []
        for slack in (0, 1, 3):
            plan = lower(graph, folds, skip_slack=slack)
            found = simulate(plan, 3)
            intervals.append(found.interval)
            latencies.append(found.latency)
        assert intervals == sorted(intervals, reverse=True)
        assert latencies == sorted(latencies, reverse=True)


def with_depth(plan, name, depth):
    """``plan`` with another depth of one skip FIFO."""
    nodes = tuple(
        replace(n, unit=replace(n.unit, depth=depth)) if n.name == name else n for n in plan.nodes
    )
    return Plan(name=plan.name, image=plan.image, nodes=nodes)


def identity_blocks(graph):
    adds = [op for op in graph.ops if isinstance(op, ir.Add)]
    return [op for op in adds if isinstance(graph[op.inputs[1]], ir.Add)]


@pytest.mark.parametrize("cycles", [1_500, 9_000])
@pytest.mark.parametrize("name", NETWORKS)
def test_one_beat_less_on_an_identity_skip_deadlocks(graphs, name, cycles):
    graph = graphs[name]
    plan = lower(graph, fold_for(graph, cycles), skip_slack=0)
    assert identity_blocks(graph)
    for op in identity_blocks(graph):
        skip = f"{op.name}.skip"
        fifo = plan[skip].unit
        least = skip_depth(graph, op, ceil_div(graph.types[op.name].shape[2], fifo.lanes))
        assert fifo.depth == least
        if plan[skip].inputs[0].node.endswith(".b"):
            continue  # a width converter before the FIFO holds a beat of its own
        simulate(with_depth(plan, skip, least), 2)
        with pytest.raises(GraphError, match=r"stands still; a skip FIFO is too shallow, not 0"):
            simulate(with_depth(plan, skip, least - 1), 2)


def test_some_identity_skip_has_no_converter(graphs):
    """Else the test above would show nothing."""
    for graph in graphs.values():
        plan = lower(graph, fold_for(graph, 5_000), skip_slack=0)
        names = [f"{op.name}.skip" for op in identity_blocks(graph)]
        assert any(not plan[n].inputs[0].node.endswith(".b") for n in names)


def test_results_come_in_order_at_a_steady_rate(graphs):
    plan = lower(graphs["awkward"], fold_for(graphs["awkward"], 2_000))
    found = simulate(plan, 6)
    steps = [b - a for a, b in itertools.pairwise(found.results)]
    assert len(found.results) == 6
    assert steps[-3:] == [plan.interval_bound] * 3
    assert found.first_pixel == 0
    assert found.latency == found.results[0]
    assert found.latency > 0


def test_a_fast_plan_settles_at_its_bound(graphs):
    """The first results may come sooner, while FIFOs before the busiest unit still fill."""
    plan = lower(graphs["gains"], wide_folds(graphs["gains"]))
    found = simulate(plan, 7)
    steps = [b - a for a, b in itertools.pairwise(found.results)]
    assert steps == sorted(steps)
    assert steps[-1] == plan.interval_bound


def test_more_frames_do_not_change_the_earlier_ones(graphs):
    plan = lower(graphs["flat"], fold_for(graphs["flat"], 500))
    few, many = simulate(plan, 2), simulate(plan, 5)
    assert many.results[:2] == few.results


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_plan_gives_the_same_cycles(graphs, name):
    graph = graphs[name]
    found = [simulate(lower(graph, odd_folds(graph)), 3) for _ in range(2)]
    assert found[0] == found[1]


def test_refuses_one_frame(graphs):
    plan = lower(graphs["flat"], fold_for(graphs["flat"], 500))
    with pytest.raises(ParameterError, match=r"^simulate: frames must be at least 2, not 1"):
        simulate(plan, 1)
