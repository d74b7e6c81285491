"""Rounding that knows what a layer reads: its sums change least, and their mean not at all."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Moments", "compensated"]

DAMPING = 0.01  # of the mean variance, added to every input's: some are always 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Inputs under the weights of a layer, I of them in C,KH,KW order: mean I, covariance I,I."""

    mean: np.ndarray
    covariance: np.ndarray

    @functools.cached_property
    def order(self) -> np.ndarray:
        """Numbers of the inputs, those of the largest variance first."""
        return np.argsort(-self.covariance.diagonal(), kind="stable")

    @functools.cached_property
    def factor(self) -> np.ndarray:
        """Upper Cholesky factor, I,I, of the inverse damped covariance, inputs in ``order``."""
        damped = self.covariance[np.ix_(self.order, self.order)]
        ridge = DAMPING * self.covariance.diagonal().mean() + 1e-12
        damped[np.diag_indices_from(damped)] += ridge
        return np.linalg.cholesky(np.linalg.inv(damped)).T


def compensated(
    weight: np.ndarray, moments: Moments, nearest: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Weights O,I rounded one input after the other: float64, what ``nearest`` gives of each.

    What rounding does to the sums is made up for by the weights that are yet to be rounded, as well
    as they can: least squares over the inputs, those of the largest variance first. The mean of
    what remains is left to the bias or the norm. Source: Frantar et al. 2023 (GPTQ).
    """
    left, upper = weight[:, moments.order].astype(np.float64), moments.factor
    values = np.empty_like(left)
    for at, place in enumerate(moments.order):
        values[:, place] = nearest(left[:, at])
        lost = (left[:, at] - values[:, place]) / upper[at, at]
        left[:, at + 1 :] -= lost[:, None] * upper[at, at + 1 :]
    return values
