"""Least squares with prices that are never negative."""

import numpy as np
import pytest

from boards.fit import fit, nonnegative


def test_finds_what_made_the_numbers():
    dice = np.random.default_rng(1)
    a = dice.uniform(0, 10, (30, 4))
    x = np.array([3.0, 0.0, 0.5, 7.0])
    assert nonnegative(a, a @ x) == pytest.approx(x, abs=1e-6)


def test_takes_0_where_less_than_0_would_fit_better():
    a = np.array([[1.0, 1.0], [1.0, 2.0], [1.0, 3.0]])
    assert nonnegative(a, np.array([3.0, 2.0, 1.0])) == pytest.approx([2.0, 0.0], abs=1e-6)


def test_is_as_good_as_any_neighbour():
    dice = np.random.default_rng(2)
    a, b = dice.normal(size=(40, 6)), dice.normal(size=40)
    x = nonnegative(a, b)
    least = np.linalg.norm(a @ x - b)
    for _ in range(200):
        other = (x + dice.normal(scale=0.01, size=6)).clip(0)
        assert np.linalg.norm(a @ other - b) >= least - 1e-9


def test_prices_by_name():
    terms = [{"fixed": 1, "bits": n, "unused": 0} for n in (4, 8, 16, 40)]
    assert fit(terms, [5 + 2 * t["bits"] for t in terms]) == {
        "fixed": 5.0, "bits": 2.0, "unused": 0.0,
    }  # fmt: skip
