"""How TFLite's reference kernels requantize integers, bit for bit.

A real factor is a 31-bit multiplier and a power of two. Convolutions and sums round the product
twice, as a "saturating rounding doubling high multiplication" and a "rounding division by a power
of two" (Jacob et al. 2018, section 2.2 and appendix B; gemmlowp's fixed point); dense layers round
it once, half up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Factor", "divided", "levels_of"]

TOP = 2**31


@dataclass(frozen=True)
class Factor:
    """Real factors, one or one a channel, as ``multiplier`` * 2**(``shift`` - 31).

    Arrays int64 of one shape. |x| * 2**shift must stay below 2**31.
    """

    multiplier: np.ndarray
    shift: np.ndarray

    @classmethod
    def of(cls, real: np.ndarray) -> Factor:
        """The nearest to positive float64 numbers."""
        pairs = [split(value) for value in np.asarray(real, np.float64).reshape(-1).tolist()]
        multiplier, shift = np.array(pairs, np.int64).reshape(-1, 2).T
        return cls(multiplier, shift)

    def shared(self, count: int) -> Factor:
        """A ``count``-th of the factors, as the kernel of MEAN takes it."""
        more = np.minimum(count.bit_length() - 1, 31 + self.shift)
        return Factor((self.multiplier << more) // count, self.shift - more)

    def times(self, x: np.ndarray) -> np.ndarray:
        """Integers int64 ...,C times the factors, rounded as the kernels do."""
        left, right = np.maximum(self.shift, 0), np.maximum(-self.shift, 0)
        product = (x << left) * self.multiplier
        # Half is added away from 0, and the division rounds towards 0.
        nudged = product + np.where(product >= 0, TOP // 2, 1 - TOP // 2)
        high = np.where(nudged >= 0, nudged // TOP, -(-nudged // TOP))
        rest = high & ((1 << right) - 1)
        half = (((1 << right) - 1) >> 1) + (high < 0)
        return (high >> right) + (rest > half)

    def times_once(self, x: np.ndarray) -> np.ndarray:
        """The same rounded once."""
        places = 31 - self.shift
        return (x * self.multiplier + (1 << (places - 1))) >> places


def split(real: float) -> tuple[int, int]:
    """Multiplier and shift of one number."""
    if real == 0:
        return 0, 0
    part, shift = math.frexp(real)
    multiplier = math.floor(part * TOP + 0.5)
    if multiplier == TOP:
        multiplier, shift = multiplier // 2, shift + 1
    return (multiplier, shift) if shift >= -31 else (0, 0)


def divided(total: np.ndarray, count: int) -> np.ndarray:
    """An average: a sum over ``count`` values, rounded half away from 0."""
    size = (np.abs(total) + count // 2) // count
    return np.where(total > 0, size, -size)


def levels_of(
    function: Callable[[np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray, far: int
) -> np.ndarray:
    """From which integers on ``function``, which never falls, is 1, 2 .. 255: int64 C,255.

    It maps int64 N,C to 0..255; ``low`` and ``high`` are the ends of what each channel can be. What
    is reached always, or never, is -``far`` or ``far``. By halves, all at once.
    """
    wanted = np.arange(1, 256)[:, None]
    below, above = np.tile(low - 1, (255, 1)), np.tile(high + 1, (255, 1))  # not there, there
    while (above - below > 1).any():
        middle = (below + above) >> 1
        there = function(middle.clip(low, high)) >= wanted
        above, below = np.where(there, middle, above), np.where(there, below, middle)
    found = np.where(above > high, far, np.where(above <= low, -far, above))
    return found.T
