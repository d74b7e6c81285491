"""Torch modules and branched fixed-point networks in Verilog: every tensor, in its cycle."""

from __future__ import annotations

import numpy as np
import pytest
from networks import least_plan, random_images

from fq_hw import golden, ir
from fq_hw.passes import lower_graph
from fq_hw.schedule import timing
from sim import network, taps

pytestmark = [pytest.mark.verilator, pytest.mark.slow]


def of_module(name):
    pytest.importorskip("torch")
    from modules import MODULES, settled

    from fq_hw.checkpoint import Checkpoint
    from fq_hw.export import export
    from fq_hw.nn.tracing import traced
    from fq_hw.nn.training import arrays

    _, image, classes = MODULES[name]
    model = settled(name)
    record = traced(model, name, image, classes)
    return export(Checkpoint(network=record, arrays=arrays(model))).nodes


def of_fixed(seed):
    from floats import FLOATS, random_float

    from fq_hw.fixed.export import export
    from fq_hw.fixed.format import Format
    from fq_hw.fixed.merge_norms import merge_norms
    from fq_hw.fixed.network import from_float, tensors

    branched = FLOATS["branched"]
    formats = dict.fromkeys(tensors(branched), Format(6, 4))
    return export(from_float(branched, merge_norms(random_float(branched, seed)), formats))


CASES = {
    "chain": lambda: of_module("chain"),
    "mobile": lambda: of_module("mobile"),
    "branches": lambda: of_module("branches"),
    "fixed": lambda: of_fixed(1),
}


@pytest.mark.parametrize("name", CASES)
def test_every_tensor_and_cycle(name, programs, tmp_path):
    graph = lower_graph(ir.Graph.from_nodes(name, CASES[name]()))
    plan = least_plan(graph, 3_000)
    schedule = timing.simulate(plan, 4)
    program = network.build(plan, programs, brief=True)
    images = random_images(graph.input.shape, 6, 4)
    truth = golden.run(graph, images)
    scores = truth[graph.ops[-2].name].reshape(len(images), -1)
    levels = tmp_path / "levels.txt"
    for options in ({"taps_file": levels}, {"pause_in": 90, "pause_out": 120, "seed": 1}):
        found = network.simulate(
            program, plan, images, tmp_path, cycles_per_frame=schedule.interval, **options
        )
        np.testing.assert_array_equal(found.scores, scores)
        if "taps_file" in options:
            assert found.results[:4] == schedule.results
    wrong = taps.mismatches(levels, plan, truth)
    assert len(wrong) > 8 and not any(wrong.values()), wrong
