"""Accelerators with arrays in Amaranth's simulator, and how their parameters come in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from networks import array_plan, random_graph
from simcases import FRAMES, frame_vectors, result_ends

from fq_hw.passes import lower_graph
from fq_hw.schedule import timing
from fq_hw.schedule.folding import Fold
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.in_turn.stage import InTurn
from fq_hw.schedule.lower import lower
from rtl_gen.parameters import fill_beats
from rtl_gen.top import Accelerator, fill_order
from sim import pysim

ARRAY = Array(columns=4, pe=2, simd=4, depth=64)
GRAPH = lower_graph(random_graph("tiny", 4))


def two_arrays():
    """The stem and the tail stream, each block has an array."""
    first, second = "stages.0.0", "stages.1.0"
    stages = (
        InTurn(after="stem.0.conv", until=first, array=ARRAY),
        InTurn(after=first, until=second, array=replace(ARRAY, pe=1, columns=2)),
    )
    fold = Fold(pe=3, simd=3)
    return lower(GRAPH, {"stem.0.conv": fold, "tail.conv": fold}, arrays=stages)


def test_two_arrays_between_layers_that_stream():
    plan = two_arrays()
    schedule = timing.simulate(plan, FRAMES)
    moved = pysim.replay(Accelerator(plan, None), frame_vectors(GRAPH, plan, 1))
    assert moved["i"][0] == schedule.first_pixel
    assert result_ends(plan, moved["o"]) == schedule.results


def test_results_wait_for_parameters_that_come_in():
    plan = array_plan(GRAPH, ARRAY)
    beats = tuple(fill_beats(plan["tail.conv.parameters"].contents))
    vectors = frame_vectors(GRAPH, plan, 1)
    later = len(beats)  # the first levels are there when the first constant would be
    vectors = replace(vectors, i={**vectors.i, "i_fill": beats}, last=vectors.last + later)
    moved = pysim.replay(Accelerator(plan, None, preloaded=False), vectors)
    assert moved["i_fill"] == list(range(len(beats)))
    expected = np.array(timing.simulate(plan, FRAMES).results) + later
    assert result_ends(plan, moved["o"]) == tuple(expected)


def test_two_memories_are_filled_one_after_the_other():
    plan = two_arrays()
    order = fill_order(plan.nodes)
    assert [*order] == ["stages.0.0.parameters", "stages.1.0.parameters"]
    beats = tuple(beat for words in order.values() for beat in words)
    vectors = frame_vectors(GRAPH, plan, 1)
    vectors = replace(vectors, i={**vectors.i, "i_fill": beats}, last=vectors.last + len(beats))
    moved = pysim.replay(Accelerator(plan, None, preloaded=False), vectors)
    assert moved["i_fill"] == list(range(len(beats)))
