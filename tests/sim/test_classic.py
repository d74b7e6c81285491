"""Networks with pools, dense layers and weights of several bits: golden, cycle model, Verilog."""

from __future__ import annotations

import numpy as np
import pytest
from classic import BINARY, CLASSIC, Builder, classic_graph
from networks import column_folds, least_plan, odd_folds, random_images
from simcases import FRAMES, frame_vectors, result_ends

from fq_hw import golden, ir
from fq_hw.passes import lower_graph
from fq_hw.schedule import timing, units
from fq_hw.schedule.folding import Fold
from fq_hw.schedule.lower import lower
from fq_hw.schedule.planes import planes
from rtl_gen.top import Accelerator
from sim import network, pysim, taps

every = pytest.mark.parametrize("name", CLASSIC)
FOLDS = {"odd": odd_folds, "columns": column_folds}


def test_together_they_use_every_op_and_unit():
    graphs = [lower_graph(classic_graph(name)) for name in CLASSIC]
    used = {type(op) for graph in graphs for op in graph.ops}
    every = {getattr(ir.ops, name) for name in ir.ops.__all__ if name != "Op"}
    others = {ir.Lookup, ir.DepthToSpace, ir.Grid, ir.Select, ir.SpaceToDepth}
    assert used == every - others  # of int8 models: test_tflite; test_wiring
    found = {type(node.unit) for g in graphs for node in lower(g, odd_folds(g)).nodes}
    assert found >= {units.PlaneUnit, units.PoolUnit, units.RequantizeUnit}


@every
def test_passes_keep_the_scores(name):
    graph = classic_graph(name)
    images = random_images(graph.input.shape, 10)
    before, after = golden.run(graph, images), golden.run(lower_graph(graph), images)
    np.testing.assert_array_equal(before["tail.scores"], after["tail.scores"])
    assert len(np.unique(before["tail.label"])) > 1


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if n == "inception" else ()) for n in CLASSIC]
)
@pytest.mark.parametrize(
    ("folds", "seed"), [("odd", 1), pytest.param("columns", 2, marks=pytest.mark.slow)]
)
def test_scores_and_cycles(name, folds, seed):
    graph = lower_graph(classic_graph(name, seed))
    plan = lower(graph, FOLDS[folds](graph))
    schedule = timing.simulate(plan, FRAMES)
    moved = pysim.replay(Accelerator(plan, None), frame_vectors(graph, plan, seed))
    assert moved["i"][0] == schedule.first_pixel
    assert result_ends(plan, moved["o"]) == schedule.results


@every
@pytest.mark.verilator
def test_verilog_level_by_level_under_stalls_and_after_a_reset(name, programs, tmp_path):
    graph = lower_graph(classic_graph(name, 3))
    plan = least_plan(graph, 2_000)
    schedule = timing.simulate(plan, 6)
    program = network.build(plan, programs, brief=True)
    images = random_images(graph.input.shape, 8, 4)
    truth = golden.run(graph, images)
    scores = truth["tail.scores"].reshape(len(images), -1)

    def run(**options):
        found = network.simulate(
            program, plan, images, tmp_path, cycles_per_frame=schedule.interval, **options
        )
        np.testing.assert_array_equal(found.scores, scores)
        np.testing.assert_array_equal(found.labels, truth["tail.label"].reshape(-1))
        return found

    levels = tmp_path / "levels.txt"
    free = run(taps_file=levels)
    assert free.results[:6] == schedule.results
    wrong = taps.mismatches(levels, plan, truth)
    names = {op.name for op in graph.ops if not isinstance(op, ir.Bias | ir.Flatten)}
    names -= {  # of one pixel it is the pixel, and no unit
        op.name for op in graph.ops
        if isinstance(op, ir.PixelSum) and graph.types[op.inputs[0]].shape[:2] == (1, 1)
    }  # fmt: skip
    assert set(wrong) >= names - {"pixels", "tail.scores", "tail.label"}
    assert not any(wrong.values()), wrong
    for into, out in ((60, 0), (0, 220), (220, 60)):
        run(pause_in=into, pause_out=out, seed=into + out)
    assert run(reset_at=int(free.results[0] * 1.5)).results == free.results


@pytest.mark.verilator
@pytest.mark.parametrize("kernel", [(2, 2), (3, 2)])
def test_rows_that_fill_no_window_are_waited_for(kernel, programs, tmp_path):
    """They are still on their way when the last result comes; golden has them too."""
    net = Builder("left_over", (7, 5, 1), 2)
    net.conv("a", 6, 3, BINARY)
    net.threshold("a.act", 2)
    net.add(ir.MaxPool, "pool", kernel=kernel)
    net.conv("b", 3, 1, BINARY)
    graph = lower_graph(net.graph(3))
    plan = lower(graph, {name: Fold(pe=1, simd=1) for name in ("a", "b")})
    images = random_images(graph.input.shape, 3)
    found = network.simulate(
        network.build(plan, programs, brief=True), plan, images, tmp_path,
        cycles_per_frame=timing.simulate(plan).interval, taps_file=tmp_path / "levels",
    )  # fmt: skip
    truth = golden.run(graph, images)
    np.testing.assert_array_equal(found.labels, truth["tail.label"].reshape(-1))
    assert not any(taps.mismatches(tmp_path / "levels", plan, truth).values())


@pytest.mark.parametrize(
    ("weights", "count", "masked", "inverted"),
    [
        ((-1, 1), 1, False, False),
        ((1, 1), 1, False, False),
        ((-3, 1), 2, False, False),
        ((5, -7), 3, False, False),
        ((9, 1), 4, False, False),
        ((0, 1), 1, True, False),
        ((-1, 0), 1, True, True),
        ((-1, 2), 3, True, True),
        ((-2, 1), 2, True, True),
        ((-128, 127), 8, True, True),
        ((6, 0), 3, True, False),
    ],
)
def test_planes_add_up_to_the_weights(weights, count, masked, inverted):
    weight = np.array(weights).reshape(2, 1, 1, 1)
    found = planes(ir.Conv(name="a", weight=weight, stride=1, padding=0, scale=None))
    assert (found.count, found.masked, found.inverted) == (count, masked, inverted)
    bits = found.bits.reshape(2, count).astype(int)
    worth = 2 ** np.arange(count) * np.where(np.arange(count) == count - 1, 1 - 2 * inverted, 1)
    values = bits if masked else 1 - 2 * bits
    np.testing.assert_array_equal((values * worth).sum(axis=1), weight.reshape(-1))
