"""Weights in all the ways in which tools write them."""

import pytest
from onnx_models import Maker, same

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
