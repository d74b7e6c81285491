"""Weights in all the ways in which tools write them."""

import numpy as np
import pytest
from onnx_models import Maker, refused_with, same

BITS = (1, 3, 8)


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize("zero", [1.0, 3.0])
def test_zero_points_of_quant(bits, signed, zero, tmp_path):
    """qonnx has them as floats."""
    m = Maker()
    real = m.const(m.dice.normal(size=(4, 3, 3, 3)))
    w = m.quant(real, max(bits, 2) if signed else bits, 0.5, zero, signed=signed)
    x = m.node("Conv", m.quant("image", 8, 1 / 128), w, pads=[1] * 4)
    same(m, m.scores(m.quant(x, 3, 0.9), 4), tmp_path)


@pytest.mark.parametrize(("low", "high"), [(-7, 7), (0, 1), (-128, 127)])
def test_constants_that_are_integers(low, high, tmp_path):
    """As FINN leaves them, with no quantizer before."""
    m = Maker()
    shapes = (4, 3, 3, 3), (4, 5)
    first, last = (m.const(m.dice.integers(low, high + 1, shape) * 1.0) for shape in shapes)
    x = m.node("Conv", m.quant("image", 8, 1 / 128), first, pads=[1] * 4)
    x = m.node("GlobalMaxPool", m.quant(x, 3, high / 2))
    same(m, m.node("MatMul", m.node("Flatten", x), last), tmp_path)


def test_wider_integers_are_refused(tmp_path):
    m = Maker()
    x = m.node("Conv", "image", m.const(np.full((4, 3, 1, 1), 128.0)))
    assert "bit width of weights must be a whole number in 1..8 (got 9)" in refused_with(
        m, m.node("GlobalAveragePool", x), tmp_path
    )
