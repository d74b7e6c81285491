"""The generalised thermometer code of an 8-bit pixel (Takahashi et al. 2024, equations 5 to 9)."""

from __future__ import annotations

import numpy as np

__all__ = ["thermometer_table"]


def thermometer_table(length: int, steps: int = 3) -> np.ndarray:
    """Levels of every pixel value: integers of shape 256,length.

    Closed form: with s = max(1, floor(255 / (steps * length))) the code's sum is
    n = min(steps * length, ceil(x / s) - 1), at least 0 (the released code takes the step above a
    multiple of s, not at it), and entry i counts the j in 0..steps-1 with n > i + j * length.
    """
    s = max(1, 255 // (steps * length))
    total = np.clip(-(-np.arange(256) // s) - 1, 0, steps * length)
    rank = np.arange(length)[:, None] + np.arange(steps) * length
    return (total[:, None, None] > rank).sum(axis=-1)
