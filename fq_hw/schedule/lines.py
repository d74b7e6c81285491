"""Thresholds that lie on a line: then a product and a shift count them, however many there are.

Of 255 thresholds none is compared; y = (x * slope + bias) >> shift, clamped, gives the very levels
that they give. Rounding that differs on the two sides of 0 needs a bias for each.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np

from fq_hw.concave import highest
from fq_hw.ir import TensorType, Threshold

__all__ = ["FEWEST_BITS", "Line", "line_of"]

FEWEST_BITS = 6  # of levels: fewer are compared one by one, and cost no multiplier
MOST_SHIFT = 46  # so that products stay far below 2**63
STEPS = 90  # of the search for a slope: each takes a third of what is left
TRIED = range(-4, 5)  # slopes beside the best one


@dataclass(frozen=True, kw_only=True, eq=False)
class Line:
    """y = clamp((x * slope + bias) >> shift, low, high), with ``below`` for ``bias`` where x < 0.

    slope, bias, below   int64, one a channel; slopes are never negative
    """

    slope: np.ndarray
    bias: np.ndarray
    below: np.ndarray
    shift: int
    low: int
    high: int

    @property
    def two_sided(self) -> bool:
        """Whether numbers below 0 have biases of their own."""
        return bool((self.below != self.bias).any())

    def shifted(self, shift: int) -> Line:
        """The same line with so large a shift."""
        more = shift - self.shift
        finer = {name: getattr(self, name) << more for name in ("slope", "bias", "below")}
        return replace(self, **finer, shift=shift)

    def levels(self, x: np.ndarray) -> np.ndarray:
        """What it makes of int64 ...,C."""
        total = x * self.slope + np.where(x < 0, self.below, self.bias)
        return np.clip(total >> self.shift, self.low, self.high)


@dataclass(frozen=True, kw_only=True, eq=False)
class Side:
    """What a line must do on one side of 0: int64 C,T of places, and where each counts.

    At ``reached`` the level is there, at ``before`` it is not yet.
    """

    reached: np.ndarray
    must: np.ndarray
    before: np.ndarray
    must_not: np.ndarray

    def room(self, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Between which biases a line of unit steps has to lie: the lower one counts, float64 C."""
        steps = np.arange(1, self.reached.shape[1] + 1)
        low = np.where(self.must, steps - slope[:, None] * self.reached, -np.inf).max(axis=1)
        high = np.where(self.must_not, steps - slope[:, None] * self.before, np.inf).min(axis=1)
        return low, high

    def biases(self, slope: np.ndarray, shift: int) -> tuple[np.ndarray, np.ndarray]:
        """The same of integers, both of which count: int64 C."""
        steps, far = np.arange(1, self.reached.shape[1] + 1) << shift, 2**62
        low = np.where(self.must, steps - slope[:, None] * self.reached, -far).max(axis=1)
        high = np.where(self.must_not, steps - slope[:, None] * self.before - 1, far).min(axis=1)
        return low, high


@functools.lru_cache(256)
def line_of(op: Threshold, x: TensorType) -> Line | None:
    """The line on which the thresholds of ``op``, which read ``x``, lie; None where they do not."""
    if op.out_bits < FEWEST_BITS or (op.sign != 1).any():
        return None
    levels, least, most = op.levels.astype(np.int64), x.low[:, None], x.high[:, None]
    counts = [(levels <= end).sum(axis=1) for end in (least, most)]
    low, high = int(counts[0].min()), int(counts[1].max())
    steps = np.arange(1, levels.shape[1] + 1)
    reached, before = levels.clip(least, most), (levels - 1).clip(least, most)
    must = (levels <= most) & (steps > low)
    must_not = (levels > least) & (steps <= high)
    both = [Side(reached=reached, must=must, before=before, must_not=must_not)]
    halves = [
        Side(reached=reached, must=must & part(reached), before=before,
             must_not=must_not & part(before))
        for part in (lambda v: v >= 0, lambda v: v < 0)
    ]  # fmt: skip
    for sides in (both, halves):
        found = fitted(sides, levels, least, most)
        if found is not None:
            slope, biases, shift = found
            return Line(slope=slope, bias=biases[0], below=biases[-1], shift=shift, low=low,
                        high=high)  # fmt: skip
    return None


def fitted(
    sides: list[Side], levels: np.ndarray, least: np.ndarray, most: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray], int] | None:
    """Slopes, biases of each side, and the least shift by which all channels have some."""
    best = steepest(sides, levels, least, most)
    room = np.minimum.reduce([high - low for low, high in (side.room(best) for side in sides)])
    if (room <= 0).any():
        return None
    for shift in range(MOST_SHIFT):
        slope = np.full(len(best), -1, np.int64)
        biases = [np.zeros(len(best), np.int64) for _ in sides]
        for beside in TRIED:
            tried = np.maximum(np.round(best * 2.0**shift).astype(np.int64) + beside, 0)
            rooms = [side.biases(tried, shift) for side in sides]
            fits = np.logical_and.reduce([low <= high for low, high in rooms]) & (slope < 0)
            slope = np.where(fits, tried, slope)
            for bias, (low, high) in zip(biases, rooms, strict=True):
                bias[fits] = nearest(low, high)[fits]
        if (slope >= 0).all():
            return slope, biases, shift
    return None


def nearest(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The integer of each range that is nearest to 0."""
    return np.where(low > 0, low, np.where(high < 0, high, 0))


def steepest(
    sides: list[Side], levels: np.ndarray, least: np.ndarray, most: np.ndarray
) -> np.ndarray:
    """The slope, of each channel, that leaves biases the most room: float64 C.

    The room is concave in the slope, so thirds are thrown away.
    """
    inside = (levels > least) & (levels <= most)
    count = inside.sum(axis=1)
    first, last = inside.argmax(axis=1), inside.shape[1] - 1 - inside[:, ::-1].argmax(axis=1)
    rows = np.arange(len(levels))
    wide = np.where(count > 1, levels[rows, last] - levels[rows, first], (most - least)[:, 0] + 1)
    tall = np.where(count > 1, last - first, 1)
    low, high = (tall - 1) / (wide + 4.0), (tall + 1) / np.maximum(wide - 4.0, 0.25)

    def room(slope: np.ndarray) -> np.ndarray:
        return np.minimum.reduce([b - a for a, b in (side.room(slope) for side in sides)])

    return highest(room, low, high, STEPS)
