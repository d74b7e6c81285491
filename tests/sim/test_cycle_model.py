"""The cycle model on networks and foldings that nobody chose: exact, to the cycle."""

from dataclasses import replace

import pytest
from drawn import folds_of, graphs
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from networks import random_checkpoint
from simcases import FRAMES, frame_vectors, result_ends

from fq_hw.export import export
from fq_hw.ir import Conv, Graph, Join
from fq_hw.layers import Embedding, EmbeddingKind
from fq_hw.network import Block, Network, Stage, StemConv
from fq_hw.passes import lower_graph
from fq_hw.schedule import joins, timing
from fq_hw.schedule.folding import Fold
from fq_hw.schedule.lower import lower
from rtl_gen.top import Accelerator
from sim import pysim
from sim.stalls import GRID

MOST_CYCLES = 1_000  # of a drawn graph's three frames, for the sake of time
NETWORKS = st.builds(
    Network,
    name=st.just("drawn"),
    image=st.tuples(st.integers(4, 6), st.integers(4, 6), st.sampled_from([1, 3])),
    classes=st.integers(2, 3),
    embedding=st.one_of(
        st.builds(
            Embedding,
            kind=st.sampled_from([EmbeddingKind.LEARNED, EmbeddingKind.THERMOMETER]),
            length=st.integers(1, 2),
            shared=st.booleans(),
        ),
        st.sampled_from([
            Embedding(kind=EmbeddingKind.NAIVE, length=1),
            Embedding(kind=EmbeddingKind.DIGITS, length=4),
            Embedding(kind=EmbeddingKind.EXACT, length=1),
        ]),
    ),
    stem=st.lists(
        st.builds(StemConv, width=st.integers(2, 3), kernel=st.sampled_from([1, 3])), max_size=1
    ).map(lambda first: (*first, StemConv(width=3, norm=False))),
    block=st.sampled_from(Block),
    stages=st.lists(
        st.builds(Stage, width=st.integers(2, 3), blocks=st.integers(1, 2),
                  stride=st.integers(1, 2)), min_size=1, max_size=2
    ).map(tuple),
    weight_bits=st.integers(1, 2),
)  # fmt: skip


def without_residuals(graph: Graph) -> Graph:
    """The same layers in a row: every sum replaced by its branch, what only skips needed left out.

    The convolutions of a branch keep their scale, so the graph is one that export could give.
    """
    branch = {op.name: op.inputs[0] for op in graph.ops if type(op).__name__ == "Add"}

    def through(name: str) -> str:
        while name in branch:
            name = branch[name]
        return name

    ops = [
        replace(op, inputs=tuple(through(name) for name in op.inputs))
        for op in graph.ops
        if op.name not in branch
    ]
    used, kept = {ops[-1].name}, []
    for op in reversed(ops):
        if op.name in used:
            kept.append(op)
            used.update(op.inputs)
    return replace(graph, ops=tuple(reversed(kept)))


@pytest.mark.parametrize("examples", [3, pytest.param(20, marks=pytest.mark.slow)])
@pytest.mark.parametrize("residuals", [True, False], ids=["residuals", "plain"])
def test_equals_simulation(residuals, examples):
    """Every pixel's and every result's cycle, and every score, of so many drawn networks each."""

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(network=NETWORKS, seed=st.integers(0, 99), data=st.data())
    def check(network, seed, data):
        exported = export(random_checkpoint(network, seed))
        graph = Graph.from_nodes(exported.name, exported.nodes)
        if not residuals:
            graph = without_residuals(graph)
        graph = lower_graph(graph)
        plan = lower(graph, data.draw(folds_of(graph), label="folds"))
        event(f"columns: {max(n.unit.columns for n in plan.nodes if hasattr(n.unit, 'taps')) > 1}")
        schedule = timing.simulate(plan, FRAMES)
        moved = pysim.replay(Accelerator(plan, None), frame_vectors(graph, plan, seed))
        assert moved["i"][0] == schedule.first_pixel
        assert result_ends(plan, moved["o"]) == schedule.results

    check()


