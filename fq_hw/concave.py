"""Where a concave function is largest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["highest"]

Function = Callable[[np.ndarray], np.ndarray]


def highest(function: Function, low: np.ndarray, high: np.ndarray, steps: int) -> np.ndarray:
    """Between ``low`` and ``high`` the places where ``function``, each by itself, is largest.

    Arrays float64 of one shape. In each step the third is thrown away where it cannot be.
    """
    for _ in range(steps):
        one, other = low + (high - low) / 3, high - (high - low) / 3
        rising = function(one) < function(other)
        low, high = np.where(rising, one, low), np.where(rising, high, other)
    return (low + high) / 2
