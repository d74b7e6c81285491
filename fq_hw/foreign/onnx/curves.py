"""A function of a tensor's integers as the reference computes it in float32, channel by channel.

Behind LeakyRelu, Sigmoid, x * Sigmoid(x) and their like a tensor is no longer scale * x + shift.
All that a quantizer needs of it is which code each integer gets, and the reference itself says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

__all__ = ["ROUNDS", "Change", "Curve"]

Change = Callable[[np.ndarray], np.ndarray]  # float32 C,N to float32 C,N, as the reference has it
ROUNDS = 2.0**-20  # of the largest that a value can be: 16 times what float32 rounds once


def moved(value: np.ndarray, off: int, least: np.ndarray | float = 0.0) -> np.ndarray:
    """A value off by as much as float32 may have rounded numbers of at least that size."""
    if not off:
        return value
    return (value + off * ROUNDS * np.maximum(np.abs(value), least)).astype(np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """Values of a tensor's integers.

    value     of integers float64 C,N, the reference's float32 C,N; and with every step's result
              moved up (1) or down (-1) by what float32 may round there
    steep     float64 C: by no more does the value change from one integer to the next
    most      float64 C: the largest magnitude of a value
    monotone  whether no channel both rises and falls
    """

    value: Callable[[np.ndarray, int], np.ndarray]
    steep: np.ndarray
    most: np.ndarray
    monotone: bool = True

    def affine(self, change: Change, gain: np.ndarray, term: np.ndarray) -> Curve:
        """Behind ``change``, which is gain * value + term of each channel."""
        gain, term = (np.abs(part.astype(np.float64)) for part in (gain, term))
        return replace(
            self,
            value=lambda x, off: moved(change(self.value(x, off)), off, term[:, None]),
            steep=gain * self.steep,
            most=gain * self.most + term,
        )

    def bent(
        self, change: Change, steep: np.ndarray | float, most: float, monotone: bool
    ) -> Curve:
        """Behind a function no steeper than ``steep``, at most 1 at 0, and nowhere above ``most``.

        ``monotone`` says whether it does not turn around.
        """
        return Curve(
            value=lambda x, off: moved(change(self.value(x, off)), off),
            steep=steep * self.steep,
            most=np.minimum(1 + steep * self.most, most),
            monotone=self.monotone and monotone,
        )

    def times(self, other: Curve) -> Curve:
        """The product of both."""
        return Curve(
            value=lambda x, off: moved(self.value(x, off) * other.value(x, off), off),
            steep=self.most * other.steep + self.steep * other.most,
            most=self.most * other.most,
            monotone=False,
        )

    def plus(self, other: Curve, sign: int) -> Curve:
        """The sum of both, or their difference where ``sign`` is -1."""
        return Curve(
            value=lambda x, off: moved(self.value(x, off) + sign * other.value(x, off), off),
            steep=self.steep + other.steep,
            most=self.most + other.most,
            monotone=False,
        )

    def off(self, x: np.ndarray) -> np.ndarray:
        """How far the reference may be from ``value(x, 0)`` by rounding."""
        here, up, down = (self.value(x, off).astype(np.float64) for off in (0, 1, -1))
        return np.maximum(np.abs(up - here), np.abs(down - here)) + ROUNDS * np.abs(here)
