"""What a window gives, beat by beat: of numbers, for vectors; of places in a tensor, for taps."""

from __future__ import annotations

import numpy as np

from fq_hw.schedule.units import WindowUnit

__all__ = ["OUTSIDE", "windows"]

OUTSIDE = -1  # stands for a tap outside the image


def windows(unit: WindowUnit, words: np.ndarray) -> np.ndarray:
    """The beats of ``words`` (frames,H,W,slices,lanes), without repeats.

    By frame, row and group of windows: kernel row and column, slice, ``hold``, and the lanes of
    ``columns`` side by side.
    """
    k, p = unit.kernel, unit.padding
    padded = np.pad(words, ((0, 0), (p, p), (p, p), (0, 0), (0, 0)), constant_values=OUTSIDE)
    found = np.lib.stride_tricks.sliding_window_view(padded, (k, k), axis=(1, 2))
    found = found[:, :: unit.stride, :: unit.stride].transpose(0, 1, 2, 5, 6, 3, 4)
    group = unit.groups, unit.hold, unit.columns
    grouped = found.reshape(*found.shape[:2], *group, *found.shape[3:])
    # Beat by beat those that share a weight word; lanes of a beat: column, lane.
    side_by_side = np.moveaxis(grouped, (3, 4), (-3, -2))
    return side_by_side.reshape(*side_by_side.shape[:-2], -1)
