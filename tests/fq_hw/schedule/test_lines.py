"""Thresholds on a line: the same levels for every integer, or no line."""

import numpy as np
import pytest

from fq_hw import ir
from fq_hw.foreign.tflite.arithmetic import Factor, levels_of
from fq_hw.ir import TensorType
from fq_hw.schedule.lines import FEWEST_BITS, line_of

RNG = np.random.default_rng(3)


def threshold(levels: np.ndarray, bits: int = 8, sign: int = 1) -> ir.Threshold:
    return ir.Threshold(
        name="t", inputs=("x",), levels=levels, out_bits=bits, sign=np.full(len(levels), sign)
    )


def sums(low: np.ndarray, high: np.ndarray) -> TensorType:
    return TensorType(shape=(1, 1, len(low)), low=low, high=high)


@pytest.mark.parametrize("zero", [-128, -3, 40, 127])
@pytest.mark.parametrize("once", [True, False])
def test_a_kernels_requantization_is_a_line(zero, once):
    """Rounded half away from 0, each side of it has a bias of its own."""
    count = 12
    low, high = -RNG.integers(5_000, 90_000, count), RNG.integers(5_000, 90_000, count)
    factor = Factor.of(RNG.uniform(0.0005, 0.05, count))
    times = factor.times_once if once else factor.times

    def kernel(x: np.ndarray) -> np.ndarray:
        return np.clip(times(x) + zero + 128, 0, 255)

    line = line_of(threshold(levels_of(kernel, low, high, 2**60)), sums(low, high))
    assert line is not None
    assert line.two_sided == (not once and -128 < zero < 127)
    for channel in range(count):
        x = np.arange(low[channel], high[channel] + 1)[:, None] * np.ones(count, int)
        x = x.clip(low, high)
        np.testing.assert_array_equal(line.levels(x)[:, channel], kernel(x)[:, channel])


def test_a_parabola_is_none():
    levels = np.cumsum(np.arange(255))[None] + 5
    assert line_of(threshold(levels), sums(np.array([0]), np.array([40_000]))) is None


def test_few_levels_and_falling_ones_are_compared():
    few = np.arange(2 ** (FEWEST_BITS - 1) - 1)[None] * 7
    x = sums(np.array([0]), np.array([2_000]))
    assert line_of(threshold(few, FEWEST_BITS - 1), x) is None
    many = np.arange(255)[None] * 7
    assert line_of(threshold(many), x) is not None
    assert line_of(threshold(many, sign=-1), x) is None
