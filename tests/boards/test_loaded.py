"""Constants from a flash: one design, several networks of its shape."""

from __future__ import annotations

from dataclasses import replace

import pytest
from networks import array_plan, least_plan, random_graph
from simcases import FRAMES, frame_vectors, result_ends

from boards.loaded import replaceable
from fq_hw.errors import SimulationError
from fq_hw.passes import lower_graph
from fq_hw.schedule import timing
from fq_hw.schedule.in_turn.geometry import Array
from rtl_gen.top import Accelerator, fill_order
from sim import pysim

SMALL = Array(columns=2, pe=2, simd=4, depth=256)


def loaded(name: str, seed: int):
    """Graph and plan."""
    graph = lower_graph(random_graph(name, seed))
    return graph, replaceable(array_plan(graph, SMALL))


def shown(graph, plan, beats: tuple[int, ...]):
    """Frames, and what golden makes of them, for a design that is filled with ``beats``."""
    vectors = frame_vectors(graph, plan, 1)
    return replace(vectors, i={"i_fill": beats, **vectors.i}, last=vectors.last + len(beats))


def test_a_design_computes_what_it_is_filled_with():
    graphs, plans = zip(*(loaded("tiny-bottleneck", seed) for seed in (0, 1)), strict=True)
    fills = [
        tuple(beat for words in fill_order(plan.nodes).values() for beat in words) for plan in plans
    ]
    assert len(set(fills)) == 2
    results = timing.simulate(plans[0], FRAMES).results
    for graph, plan, beats in zip(graphs, plans, fills, strict=True):
        core = Accelerator(plans[0], None, preloaded=False)
        moved = pysim.replay(core, shown(graph, plan, beats))
        assert moved["i_fill"] == list(range(len(beats)))
        assert result_ends(plan, moved["o"]) == tuple(cycle + len(beats) for cycle in results)
    with pytest.raises(SimulationError, match="^o beat 0: must be "):
        core = Accelerator(plans[0], None, preloaded=False)
        pysim.replay(core, shown(graphs[0], plans[0], fills[1]))


@pytest.mark.parametrize("name", ["basic", "awkward", "gains", "flat"])
def test_widths_follow_from_the_shape(name):
    graphs = [lower_graph(random_graph(name, seed)) for seed in range(6)]
    plans = [replaceable(array_plan(graph, Array())) for graph in graphs]
    for nodes in zip(*(plan.nodes for plan in plans), strict=True):
        assert len({node.unit for node in nodes}) == 1, nodes[0].name
        assert nodes[0].contents is None or nodes[0].name in fill_order(plans[0].nodes) or not (
            nodes[0].contents.any()
        )  # fmt: skip


def test_layers_side_by_side_stay_as_they_are():
    plan = least_plan(lower_graph(random_graph("tiny")), 600)
    assert replaceable(plan) is plan
