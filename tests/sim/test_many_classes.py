"""A network of more classes than channels: its pixels are summed first, its best five given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from networks import TINY, least_plan, random_checkpoint, random_images
from simcases import FRAMES, frame_vectors, result_ends

from fq_hw import golden
from fq_hw.export import export
from fq_hw.ir import Graph
from fq_hw.passes import lower_graph
from fq_hw.schedule import timing
from fq_hw.schedule.units import ConvUnit, PixelSumUnit
from rtl_gen.top import Accelerator
from sim import network, pysim, taps


def made(seed: int):
    exported = export(random_checkpoint(replace(TINY["tiny"], classes=103), seed))
    graph = lower_graph(Graph.from_nodes(exported.name, exported.nodes))
    return graph, least_plan(graph, 2000)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_results_and_cycles(seed):
    graph, plan = made(seed)
    sums = [node.unit for node in plan.nodes if isinstance(node.unit, PixelSumUnit)]
    assert [unit.channels for unit in sums] == [graph["tail.conv"].weight.shape[3]]
    assert isinstance(plan["tail.conv"].unit, ConvUnit) and plan["tail.conv"].unit.pixels == 1
    assert plan.result.best == 5
    schedule = timing.simulate(plan, FRAMES)
    moved = pysim.replay(Accelerator(plan, None), frame_vectors(graph, plan, seed))
    assert moved["i"][0] == schedule.first_pixel
    assert result_ends(plan, moved["o"]) == schedule.results


@pytest.mark.verilator
def test_verilog_level_by_level(programs, tmp_path):
    graph, plan = made(2)
    program = network.build(plan, programs, brief=True)
    images = random_images(graph.input.shape, 4, 2)
    truth, levels = golden.run(graph, images), tmp_path / "levels.txt"
    run = network.simulate(program, plan, images, tmp_path, taps_file=levels,
                           cycles_per_frame=timing.simulate(plan, 2).interval)  # fmt: skip
    np.testing.assert_array_equal(run.scores, truth["tail.scores"].reshape(4, -1))
    wrong = taps.mismatches(levels, plan, truth)
    assert "tail.sum" in wrong and "tail.conv" not in wrong and not any(wrong.values())
