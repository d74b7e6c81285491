"""Prices from measurements: non-negative least squares over the terms of a unit kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import nnls

__all__ = ["fit"]

SMALL = 10.0  # LUT4 that count little: deviations weigh by the root of size plus this


def fit(terms: Sequence[Mapping[str, float]], measured: Sequence[float]) -> dict[str, float]:
    """A price for every term, such that price times quantity adds up to what was measured."""
    names = list(dict.fromkeys(name for term in terms for name in term))
    if not names:
        return {}
    quantity = np.array([[term.get(name, 0) for name in names] for term in terms], float)
    target = np.array(measured, float)
    weight = 1 / np.sqrt(target.clip(0) + SMALL)
    found, _ = nnls(quantity * weight[:, None], target * weight)
    return {name: round(float(price), 3) for name, price in zip(names, found, strict=True)}
