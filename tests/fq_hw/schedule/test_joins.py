"""Joins of any kind: drawn graphs are lowered and never come to a stand."""

import math

from drawn import folds_of, graphs
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from networks import column_folds, random_checkpoint

from fq_hw import ir
from fq_hw.export import export
from fq_hw.layers import Embedding
from fq_hw.network import Block, Network, Stage, StemConv
from fq_hw.passes import lower_graph
from fq_hw.schedule import timing
from fq_hw.schedule.choices import TABLE, Choices
from fq_hw.schedule.fold_search import least_lut
from fq_hw.schedule.joins import branches
from fq_hw.schedule.lower import lower
from fq_hw.schedule.resources import plan_resources, resources
from fq_hw.schedule.solver import solve
from fq_hw.schedule.units import FifoUnit

QUICK = {
    "deadline": None, "derandomize": True, "database": None,
    "suppress_health_check": list(HealthCheck),
}  # fmt: skip


@settings(max_examples=200, **QUICK)
@given(graph=graphs(), slack=st.sampled_from([None, 0]), data=st.data())
def test_no_graph_comes_to_a_stand(graph, slack, data):
    """Whatever the folds; without slack too, where every FIFO is as shallow as it may be."""
    graph = lower_graph(graph)
    joins = [branches(graph, op) for op in graph.ops if isinstance(op, ir.Join)]
    event(f"closed: {sorted({fork.closed for fork in joins})}")
    plan = lower(graph, data.draw(folds_of(graph), label="folds"), skip_slack=slack)
    fifos = sum(isinstance(node.unit, FifoUnit) for node in plan.nodes)
    event(f"FIFOs on both sides: {fifos > len(joins)}")
    assert timing.simulate(plan, 3).latency > 0


@settings(max_examples=40, **QUICK)
@given(graph=graphs(largest=6), data=st.data())
def test_every_graph_folds_and_costs_what_the_solver_says(graph, data):
    """No choice of columns is refused; where there are too many, depths are bounds."""
    graph = lower_graph(graph)
    choices = Choices(graph, resources)
    cycles = choices.intervals[-1]
    problem, folds = choices.at(cycles)
    columns = {
        conv.name: {f.columns for f in row} for conv, row in zip(choices.convs, folds, strict=True)
    }
    tables = [math.prod(len(columns[name]) for name in fork.convs) for fork in choices.forks]
    exact = max(tables, default=1) <= TABLE
    event(f"exact: {exact}")
    picked = [data.draw(st.integers(0, len(row) - 1)) for row in folds]
    picked += [0] * (len(problem.layers) - len(folds))  # ROMs in blocks
    for choice in (solve(problem), picked):
        found = {conv.name: folds[n][choice[n]] for n, conv in enumerate(choices.convs)}
        plan = lower(graph, found, cycles, logic=choices.logic(cycles, choice))
        if exact:
            assert problem.costs(choice) == plan_resources(plan)
        assert plan.interval_bound <= cycles
        assert timing.simulate(plan, 2).latency > 0


def test_a_bottleneck_whose_image_is_odd():
    """Its 1x1 convolution that halves the image comes before the 3x3 that does."""
    network = Network(
        name="odd", image=(15, 15, 3), classes=3, block=Block.BOTTLENECK,
        embedding=Embedding(length=4), stem=(StemConv(width=4, norm=False),),
        stages=(Stage(width=4, blocks=1, stride=1), Stage(width=8, blocks=1)),
    )  # fmt: skip
    exported = export(random_checkpoint(network, 0))
    graph = lower_graph(ir.Graph.from_nodes(exported.name, exported.nodes))
    for folds in (least_lut(graph, 8_100).folds, column_folds(graph)):
        plan = lower(graph, folds)
        assert timing.simulate(plan, 3).interval >= plan.interval_bound
