"""A sum of two tables of 256 integers as one of smaller integers, with the same result."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["by_shift", "coarse"]

SPARE = 24  # low bits that are tried to be dropped, at most
SHIFTS = range(6, 20)  # bits behind the point of a table whose sum is only shifted
ASIDE = (0, -1, 1, -2, 2, -3, 3)  # what is added to it, for ties that fall on either side


def by_shift(
    exact: Sequence[np.ndarray], zero: int, made: np.ndarray
) -> tuple[tuple[np.ndarray, np.ndarray], int] | None:
    """Tables whose sum, shifted and rounded, is the result for all pairs, and the shift.

    ``exact``: what each level adds, in units of the result, float64; ``zero``: the level of 0;
    ``made``: as for ``coarse``. None where no table of so many bits does it.
    """
    for shift in SHIFTS:
        first, second = (np.round(part * 2.0**shift).astype(np.int64) for part in exact)
        sums = first[:, None] + second + (zero << shift) + (1 << shift >> 1)
        for aside in ASIDE:
            if (((sums + aside) >> shift).clip(0, 255) == made).all():
                return (first + (zero << shift) + aside, second), shift
    return None


def coarse(
    tables: Sequence[np.ndarray], made: np.ndarray
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Tables with as few low bits as keep the result, and the thresholds of their sums.

    ``made``: levels 0..255 of all 256 x 256 pairs, which never fall as the sum rises. The tables
    that come need 28 bits, as the kernel scales them up; what they decide needs some 16.
    """
    for dropped in range(SPARE, -1, -1):
        half = (1 << dropped) >> 1
        first, second = ((table + half) >> dropped for table in tables)
        sums = first[:, None] + second
        levels = thresholds(sums, made)
        if levels is not None:
            return (first, second), levels
    raise AssertionError("the kernel's result falls as its sum rises")


def thresholds(sums: np.ndarray, made: np.ndarray) -> np.ndarray | None:
    """The least sum of each level 1..255, where sums tell levels apart; else None."""
    flat, results = sums.reshape(-1), made.reshape(-1)
    order = np.lexsort((results, flat))
    flat, results = flat[order], results[order]
    first = np.searchsorted(flat, flat, side="left")  # of equal sums: all must give one result
    if (results != results[first]).any() or (np.diff(results) < 0).any():
        return None
    found = np.searchsorted(results, np.arange(1, 256), side="left")
    top = flat[-1] + 1
    return np.where(found < len(flat), flat[np.minimum(found, len(flat) - 1)], top)
