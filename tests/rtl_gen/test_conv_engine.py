"""Convolution engines: one sum by hand, and refusals. The rest: test_every_component."""

from dataclasses import replace

import pytest

from fq_hw.errors import FoldingError
from fq_hw.schedule.units import READ, ConvUnit
from rtl_gen.conv_engine import ConvEngine
from sim import pysim
from sim.vectors import Vectors
from sim.zoo import ZOO

GOOD = ZOO["conv_pe_1"]


def test_raw_sum_by_hand():
    unit = ConvUnit(cin=4, cout=1, taps=1, pixels=1, pe=1, simd=2, act_bits=2)
    acts = (0b10_01, 0b11_00)  # 1, 2, 0, 3
    weights = (0b10, 0b01)  # +1 -1 -1 +1: 1 + (3-2) + (3-0) + 3
    late = {"i": READ, "i_weight": READ}
    vectors = Vectors(i={"i": acts, "i_weight": weights}, o={"o": (8,)}, late=late)
    pysim.replay(ConvEngine(unit), vectors)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"pe": 4}, r"^ConvUnit: pe must be in 1\.\.3 \(got 4\)$"),
        ({"pe": 0}, r"^ConvUnit: pe must be in 1\.\.3 \(got 0\)$"),
        ({"simd": 5}, r"^ConvUnit: simd must be in 1\.\.4 \(got 5\)$"),
        ({"simd": 0}, r"^ConvUnit: simd must be in 1\.\.4 \(got 0\)$"),
        (
            {"simd": 3, "padded": True, "pad_level": 1, "masked": False},
            r"^ConvUnit: simd must divide 4 channels where padding is not level 0 \(got 3\)$",
        ),
    ],
)
def test_refuses(fields, message):
    with pytest.raises(FoldingError, match=message):
        assert isinstance(replace(GOOD, **fields), ConvUnit)
