"""Signs for real weights, found jointly: sums over them keep their value, not each its own."""

from __future__ import annotations

import numpy as np

from fq_hw.rounding import Moments, compensated

__all__ = ["round_to_signs"]

SIZES = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5)  # of a sign, in mean |w|: small ones clip, large ones step


def round_to_signs(weight: np.ndarray, moments: Moments) -> np.ndarray:
    """Weights O,I as one size for each row times signs: O,I, float64.

    Rounding every weight to its own sign would lose what inputs have in common, levels of one pixel
    and neighbouring pixels; here the variance of the difference of the two sums is made small (a
    constant difference is the next norm's to remove), by the best of a few sizes for each row.
    Turning single signs afterwards would take another fifteenth off it.
    """
    between, mean = moments.covariance, np.abs(weight).mean(1)
    best, least = np.zeros(weight.shape), np.full((len(weight), 1), np.inf)
    for size in SIZES:
        found = compensated(weight, moments, lambda w, s=size * mean: np.where(w >= 0, s, -s))
        seen = found @ between
        own = (seen * found).sum(1, keepdims=True)
        found *= (seen * weight).sum(1, keepdims=True).clip(0) / np.where(own > 0, own, 1)
        off = found - weight
        error = (off @ between * off).sum(1, keepdims=True)
        best, least = np.where(error < least, found, best), np.minimum(error, least)
    return best
