"""The comparison with qonnx: ties are named, nothing else passes for one."""

from dataclasses import replace

import numpy as np
import pytest
from onnx_models import DOMAIN, Maker

from fq_hw.exact import exact
from fq_hw.foreign import onnx
from fq_hw.foreign.onnx.execution import ties
from fq_hw.foreign.onnx.values import Feature
from fq_hw.ir import Graph, Threshold

BYTE = onnx.PixelRange.BYTE


def tied(make):
    """Sums of p times float32(0.05) on edges of float32(0.3): exact below, in float32 on them."""
    x = make.quant("image", 8, 1.0, signed=0)
    real = make.const(np.ones((2, 1, 1, 1)))
    weights = make.node("BipolarQuant", real, make.const(0.05), domain=DOMAIN)
    x = make.node("Conv", x, weights, kernel_shape=[1, 1])
    x = make.quant(x, 4, 0.3, signed=0)
    x = make.conv(x, 2, 3, kernel=1, pads=[0] * 4)
    return make.node("Flatten", make.node("GlobalAveragePool", x))


@pytest.fixture
def case(tmp_path):
    make = Maker((1, 1, 4, 4), 3)
    model = onnx.read(make.save(tmp_path / "net.onnx", tied(make)))
    return model, onnx.import_graph(model, "net", BYTE)


IMAGE = np.arange(16, dtype=np.uint8).reshape(4, 4, 1) * 3


def rows_of(model, imported, image=IMAGE):
    return {row.tensor: row for row in onnx.compare(model, imported, BYTE, image)}


def test_a_sum_within_rounding_of_an_edge_is_a_tie(case):
    rows = rows_of(*case)
    assert not any(row.wrong for row in rows.values()), rows
    found = {name: row.ties for name, row in rows.items() if row.ties}
    assert list(found) == ["Quant_1_out0"] and found["Quant_1_out0"] >= 2
    assert len(rows) == 8  # what comes behind the ties is compared too


def test_several_edges_in_one_place_are_one_tie():
    """A Sign falls from -1 to +1 where the sum is 0 but for rounding; a step of 1/2 does not."""
    shape = {"op": "x", "shape": (1, 1, 1), "peak": np.ones(1)}
    source = Feature(**shape, scale=exact([1.0]), shift=exact([0.0]))
    codes, x, real, off = (np.full((1, 1, 1, 1), value) for value in (2, 0, 1e-9, 1e-6))
    for edges, want in (([0.0, 0.0], True), ([0.0, 0.5], False), ([-0.5, 0.0], False)):
        feature = Feature(**shape, scale=exact([1.0]), shift=exact([-1.0]), source=source,
                          edges=exact([edges]))  # fmt: skip
        assert ties(codes, x, real, off, feature).all() == want
        assert ties(x, codes, real, off, feature).all() == want
    assert not ties(x, x, real, off, feature).any()


def changed(imported, step):
    """With the levels of the whole graph's threshold changed."""
    ops = [step(op) if isinstance(op, Threshold) else op for op in imported.whole.ops]
    return replace(imported, whole=Graph("net", tuple(ops)))


@pytest.mark.parametrize("off", [2, -2])
def test_a_wrong_level_is_no_tie(case, off):
    model, imported = case
    spoiled = changed(imported, lambda op: replace(op, levels=op.levels + off))
    rows = rows_of(model, spoiled, IMAGE // 3)
    assert rows["Quant_1_out0"].wrong > 0


def test_a_lost_bias_is_seen_in_scores_and_label(tmp_path):
    """Class 1 is ahead by less than a unit of the sums."""
    make = Maker((1, 1, 2, 2), 0)
    x = make.quant("image", 2, 85.0, signed=0)
    weights = make.weights((1, 2), bits=1, scale=1.0)
    x = make.node("MatMul", make.node("Flatten", make.node("GlobalAveragePool", x)), weights)
    out = make.node("Add", x, make.const([0.0, 0.15]))
    model = onnx.read(make.save(tmp_path / "net.onnx", out))
    imported = onnx.import_graph(model, "net", BYTE)
    image = np.zeros((2, 2, 1), np.uint8)
    assert not any(row.wrong for row in rows_of(model, imported, image).values())
    assert rows_of(model, imported, image)["class"].found == 1
    ops = [replace(op, bias=None) if op.name == "scores" else op for op in imported.whole.ops]
    spoiled = replace(imported, whole=Graph("net", tuple(ops)))
    rows = rows_of(model, spoiled, image)
    assert rows["scores"].wrong == 1 and rows["class"].wrong == 1


@pytest.mark.parametrize(("gain", "verdict"), [(100.0, "ties"), (0.01, "wrong")])
def test_classes_that_a_sigmoid_no_longer_tells_apart_are_a_tie(gain, verdict, tmp_path):
    """In float32 both are 1.0 and ArgMax names the first; class 1 has the larger sum."""
    make = Maker((1, 1, 2, 2), 0)
    x = make.quant("image", 2, 85.0, signed=0)
    ones = make.const(np.ones((1, 2)))
    weights = make.node("BipolarQuant", ones, make.const(1.0), domain=DOMAIN)
    x = make.node("MatMul", make.node("Flatten", make.node("GlobalAveragePool", x)), weights)
    x = make.node("Mul", make.node("Add", x, make.const([300.0, 301.0])), make.const(gain))
    out = make.node("ArgMax", make.node("Sigmoid", x), axis=1)
    model = onnx.read(make.save(tmp_path / "net.onnx", out))
    imported = onnx.import_graph(model, "net", BYTE)
    if verdict == "wrong":  # nothing is saturated: another label is a fault
        op = imported.whole["scores"]
        op = replace(op, multiplier=op.multiplier * [1, 0], bias=op.bias * 0)
        ops = [op if other.name == "scores" else other for other in imported.whole.ops]
        imported = replace(imported, whole=Graph("net", tuple(ops)))
    image = np.full((2, 2, 1), 255, np.uint8)
    found = rows_of(model, imported, image)["class"]
    assert getattr(found, verdict) == 1 and found.wrong + found.ties == 1
