"""Fractions: roots, and levels beside the definition."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from fq_hw.exact import FAR, ceilings, exact, inverse_roots, root


def test_a_constant_is_the_number_that_it_is():
    values = np.array([[0.1, -2.5], [1e-30, 0.0]], np.float32)
    found = exact(values)
    assert found.shape == (2, 2) and found[0, 0] == Fraction(13421773, 2**27) != Fraction(1, 10)
    assert (found.astype(np.float64) == values).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_what_is_no_number(value):
    with pytest.raises((ValueError, OverflowError)):
        exact([1.0, value])


@pytest.mark.parametrize("value", [Fraction(0), Fraction(9, 16), Fraction(10**40), Fraction(1, 4)])
def test_a_rational_root_is_exact(value):
    assert root(value) ** 2 == value


@pytest.mark.parametrize(
    "value", [Fraction(2), Fraction(1, 3), Fraction(7, 10**30), Fraction(10**31)]
)
def test_other_roots_are_right_to_many_bits(value):
    assert abs(root(value) ** 2 / value - 1) < Fraction(1, 2**180)
    (inverse,) = inverse_roots(np.array([value], object))
    assert inverse == 1 / root(value)


def reached(value, edge, exclusive):
    return value > edge if exclusive else value >= edge


@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize(
    ("scale", "shift"), [*itertools.product((0.25, -0.25, 0.0, 0.1, -3.0), (0.0, 1.5, -0.1))]
)
def test_levels_say_where_the_edge_is_reached(scale, shift, exclusive):
    """Edges 1.5 and 7 * 0.1 lie on integers for some of the scales: ties."""
    edges = exact([[-1.0, 7 * np.float64(0.1) + shift, 1.5]])
    units, zeros = exact([scale]), exact([shift])
    levels = ceilings(edges, zeros, units, np.full(edges.shape, exclusive))
    sign = -1 if scale < 0 else 1
    for x in range(-100, 101):
        for level, edge in zip(levels[0], edges[0], strict=True):
            want = reached(units[0] * x + zeros[0], edge, exclusive)
            assert (sign * x >= level) == want, (x, edge)


def test_levels_beyond_every_integer_stay_where_int64_holds_them():
    edges, no = exact([[1e300, -1e300]]), np.zeros((1, 2), bool)
    assert ceilings(edges, exact([0.0]), exact([1e-300]), no).tolist() == [[FAR, -FAR]]
