"""The integer meaning: small layers by hand, and what hardware may rely on."""

from __future__ import annotations

import re

import numpy as np
import pytest
from floats import FLOATS, random_fixed, random_pixels

from fq_hw.errors import ArtifactError
from fq_hw.fixed.format import Format
from fq_hw.fixed.integers import evaluate
from fq_hw.fixed.network import FixedNetwork, Role, Tensor, tensors
from fq_hw.float_network import FloatNetwork, Layer, Op

NETWORK = FloatNetwork(
    name="two",
    image=(1, 2, 1),
    classes=2,
    layers=(
        Layer(op=Op.CONV, name="first", width=1, kernel=1, relu=True),
        Layer(op=Op.DENSE, name="last", width=2),
    ),
)


def two(bias: Format, given: Format, bias_code: int = 3) -> FixedNetwork:
    """first: 3 * pixel + bias; last: the two pixels with weights (1, 2) and (-1, 3)."""
    form = Format(4, 1)
    formats = dict.fromkeys(tensors(NETWORK), form)
    formats[Tensor("first", Role.BIAS)] = bias
    formats[Tensor("first", Role.ACTIVATION)] = given
    codes = {
        Tensor("first", Role.WEIGHT): np.full((1, 1, 1, 1), 3),
        Tensor("first", Role.BIAS): np.array([bias_code]),
        Tensor("last", Role.WEIGHT): np.array([1, 2, -1, 3]).reshape(2, 1, 1, 2),
        Tensor("last", Role.BIAS): np.zeros(2, np.int64),
    }
    return FixedNetwork(network=NETWORK, formats=formats, codes=codes)


def run(fixed, left, right):
    """Codes of the first layer and scores."""
    seen = {}
    pixels = np.array([[[[left], [right]]]], np.uint8)
    scores = evaluate(fixed, pixels, seen.__setitem__)
    return seen["first"].ravel().tolist(), scores.ravel().tolist()


def test_sums_bias_rounding_and_clipping():
    # sums have 8 + 1 places, the bias 4: 3 becomes 96; 2 places are kept: halves of 128 go up
    fixed = two(Format(5, 4), Format(6, 2))
    assert run(fixed, 0, 10) == ([1, 1], [3, 2])  # 96 / 128 + 1/2, 126 / 128 + 1/2
    assert run(fixed, 31, 32) == ([1, 2], [5, 5])  # 189 is below 1.5 * 128, 192 is it
    assert run(fixed, 0, 255) == ([1, 7], [15, 20])
    assert run(two(Format(5, 4), Format(3, 2)), 0, 255)[0] == [1, 3]  # clipped at 3


def test_relu_clips_below_and_a_finer_bias_is_rounded_half_up_once():
    assert run(two(Format(5, 4), Format(6, 2), -15), 0, 255)[0] == [0, 2]  # -480, 285 / 128
    # 11 places: 3 / 4 becomes 1, -3 / 4 becomes -1, 2 / 4 becomes 1, -2 / 4 becomes 0
    for code, rounded in ((3, 1), (-3, -1), (2, 1), (-2, 0)):
        fixed = two(Format(5, 11), Format(12, 9), code)
        assert run(fixed, 1, 1)[0] == [3 + rounded] * 2


def test_finer_codes_than_sums_are_shifted_left():
    assert run(two(Format(5, 4), Format(14, 10)), 0, 1)[0] == [192, 198]


def test_weights_of_one_bit_leave_the_bias():
    fixed = two(Format(5, 4), Format(6, 2))
    formats = {**fixed.formats, Tensor("first", Role.WEIGHT): Format(1, 1)}
    codes = {**fixed.codes, Tensor("first", Role.WEIGHT): np.zeros((1, 1, 1, 1), np.int64)}
    fixed = FixedNetwork(network=NETWORK, formats=formats, codes=codes)
    assert run(fixed, 7, 200)[0] == [1, 1]


@pytest.mark.parametrize("name", FLOATS)
def test_near_the_float_network_where_formats_are_wide(name):
    """Sixteen bits: every layer within a few steps of real arithmetic."""
    fixed = random_fixed(name, 5)
    wide = {t: Format(16, 9) for t in fixed.formats}
    codes = {}
    for tensor, code in fixed.codes.items():
        codes[tensor] = code << (9 - fixed.formats[tensor].fraction)
    fixed = FixedNetwork(network=fixed.network, formats=wide, codes=codes)
    other = {t: Format(20, 13) for t in fixed.formats}
    finer = FixedNetwork(
        network=fixed.network, formats=other, codes={t: c << 4 for t, c in codes.items()}
    )
    seen, again = {}, {}
    images = random_pixels(fixed.network, 3, 6)
    evaluate(fixed, images, seen.__setitem__)
    evaluate(finer, images, again.__setitem__)
    for layer, places in fixed.fractions().items():
        if layer != "image":
            scaled = again[layer] / 2.0 ** finer.fractions()[layer]
            far = np.abs(seen[layer] / 2.0**places - scaled).max()
            assert far < 0.1 and np.abs(scaled).max() > 0.1, layer


def test_ranges_hold_and_pools_keep_places():
    fixed = random_fixed("branched", 3)
    seen = {}
    evaluate(fixed, random_pixels(fixed.network, 8, 1), seen.__setitem__)
    places = fixed.fractions()
    assert places["most"] == places["mean"]
    for layer, (low, high) in fixed.ranges().items():
        if layer in seen and layer != "scores":
            assert low <= seen[layer].min() and seen[layer].max() <= high
            assert len(np.unique(seen[layer])) > 2, layer


def lacks(fixed):
    del fixed["formats"][Tensor("first", Role.BIAS)]


def more(fixed):
    fixed["formats"][Tensor("last", Role.ACTIVATION)] = Format(8, 1)


def no_codes(fixed):
    del fixed["codes"][Tensor("last", Role.BIAS)]


def shape(fixed):
    fixed["codes"][Tensor("last", Role.BIAS)] = np.zeros(3, np.int64)


def limit(fixed):
    fixed["codes"][Tensor("last", Role.BIAS)] = np.array([0, -8])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lacks, "needs a format for every tensor (got ['first.bias'])"),
        (more, "must hold formats of its tensors alone (got ['last.activation'])"),
        (no_codes, "needs 4 arrays of codes (got ['first.bias', 'first.weight', 'last.weight'])"),
        (shape, "last.bias: must be (2,) (got (3,))"),
        (limit, "last.bias: codes must be at most 7 (got 8)"),
    ],
)
def test_refuses(damage, message):
    fixed = two(Format(5, 4), Format(6, 2))
    parts = {"formats": dict(fixed.formats), "codes": dict(fixed.codes)}
    damage(parts)
    with pytest.raises(ArtifactError, match=f"^fixed-point network 'two'.*{re.escape(message)}"):
        FixedNetwork(network=NETWORK, **parts)
