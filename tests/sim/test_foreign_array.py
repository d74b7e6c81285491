"""A foreign ONNX model with a stretch of layers in turn on an array: qonnx, golden, Verilog."""

from __future__ import annotations

import numpy as np
import pytest
from onnx_models import Maker

from fq_hw import flow, ir
from fq_hw.flow.verify import equal
from fq_hw.foreign import onnx
from fq_hw.schedule import timing
from fq_hw.schedule.in_turn.stage import places
from sim import network, taps

SHAPE, IMAGES = (1, 3, 8, 8), 3


def quantized(make: Maker, x: str, channels: int) -> str:
    """A norm of any sign, a Relu, levels of two bits."""
    x = make.node("Relu", make.norm(x, channels))
    return make.quant(x, 2, 0.7, signed=0)


def model(make: Maker) -> str:
    """Pixels of eight bits into a layer that streams; then three for the array, one strided."""
    x = quantized(make, make.conv(make.quant("image", 8, 1 / 128), 3, 6), 6)
    x = quantized(make, make.conv(x, 6, 8), 8)
    x = quantized(make, make.conv(x, 8, 8, strides=[2, 2]), 8)
    x = make.conv(x, 8, 5, kernel=1)
    return make.node("Flatten", make.node("GlobalAveragePool", x))


@pytest.mark.slow
@pytest.mark.verilator
def test_qonnx_golden_and_an_array_agree(tmp_path, programs):
    make = Maker(SHAPE, seed=3)
    file = make.save(tmp_path / "net.onnx", model(make))
    wrapped, pixels = onnx.read(file), onnx.PixelRange.UNIT
    imported = onnx.import_graph(wrapped, "net", pixels)
    net = flow.load(file)
    assert equal(imported.graph, net.graph)
    images = np.random.default_rng(1).integers(0, 256, (IMAGES, *net.image), np.uint8)
    for image in images:
        rows = list(onnx.compare(wrapped, imported, pixels, image))
        assert rows and not any(row.wrong for row in rows), rows

    firsts, lasts = places(net.graph)
    after = next(op.name for op in net.graph.ops if isinstance(op, ir.Threshold))
    assert after in firsts
    design = net.design(in_turn=[(after, lasts[-1])], array="2x2x4")
    program, levels = network.build(design.plan, programs, brief=True), tmp_path / "levels.txt"
    truth = {op.name: net.tensor(images, op.name) for op in net.graph.ops}
    for into, out in ((0, 0), (120, 60)):
        run = network.simulate(
            program, design.plan, images, tmp_path, pause_in=into, pause_out=out,
            cycles_per_frame=design.interval, taps_file=levels,
        )  # fmt: skip
        np.testing.assert_array_equal(run.scores, net.scores(images))
        np.testing.assert_array_equal(run.labels, net.labels(images))
        wrong = taps.mismatches(levels, design.plan, truth)
        assert {after, lasts[-1]} <= set(wrong) and not any(wrong.values()), wrong
        if into == out == 0:
            assert run.results == timing.simulate(design.plan, IMAGES).results