def test_equals_simulation_with_pixels_in_the_lines():
    """The embedding stands behind the window; a table for each colour, one above the other."""
    network = Network(
        name="lines", image=(4, 4, 3), classes=2, embedding=Embedding(length=4, shared=False),
        stem=(StemConv(width=3, norm=False),), block=Block.BASIC,
        stages=(Stage(width=2, blocks=1, stride=2),),
    )  # fmt: skip
    exported = export(random_checkpoint(network, 1))
    graph = lower_graph(Graph.from_nodes(exported.name, exported.nodes))
    convs = (op for op in graph.ops if isinstance(op, Conv))
    folds = {op.name: Fold(pe=1, simd=op.weight.shape[3]) for op in convs}
    plan = lower(graph, folds | {"stem.0.conv": Fold(pe=3, simd=4, hold=2)})
    kinds = [type(node.unit).__name__ for node in plan.nodes]
    assert "LateEmbedUnit" in kinds and "EmbedUnit" not in kinds
    vectors = frame_vectors(graph, plan, 3)
    schedule, accelerator = timing.simulate(plan, FRAMES), Accelerator(plan, None)
    moved = pysim.replay(accelerator, vectors)
    assert moved["i"][0] == schedule.first_pixel
    assert result_ends(plan, moved["o"]) == schedule.results
    assert schedule.interval == plan.interval_bound
    pysim.replay(Accelerator(plan, None), replace(vectors, last=6 * vectors.last), GRID[4])


@settings(max_examples=12, deadline=None, derandomize=True, database=None,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(graph=graphs(largest=4), seed=st.integers(0, 99), slack=st.sampled_from([None, 0]),
       data=st.data())  # fmt: skip
def test_equals_simulation_of_any_graph(graph, seed, slack, data):
    """The same of graphs with joins of every kind, with pools, of any size; once more stalled."""
    graph = lower_graph(graph)
    with pytest.MonkeyPatch.context() as patch:  # FIFOs before convolutions half of the time
        patch.setattr(joins, "LARGE", seed % 2 * joins.LARGE)
        plan = lower(graph, data.draw(folds_of(graph), label="folds"), skip_slack=slack)
    schedule = timing.simulate(plan, FRAMES)
    assume(any(isinstance(op, Join) for op in graph.ops) and schedule.results[-1] < MOST_CYCLES)
    vectors = frame_vectors(graph, plan, seed)
    moved = pysim.replay(Accelerator(plan, None), vectors)
    assert moved["i"][0] == schedule.first_pixel
    assert result_ends(plan, moved["o"]) == schedule.results
    pauses = data.draw(st.sampled_from(GRID[1:]), label="pauses")
    pysim.replay(Accelerator(plan, None), replace(vectors, last=6 * vectors.last), pauses)


def test_the_check_can_fail():
    """The prediction for another folding is another."""
    network = Network(
        name="small", image=(4, 4, 1), classes=2, embedding=Embedding(length=2),
        stem=(StemConv(width=2, norm=False),), block=Block.BASIC,
        stages=(Stage(width=2, blocks=1, stride=1),),
    )  # fmt: skip
    exported = export(random_checkpoint(network, 0))
    graph = lower_graph(Graph.from_nodes(exported.name, exported.nodes))
    folds = {op.name: Fold(pe=1, simd=1) for op in graph.ops if isinstance(op, Conv)}
    plan = lower(graph, folds)
    moved = pysim.replay(Accelerator(plan, None), frame_vectors(graph, plan, 0))
    assert result_ends(plan, moved["o"]) == timing.simulate(plan, FRAMES).results
    other = lower(graph, folds | {"stem.0.conv": Fold(pe=1, simd=1, columns=2)})
    assert result_ends(plan, moved["o"]) != timing.simulate(other, FRAMES).results
