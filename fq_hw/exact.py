"""Real numbers on which a level is decided: fractions, so that a tie is a tie only if it is one.

Constants come as float32 or float64 and are taken as the numbers that they are. Sums, products and
quotients of them are exact; a root is exact where it is rational, else right to ROOT_BITS bits,
which is far finer than any two levels can be told apart by.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

__all__ = ["FAR", "ceilings", "exact", "inverse_roots", "root"]

ROOT_BITS = 192
FAR = 2**62  # a level that no integer of a network reaches


def exact(values: object) -> np.ndarray:
    """``values`` as fractions, in an array of the same shape. Raises ValueError for NaN."""
    array = np.asarray(values)
    out = np.empty(array.shape, object)
    out.reshape(-1)[:] = [Fraction(value) for value in array.reshape(-1).tolist()]
    return out


def root(value: Fraction) -> Fraction:
    """The square root of a number that is not negative."""
    above, below = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if above**2 == value.numerator and below**2 == value.denominator:
        return Fraction(above, below)
    short = ROOT_BITS - (value.numerator.bit_length() - value.denominator.bit_length()) // 2
    places = max(short, 0)
    return Fraction(math.isqrt((value.numerator << 2 * places) // value.denominator), 1 << places)


def inverse_roots(values: np.ndarray) -> np.ndarray:
    """1 / root of every one of some fractions, all above 0."""
    return np.array([1 / root(value) for value in values], object)


def ceilings(
    edges: np.ndarray, shift: np.ndarray, scale: np.ndarray, exclusive: np.ndarray
) -> np.ndarray:
    """Levels t (C,T) of integers x: scale * x + shift reaches the edge just where s * x >= t.

    ``edges`` C,T and ``shift``, ``scale`` C are fractions, s the sign of ``scale``. An edge that is
    ``exclusive`` (C,T) must be passed. Where the scale is 0 a level is -FAR (always) or FAR.
    """
    levels = np.empty(edges.shape, np.int64)
    for channel, (row, zero, unit) in enumerate(zip(edges, shift, scale, strict=True)):
        for index, (edge, open_) in enumerate(zip(row, exclusive[channel], strict=True)):
            # (edge - zero) / |unit| as above / below: a Fraction would be reduced at every step.
            gap = edge.numerator * zero.denominator - zero.numerator * edge.denominator
            above = gap * unit.denominator
            below = edge.denominator * zero.denominator * abs(unit.numerator)
            if below == 0:
                level = FAR if above > 0 or (open_ and above == 0) else -FAR
            else:
                level = above // below + 1 if open_ else -(-above // below)
            levels[channel, index] = min(max(level, -FAR), FAR)
    return levels
