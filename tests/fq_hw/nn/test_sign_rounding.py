"""Signs for real weights: against every choice of signs, and where inputs say nothing."""

import itertools

import numpy as np
import pytest

from fq_hw.nn.sign_rounding import round_to_signs
from fq_hw.rounding import Moments


def variance(rows, known):
    return (rows @ known.covariance * rows).sum(1)


def related(count, rng):
    """Moments of inputs that have much in common, as neighbouring pixels do."""
    inputs = rng.normal(size=(1000, count)) + 2 * rng.normal(size=(1000, 1))
    return Moments(mean=inputs.mean(0), covariance=np.cov(inputs.T))


def of(covariance):
    return Moments(mean=np.zeros(len(covariance)), covariance=covariance)


@pytest.mark.parametrize("seed", range(6))
def test_close_to_the_best_of_all_signs(seed):
    rng = np.random.default_rng(seed)
    known, weight = related(8, rng), rng.normal(size=(5, 8))
    found = round_to_signs(weight, known)
    every = np.array(list(itertools.product([-1.0, 1.0], repeat=8)))
    along = (every @ known.covariance @ weight.T).clip(0)  # signs, rows
    least = variance(weight, known) - (along**2 / variance(every, known)[:, None]).max(0)
    lost = variance(found - weight, known)
    assert (lost >= least - 1e-9).all()
    assert lost.sum() < 1.5 * least.sum()
    nearest = np.where(weight >= 0, 1.0, -1.0) * np.abs(weight).mean(1, keepdims=True)
    assert lost.sum() < 0.7 * variance(nearest - weight, known).sum()


@pytest.mark.parametrize("seed", range(3))
def test_one_size_for_a_row_and_no_other_is_better(seed):
    rng = np.random.default_rng(seed)
    known, weight = related(30, rng), rng.normal(size=(4, 30))
    found = round_to_signs(weight, known)
    np.testing.assert_allclose(np.abs(found), np.abs(found[:, :1]).repeat(30, 1))
    lost = variance(found - weight, known)
    for factor in (0.99, 1.01):
        assert (variance(found * factor - weight, known) > lost).all()


def test_weights_that_are_signs_already_stay():
    rng = np.random.default_rng(1)
    weight = np.where(rng.random((6, 40)) < 0.5, -1.0, 1.0) * (rng.random((6, 1)) + 0.1)
    np.testing.assert_allclose(round_to_signs(weight, related(40, rng)), weight)


def test_ten_inputs_that_are_the_same_take_eleven_values():
    """One weight on ten copies of an input: as many of them +1 as the weight asks for."""
    once = related(3, np.random.default_rng(5)).covariance
    weight = np.array([[1.0, 0.4, -0.2]])
    found = round_to_signs(weight.repeat(10, 1), of(once.repeat(10, 0).repeat(10, 1)))
    np.testing.assert_allclose(found.reshape(3, 10).mean(1), weight[0])


@pytest.mark.parametrize("same", [np.zeros((6, 6)), np.ones((6, 6))], ids=["dark", "flat"])
def test_inputs_that_never_differ(same):
    weight = np.random.default_rng(2).normal(size=(3, 6))
    found = round_to_signs(weight, of(same))
    assert found.shape == weight.shape
    assert np.isfinite(found).all()


def test_no_weight_no_size():
    assert (round_to_signs(np.zeros((2, 6)), of(np.eye(6))) == 0).all()


def test_rows_are_found_one_by_one():
    rng = np.random.default_rng(7)
    known, weight = related(20, rng), rng.normal(size=(5, 20))
    whole = round_to_signs(weight, known)
    for row in range(5):
        np.testing.assert_allclose(round_to_signs(weight[row : row + 1], known)[0], whole[row])
