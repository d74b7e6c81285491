"""Rounding that knows what a layer reads: its sums change least, and their mean not at all."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from fq_hw.fixed.format import Format, quantize, real

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


def compensated(weight: np.ndarray, form: Format, moments: Moments) -> np.ndarray:
    """Codes of real weights O,C,KH,KW, int64, rounded one input after the other.

    What rounding does to the sums is made up for by the weights that are yet to be rounded, as well
    as they can: least squares over the inputs, those of the largest variance first. The mean of
    what remains is left to the bias. Source: Frantar et al. 2023 (GPTQ).
    """
    flat, upper = weight.reshape(len(weight), -1), moments.factor
    left = flat[:, moments.order]
    codes = np.empty(flat.shape, np.int64)
    for at, place in enumerate(moments.order):
        codes[:, place] = quantize(left[:, at], form)
        lost = (left[:, at] - real(codes[:, place], form)) / upper[at, at]
        left[:, at + 1 :] -= lost[:, None] * upper[at, at + 1 :]
    return codes.reshape(weight.shape)
