"""The cycle model: reaches the bound, never deadlocks as lowered, always gives the same."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from classic import BINARY, Builder
from networks import (
    NETWORKS,
    column_folds,
    least_plan,
    odd_folds,
    random_graph,
    skip_depths,
    wide_folds,
)

from fq_hw import checkpoint, ir
from fq_hw.errors import GraphError, ParameterError
from fq_hw.export import export
from fq_hw.passes import lower_graph
from fq_hw.schedule.fold_search import least_lut
from fq_hw.schedule.folding import Fold
from fq_hw.schedule.lower import lower
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.timing import simulate
from fq_hw.schedule.units import ConvUnit, WindowUnit

SHIPPED = Path(checkpoint.__file__).parent / "models" / "ern-digits.safetensors"
BUSY = [  # foldings that give a pixel time enough for the default slack
    ("basic", 3_000),
    ("basic", 10_000),
    ("bottleneck", 2_500),
    ("bottleneck", 6_000),
    ("awkward", 700),
    ("awkward", 2_000),
    ("awkward", 10_000),
    ("gains", 3_000),
    ("gains", 10_000),
]
HURRIED = [("bottleneck", 1_500), ("flat", 400), ("flat", 1_000)]  # frames' ends show


@pytest.fixture(scope="module")
def graphs():
    return {name: lower_graph(random_graph(name)) for name in NETWORKS}


@pytest.mark.parametrize(("name", "cycles"), BUSY)
def test_the_busiest_unit_sets_the_interval(graphs, name, cycles):
    plan = least_plan(graphs[name], cycles)
    assert simulate(plan, 4).interval == plan.interval_bound


@pytest.mark.parametrize(("name", "cycles"), HURRIED)
def test_little_is_lost_where_pixels_hurry(graphs, name, cycles):
    plan = least_plan(graphs[name], cycles)
    assert plan.interval_bound <= simulate(plan, 6).interval <= 1.05 * plan.interval_bound


@pytest.mark.parametrize("cycles", [4_608, 18_432])
def test_the_shipped_network_runs_at_its_bound(cycles):
    exported = export(checkpoint.read(SHIPPED))
    graph = lower_graph(ir.Graph.from_nodes(exported.name, exported.nodes))
    plan = least_plan(graph, cycles)
    assert simulate(plan).interval == plan.interval_bound == cycles


def test_no_1x1_convolution_rests_for_want_of_rows():
    """Behind a pool pixels come a row at once, and it keeps rows; elsewhere some pixels do."""
    net = Builder("pooled", (16, 32, 2), seed=1)
    net.conv("a", 4, 3, BINARY)
    net.threshold("a.act", 2)
    net.add(ir.MaxPool, "pool", kernel=(2, 2))
    net.conv("b", 20, 1, BINARY)
    net.threshold("b.act", 2)
    net.conv("c", 4, 1, BINARY)
    graph = lower_graph(net.graph(4))
    folds = {"a": Fold(pe=2, simd=2), "b": Fold(pe=1, simd=1), "c": Fold(pe=1, simd=4)}
    plan = lower(graph, folds)
    rows = [node.unit.width for node in plan.nodes if isinstance(node.unit, WindowUnit)]
    assert rows == [32, 16, 1]
    assert simulate(plan, 6).interval == plan.interval_bound == 128 * 20 * 4


@pytest.mark.parametrize("name", NETWORKS)
def test_no_slack_never_deadlocks_and_slack_never_slows(graphs, name):
    graph = graphs[name]
    for folds in (
        least_lut(graph, 1_500).folds,
        odd_folds(graph),
        wide_folds(graph),
        column_folds(graph),
    ):
        intervals, latencies = [], []
        for slack in (0, 3):
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


def columns_of(plan):
    engines = [node for node in plan.nodes if isinstance(node.unit, ConvUnit)]
    return {node.name: node.unit.columns for node in engines}


def identity_blocks(graph):
    adds = [op for op in graph.ops if isinstance(op, ir.Add)]
    return [op for op in adds if isinstance(graph[op.inputs[1]], ir.Add)]


@pytest.mark.parametrize("cycles", [1_500, 9_000])
@pytest.mark.parametrize("name", NETWORKS)
def test_one_beat_less_on_an_identity_skip_deadlocks(graphs, name, cycles):
    graph = graphs[name]
    plan = least_plan(graph, cycles, skip_slack=0)
    assert identity_blocks(graph)
    for op in identity_blocks(graph):
        skip = f"{op.name}.skip"
        fifo = plan[skip].unit
        beats = graph.types[op.name].shape[2] // fifo.lanes
        _, least = skip_depths(graph, op, (beats, beats), columns_of(plan))
        assert fifo.depth == least
        simulate(with_depth(plan, skip, least), 2)
        with pytest.raises(GraphError, match=r"stands still after 0 of 2 results; a skip FIFO"):
            simulate(with_depth(plan, skip, least - 1), 2)


def test_results_come_in_order_at_a_steady_rate(graphs):
    plan = least_plan(graphs["awkward"], 2_000)
    found = simulate(plan, 8)
    steps = [b - a for a, b in itertools.pairwise(found.results)]
    assert len(found.results) == 8
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
    plan = least_plan(graphs["flat"], 500)
    few, many = simulate(plan, 2), simulate(plan, 5)
    assert many.results[:2] == few.results


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_plan_gives_the_same_cycles(graphs, name):
    graph = graphs[name]
    found = [simulate(lower(graph, odd_folds(graph)), 3) for _ in range(2)]
    assert found[0] == found[1]


def test_refuses_one_frame(graphs):
    plan = least_plan(graphs["flat"], 500)
    with pytest.raises(ParameterError, match=r"^simulate: frames must be at least 2 \(got 1"):
        simulate(plan, 1)
