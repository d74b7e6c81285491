"""What a window gives, beat by beat: of numbers, for vectors; of places in a tensor, for taps."""

from __future__ import annotations

import numpy as np

from fq_hw.schedule.units import WindowUnit

__all__ = ["OUTSIDE", "windows"]

OUTSIDE = -1  # stands for a tap outside the image


def windows(unit: WindowUnit, words: np.ndarray) -> np.ndarray:
    """The beats of ``words`` (frames,H,W,slices,lanes), without repeats.

    By frame, row, group of windows and part of the channels: kernel row and column, slice,
    ``hold``, and the lanes of ``columns`` side by side.
    """
    down, across = unit.down, unit.across
    around = ((0, 0), *((axis.before, axis.after) for axis in (down, across)), (0, 0), (0, 0))
    padded = np.pad(words, around, constant_values=OUTSIDE)
    reach = down.reach, across.reach
    found = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=(1, 2))
    found = found[:, :: down.stride, :: across.stride]
    found = found[..., :: down.dilation, :: across.dilation].transpose(0, 1, 2, 5, 6, 3, 4)
    group = unit.groups, unit.hold, unit.columns
    parts = unit.channel_parts, unit.folds
    cut = found.reshape(*found.shape[:2], *group, *found.shape[3:5], *parts, found.shape[-1])
    # Frame, row, group, hold, column, kernel row and column, part, fold, lane: beat by beat those
    # that share a weight word; lanes of a beat: column, lane.
    beats = cut.transpose(0, 1, 2, 7, 5, 6, 8, 3, 4, 9)
    return beats.reshape(*beats.shape[:-2], -1)
