"""A function of a tensor's integers as the reference computes it in float32, channel by channel.

Behind LeakyRelu, Sigmoid, x * Sigmoid(x) and their like a tensor is no longer scale * x + shift.
All that a quantizer needs of it is which code each integer gets, and the reference itself says so.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

__all__ = ["ROUNDS", "Change", "Curve", "ordered"]

Bounds = tuple[np.ndarray, np.ndarray]
Change = Callable[[np.ndarray], np.ndarray]  # float32 C,N to float32 C,N, as the reference has it
ROUNDS = 2.0**-20  # of the largest that a value can be: 16 times what float32 rounds once


def moved(value: np.ndarray, off: int, least: np.ndarray | float = 0.0) -> np.ndarray:
    """A value off by as much as float32 may have rounded numbers of at least that size."""
    if not off:
        return value
    return (value + off * ROUNDS * np.maximum(np.abs(value), least)).astype(np.float32)


def ordered(one: np.ndarray, other: np.ndarray, least: np.ndarray | float = 0.0) -> Bounds:
    """The smaller of two numbers and the larger, with room for what float32 rounds."""
    return wider(np.minimum(one, other), np.maximum(one, other), least)


def wider(low: np.ndarray, high: np.ndarray, least: np.ndarray | float = 0.0) -> Bounds:
    """Two ends with room for what float32 rounds of numbers of at least that size."""
    return moved(low, -1, least), moved(high, 1, least)


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """Values of a tensor's integers.

    value     of integers float64 C,N, the reference's float32 C,N; and with every step's result
              moved up (1) or down (-1) by what float32 may round there
    bounds    of two ends, integers float64 C,N: what no value between them is below, and above
    monotone  whether no channel both rises and falls
    """

    value: Callable[[np.ndarray, int], np.ndarray]
    bounds: Callable[[np.ndarray, np.ndarray], Bounds]
    monotone: bool = True

    def then(self, change: Change, least: np.ndarray | float = 0.0) -> Curve:
        """Behind ``change``, which never turns around, and rounds numbers of at least that size."""
        return Curve(
            value=lambda x, off: moved(change(self.value(x, off)), off, least),
            bounds=lambda low, high: ordered(*map(change, self.bounds(low, high)), least),
            monotone=self.monotone,
        )

    def turned(self, change: Change, steep: float, least: float = 0.0) -> Curve:
        """The same of a function that may turn around, and is nowhere steeper than that."""

        def bounds(low: np.ndarray, high: np.ndarray) -> Bounds:
            ends = self.bounds(low, high)
            one, other = ordered(*map(change, ends))
            between = np.maximum((ends[1] - ends[0]) * steep - (other - one), 0) / 2
            return wider(one - between, other + between, least)

        return replace(self.then(change, least), bounds=bounds, monotone=False)

    def times(self, other: Curve) -> Curve:
        """The product of both."""

        def bounds(low: np.ndarray, high: np.ndarray) -> Bounds:
            pairs = itertools.product(self.bounds(low, high), other.bounds(low, high))
            found = np.stack([one * two for one, two in pairs])
            return wider(found.min(axis=0), found.max(axis=0))

        return Curve(
            value=lambda x, off: moved(self.value(x, off) * other.value(x, off), off),
            bounds=bounds,
            monotone=False,
        )

    def plus(self, other: Curve, sign: int) -> Curve:
        """The sum of both, or their difference where ``sign`` is -1."""

        def bounds(low: np.ndarray, high: np.ndarray) -> Bounds:
            one, two = self.bounds(low, high), other.bounds(low, high)[::sign]
            return wider(one[0] + sign * two[0], one[1] + sign * two[1])

        return Curve(
            value=lambda x, off: moved(self.value(x, off) + sign * other.value(x, off), off),
            bounds=bounds,
            monotone=False,
        )

    def off(self, x: np.ndarray) -> np.ndarray:
        """How far the reference may be from ``value(x, 0)`` by rounding."""
        here, up, down = (self.value(x, off).astype(np.float64) for off in (0, 1, -1))
        return np.maximum(np.abs(up - here), np.abs(down - here)) + ROUNDS * np.abs(here)
