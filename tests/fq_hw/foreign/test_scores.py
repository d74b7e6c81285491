"""Integer scores rank as the model's real ones do."""

import numpy as np
import pytest

from fq_hw.exact import exact
from fq_hw.foreign.onnx.scores import Scores
from fq_hw.foreign.onnx.values import Feature
from fq_hw.ir import TensorType


def scores_of(scale, shift):
    size = max(np.size(scale), np.size(shift))
    scale, shift = (exact(np.broadcast_to(np.float32(v), size)) for v in (scale, shift))
    return Scores.of(feature_of(scale, shift), sums(size))


def feature_of(scale, shift):
    size = len(scale)
    return Feature(op="x", shape=(1, 1, size), scale=scale, shift=shift, peak=np.ones(size))


def sums(size, most=1000):
    low, high = (np.full(size, sign * most) for sign in (-1, 1))
    return TensorType(shape=(1, 1, size), low=low, high=high)


def error(scores):
    return scores.error(sums(len(scores.bias)))


def test_one_scale_and_no_bias_need_no_multiplier():
    found = scores_of([0.37, 0.37, 0.37], 0.1)
    assert found.multiplier.tolist() == [1, 1, 1] and not found.bias.any() and error(found) == 0


def test_a_bias_smaller_than_a_unit_is_kept():
    """Class 1 is ahead by 0.15 of a unit: rounded to whole units the label would be 0 for ever."""
    found = scores_of(1.0, [0.0, 0.15])
    assert found.multiplier[0] == found.multiplier[1] and found.bias[1] > found.bias[0]
    ahead = (found.bias[1] - found.bias[0]) * float(found.unit)
    assert ahead == pytest.approx(0.15, rel=1e-3) and error(found) < 1e-4


def test_small_integers_are_exact():
    found = scores_of([0.5, 0.75, -0.25], [0.125, -3.0, 8.0])
    assert error(found) == 0
    real = found.real(np.array([7, 7, 7]) * found.multiplier + found.bias)
    np.testing.assert_array_equal(real, [7 * 0.5 + 0.125, 7 * 0.75 - 3, -7 * 0.25 + 8])


def test_scores_of_0_stay_equal_and_small_ones_near():
    """Levels that start at -128: the sums of a black image differ, its scores do not."""
    scale, zero = np.array([0.0171, 0.0093, 0.0139]), np.array([70_001, -52_000, 31])
    exactly = exact(scale)
    found = Scores.of(feature_of(exactly, -exactly * exact(zero)), sums(3, 100_000))
    black = found.multiplier * zero + found.bias
    assert len(set(black.tolist())) == 1
    real = found.real((zero + 10) * found.multiplier + found.bias)
    np.testing.assert_allclose(real, 10 * scale, rtol=1e-4)


def test_a_large_bias_takes_no_precision_from_small_sums():
    """Sums of at most 1000 are rounded about the nearest of them, not about a far zero."""
    found = scores_of([0.31, 0.173], [5e5, 5e5 + 40])
    assert error(found) < 0.02


@pytest.mark.parametrize("seed", range(5))
def test_the_error_bounds_every_difference(seed):
    dice = np.random.default_rng(seed)
    scale, shift = dice.uniform(0.001, 1, 6), dice.normal(size=6) * 10 ** dice.uniform(-3, 6)
    found, x = scores_of(scale, shift), dice.integers(-1000, 1001, (500, 6))
    real = x * found.feature.scale.astype(float) + found.feature.shift.astype(float)
    off = found.real(x * found.multiplier + found.bias) - real
    pairs = np.abs(off[:, :, None] - off[:, None, :]).max()
    assert 0 < pairs <= error(found) + 1e-9
