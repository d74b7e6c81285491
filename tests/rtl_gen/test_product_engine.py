"""What products on multipliers refuse. The rest: test_every_component."""

from dataclasses import replace

import pytest

from fq_hw.errors import FoldingError
from fq_hw.schedule.units import DepthwiseUnit, ProductUnit
from fq_hw.schedule.units.engine import Shared, shared

GOOD = ProductUnit(cin=4, cout=4, taps=9, pixels=4, pe=2, simd=2, act_bits=8, weight_bits=8)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"pe": 5}, r"pe must be in 1\.\.4 \(got 5\)"),
        ({"simd": 5}, r"simd must be in 1\.\.4 \(got 5\)"),
        ({"weight_bits": 1}, r"multiplies .* weights of 2\.\.18 \(got \(8, 1\)\)"),
        ({"weight_bits": 19}, r"multiplies .* weights of 2\.\.18 \(got \(8, 19\)\)"),
        ({"act_bits": 18}, r"multiplies levels of up to 17 bits .*\(got \(18, 8\)\)"),
    ],
)
def test_refuses_foldings_and_factors_that_do_not_fit(fields, said):
    with pytest.raises(FoldingError, match=rf"^ProductUnit: {said}$"):
        replace(GOOD, **fields)


def test_depthwise_signs_are_not_multiplied():
    fields = {"cout": 4, "taps": 9, "pixels": 4, "pe": 2, "act_bits": 8}
    with pytest.raises(FoldingError, match=r"^DepthwiseUnit: multiplies .* \(got \(8, 1\)\)$"):
        DepthwiseUnit(**fields, weight_bits=1, dsp=True)


def test_two_products_share_a_multiplier_where_that_is_exact():
    """Every pair of products at the ends of the ranges, from one product of 18 signed bits each."""
    seen = set()
    for act_bits in range(1, 18):
        for weight_bits in range(2, 19):
            way, place = shared(act_bits, weight_bits, 2, 2), act_bits + weight_bits
            seen.add(way)
            top, most = 2**act_bits - 1, 2 ** (weight_bits - 1)
            if way is Shared.NONE:
                continue
            for levels in ((0, 0), (0, top), (top, 0), (top, top)):
                for weights in ((-most, -most), (-most, most - 1), (most - 1, -most)):
                    if way is Shared.WEIGHT:
                        both, other = levels[0] + (levels[1] << place), weights[0]
                        wanted = [level * other for level in levels]
                    else:
                        both, other = weights[0] + (weights[1] << place), levels[0]
                        wanted = [weight * other for weight in weights]
                    assert -(2**17) <= both < 2**17 and -(2**17) <= other < 2**17
                    product, half = both * other, 1 << place - 1
                    low = (product + half) % (2 * half) - half
                    assert [low, (product >> place) + (low < 0)] == wanted
    assert seen == set(Shared)
