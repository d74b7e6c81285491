"""Prices from measurements: non-negative least squares over the terms of a unit kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

__all__ = ["fit", "nonnegative"]

SMALL = 10.0  # LUT4 that count little: deviations weigh by the root of size plus this


def nonnegative(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """x >= 0 with the least |a @ x - b| (Lawson and Hanson 1974, chapter 23)."""
    count = a.shape[1]
    x, free = np.zeros(count), np.zeros(count, bool)
    tolerance = 1e-9 * max(np.abs(a.T @ b).max(), 1.0)
    for _ in range(30 * count):
        slope = a.T @ (b - a @ x)
        slope[free] = -np.inf
        if slope.max() <= tolerance:
            break
        free[slope.argmax()] = True
        while True:
            best = np.zeros(count)
            best[free] = np.linalg.lstsq(a[:, free], b, rcond=None)[0]
            if best[free].min() > 0:
                break
            bad = free & (best <= 0)
            step = (x[bad] / (x[bad] - best[bad])).min()
            x = x + step * (best - x)
            free &= x > 1e-12
            x[~free] = 0
        x = best
    return x


def fit(terms: Sequence[Mapping[str, float]], measured: Sequence[float]) -> dict[str, float]:
    """A price for every term, such that price times quantity adds up to what was measured."""
    names = list(dict.fromkeys(name for term in terms for name in term))
    if not names:
        return {}
    quantity = np.array([[term.get(name, 0) for name in names] for term in terms], float)
    target = np.array(measured, float)
    weight = 1 / np.sqrt(target.clip(0) + SMALL)
    found = nonnegative(quantity * weight[:, None], target * weight)
    return {name: round(float(price), 3) for name, price in zip(names, found, strict=True)}
