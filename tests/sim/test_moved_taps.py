"""Tensors of numbers in other places, in Verilog, value by value."""

from __future__ import annotations

import numpy as np
import pytest
from networks import least_plan, random_images

from fq_hw import golden, ir
from fq_hw.passes import lower_graph
from fq_hw.schedule import timing
from sim import network, taps


@pytest.mark.verilator
def test_verilog_level_by_level(programs, tmp_path):
    """A window is a tensor itself here: what it asks its memory for is none."""
    weight = np.random.default_rng(3).integers(-3, 4, (3, 1, 1, 3))
    ops = (
        ir.Input(name="x", shape=(4, 4, 3)),
        ir.SpaceToDepth(name="deep", inputs=("x",), block=(2, 2)),
        ir.DepthToSpace(name="space", inputs=("deep",), block=(2, 2)),
        ir.Select(name="select", inputs=("space",), order=np.array([2, 0, 1])),
        ir.Grid(name="grid", inputs=("select",), rows=np.array([0, 0, 2, 2]),
                columns=np.array([1, 2])),
        ir.Conv(name="conv", inputs=("grid",), weight=weight, stride=1, padding=0, scale=None),
        ir.PixelSum(name="sum", inputs=("conv",)),
        ir.ClassScale(name="scores", inputs=("sum",), multiplier=np.array([3, 2, 5])),
        ir.ArgMax(name="label", inputs=("scores",)),
    )  # fmt: skip
    graph = lower_graph(ir.Graph("moved", ops))
    plan = least_plan(graph, 2000)
    program = network.build(plan, programs, brief=True)
    images = random_images(graph.input.shape, 3, 2)
    truth, levels = golden.run(graph, images), tmp_path / "levels.txt"
    network.simulate(program, plan, images, tmp_path, taps_file=levels,
                     cycles_per_frame=timing.simulate(plan, 2).interval)  # fmt: skip
    wrong = taps.mismatches(levels, plan, truth)
    assert {"deep", "space", "grid"} <= wrong.keys() and not any(wrong.values()), wrong
