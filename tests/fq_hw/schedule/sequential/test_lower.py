"""Sequential lowering: which passes, where levels lie, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from networks import random_checkpoint, random_graph

from fq_hw.errors import CapacityError, FoldingError, GraphError
from fq_hw.export import export
from fq_hw.ir import Conv, Graph
from fq_hw.network import Block, Embedding, Network, Stage, StemConv
from fq_hw.passes import lower_graph
from fq_hw.schedule.sequential import Array, lower_sequential

SMALL = Array(columns=4, pe=2, simd=4, depth=512)
ERN20 = Network(
    name="ern20",
    image=(32, 32, 3),
    classes=10,
    embedding=Embedding(length=10),
    stem=(StemConv(width=16, norm=False),),
    block=Block.BASIC,
    stages=(
        Stage(width=16, blocks=5, stride=1),
        Stage(width=32, blocks=3),
        Stage(width=64, blocks=3),
    ),
)


def plan_of(name, array=SMALL):
    return lower_sequential(lower_graph(random_graph(name)), array)


def test_every_convolution_has_one_pass_and_trunks_change_in_place():
    graph = lower_graph(random_graph("basic"))
    plan = lower_sequential(graph, SMALL)
    convs = [op.name for op in graph.ops if isinstance(op, Conv)]
    assert [step.name for step in plan.passes if step.kernel] == convs
    by_name = {step.name: step for step in plan.passes}
    down, second = by_name["stages.0.0.down"], by_name["stages.0.0.convs.1"]
    assert (down.add, down.keep, down.dest) == (False, True, None)
    assert (second.add, second.keep) == (True, True)
    last = by_name["stages.1.1.convs.1"]  # nothing but its threshold reads this block
    assert (last.add, last.keep) == (True, False)
    assert last.dest is not None
    assert [step.name for step in plan.passes if step.total] == ["tail.conv"]


@pytest.mark.parametrize("name", ["basic", "gains", "flat"])
def test_no_pass_writes_over_what_it_reads(name):
    for step in plan_of(name).passes:
        if step.source and step.dest:
            a, b = sorted((step.source, step.dest), key=lambda region: region.base)
            assert a.base + a.size <= b.base
            assert b.base + b.size <= SMALL.depth


def test_every_weight_is_in_the_parameters():
    graph = lower_graph(random_graph("basic"))
    plan = lower_sequential(graph, SMALL)
    at = 0
    for step in plan.passes:
        if step.kernel:
            weight = graph[step.name].weight
            fold = step.uses + plan.header_words
            rows = plan.parameters[at:].reshape(-1, SMALL.word_bits)[: step.folds * fold]
            words = rows.reshape(step.folds, fold, -1)[:, : step.uses]
            assert words.sum() == (weight < 0).sum()
        at += step.folds * (step.uses + plan.header_words)
    assert at == len(plan.parameters)


def test_a_network_of_resnet_20s_size_fits_an_ice40up5k():
    exported = export(random_checkpoint(ERN20, 1))
    plan = lower_sequential(lower_graph(Graph.from_nodes(exported.name, exported.nodes)))
    assert plan.array.columns * plan.array.pe * plan.array.simd == 256
    assert plan.array.word_bits == 32 and len(plan.parameters) <= 16_384
    assert plan.array.pe * 16 == 32 and plan.trunk_depth <= 16_384
    assert plan.array.columns * plan.array.simd * plan.act_bits * plan.array.depth == 16 * 4096
    assert plan.interval <= 300_000


def test_refuses_what_the_banks_do_not_hold():
    with pytest.raises(CapacityError, match=r"^Embed 'embedding': the embedded image must fit the"):
        plan_of("basic", replace(SMALL, depth=64))


def test_refuses_two_strides_over_one_tensor():
    contract = r"^Threshold 'stages.1.0.acts.0': needs convolutions of one stride as readers on the"
    with pytest.raises(GraphError, match=contract):
        plan_of("bottleneck", replace(SMALL, depth=2048))


def test_refuses_a_kernel_of_five():
    graph = lower_graph(random_graph("flat"))
    conv = next(op for op in graph.ops if isinstance(op, Conv) and op.kernel == 3)
    wide = replace(conv, weight=np.ones((conv.weight.shape[0], 5, 5, conv.weight.shape[3]), int),
                   padding=2)  # fmt: skip
    graph = graph.map(lambda op: wide if op is conv else op)
    with pytest.raises(GraphError, match=f"^Conv '{conv.name}': needs kernel 1 or 3, stride 1"):
        lower_sequential(graph, SMALL)


def test_refuses_a_graph_without_scores():
    graph = lower_graph(random_graph("flat"))
    with pytest.raises(GraphError, match=r"must end in PixelSum, ClassScale and ArgMax \(got"):
        lower_sequential(Graph(graph.name, graph.ops[:-1]), SMALL)


def test_refuses_arrays_that_cannot_be():
    with pytest.raises(FoldingError, match=r"^Array: columns must be a power of two .* \(got 6"):
        Array(columns=6)
    with pytest.raises(FoldingError, match=r"^Array: pe must divide simd=16 \(got 3\)$"):
        Array(pe=3)
