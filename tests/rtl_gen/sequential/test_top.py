"""The sequential accelerator in Amaranth's simulator: results, cycles, stalls, parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pytest
from networks import random_checkpoint, random_images

from fq_hw import golden
from fq_hw.errors import SimulationError
from fq_hw.export import export
from fq_hw.ir import Graph, Op, Threshold
from fq_hw.network import Block, Embedding, Network, Stage, StemConv
from fq_hw.passes import lower_graph
from fq_hw.schedule.sequential import Array, SequentialPlan, lower_sequential
from rtl_gen.sequential.top import SequentialAccelerator, parameter_beats
from sim import pysim
from sim.stalls import ONCE
from sim.vectors import pack

TINY = Network(  # a row's end inside a group, a stride, blocks with and without downsampling
    name="tiny",
    image=(4, 6, 2),
    classes=3,
    embedding=Embedding(length=3),
    stem=(StemConv(width=4, norm=False),),
    block=Block.BASIC,
    stages=(Stage(width=4, blocks=2, stride=1), Stage(width=4, blocks=1)),
)
ARRAYS = {
    "plain": Array(columns=4, pe=2, simd=4, depth=64),
    "one PE": Array(columns=2, pe=1, simd=2, depth=128),
    "all PE": Array(columns=2, pe=4, simd=4, depth=64),
    "wide": Array(columns=8, pe=2, simd=16, depth=64),
    "pipelined": Array(columns=4, pe=2, simd=8, depth=64, levels_per_stage=1),
}
FRAMES = 3


@dataclass(frozen=True)
class Beats:
    """What ``pysim.replay`` asks of vectors."""

    i: dict[str, tuple[int, ...]]
    o: dict[str, tuple[int, ...]]
    limit: int
    ignore = MappingProxyType({})
    late = MappingProxyType({})
    endless = False


def falling(op: Op) -> Op:
    """A threshold that falls in every channel instead."""
    if not isinstance(op, Threshold):
        return op
    return replace(op, sign=np.full_like(op.sign, -1), levels=-op.levels[:, ::-1])


def make(array: Array, change: Callable[[Op], Op] = lambda op: op) -> tuple[SequentialPlan, Beats]:
    """The tiny network on ``array``, with images and golden results."""
    exported = export(random_checkpoint(TINY, 4))
    graph = lower_graph(Graph.from_nodes(exported.name, exported.nodes).map(change))
    plan = lower_sequential(graph, array)
    images = random_images(graph.input.shape, FRAMES, 4)
    tensors = golden.run(graph, images)
    scores = tensors["tail.scores"].reshape(FRAMES, -1)
    labels = tensors["tail.label"].reshape(FRAMES).tolist()
    above = pack(scores, plan.result.score_bits)
    results = tuple(
        label | score << plan.result.label_bits for label, score in zip(labels, above, strict=True)
    )
    pixels = pack(images.reshape(-1, images.shape[-1]).astype(np.int64), 8)
    return plan, Beats({"i": pixels}, {"o": results}, 40 * FRAMES * plan.interval)


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_results_and_cycles(array):
    plan, beats = make(array)
    cycles = pysim.replay(SequentialAccelerator(plan), beats)
    assert cycles["o"][0] - cycles["i"][0] == plan.latency
    assert np.diff(cycles["o"]).tolist() == [plan.interval] * (FRAMES - 1)


def test_thresholds_that_fall_in_every_channel():
    plan, beats = make(ARRAYS["plain"], falling)
    pysim.replay(SequentialAccelerator(plan), beats)


@pytest.mark.parametrize("pauses", ONCE[1:], ids="-".join)
def test_results_under_stalls(pauses):
    plan, beats = make(ARRAYS["plain"])
    pysim.replay(SequentialAccelerator(plan), beats, pauses)


@pytest.mark.parametrize("pauses", [("never", "never"), ("bursty", "regular")], ids="-".join)
def test_parameters_come_first(pauses):
    plan, beats = make(ARRAYS["plain"])
    words = tuple(parameter_beats(plan))
    loaded = Beats({**beats.i, "i_parameter": words}, beats.o, beats.limit + 9 * len(words))
    cycles = pysim.replay(SequentialAccelerator(plan, preloaded=False), loaded, pauses)
    assert len(cycles["i_parameter"]) == len(words)
    assert cycles["i"][0] > cycles["i_parameter"][-1]


def test_a_wrong_parameter_is_seen():
    plan, beats = make(ARRAYS["plain"])
    words = list(parameter_beats(plan))
    words[0] ^= 0x00FF
    loaded = Beats({**beats.i, "i_parameter": tuple(words)}, beats.o, beats.limit + len(words))
    with pytest.raises(SimulationError, match=r"^o beat \d: must be "):
        pysim.replay(SequentialAccelerator(plan, preloaded=False), loaded)


def test_result_is_offered_without_ready():
    plan, beats = make(ARRAYS["plain"])
    assert pysim.block(SequentialAccelerator(plan), beats)["o"] == 1
