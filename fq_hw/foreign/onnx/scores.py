"""A model's real scores as integers that rank the classes alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from fq_hw.exact import exact
from fq_hw.foreign.onnx.values import Feature
from fq_hw.ir import TensorType

__all__ = ["Scores", "common_unit"]

MULTIPLIER_BITS = 16  # of the largest class scale
BIAS_BITS = 40  # of the largest bias that is kept exactly


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """multiplier * x + bias, per class: ``unit`` is what one of these is worth, but for ``shift``.

    What all classes have in common, ``shift``, ranks nothing and is left out.
    """

    multiplier: np.ndarray
    bias: np.ndarray
    unit: Fraction
    shift: Fraction
    feature: Feature

    @classmethod
    def of(cls, feature: Feature, x: TensorType) -> Scores:
        """Exact where the integers stay small, else with MULTIPLIER_BITS for the largest scale.

        ``x`` is the type of the sums.
        """
        scale, shift = feature.scale, feature.shift
        zeros = exact(np.zeros(len(scale)))
        unit = common_unit([*scale, *(shift - min(shift))])
        fits = max(abs(value) for value in scale) < unit * 2**MULTIPLIER_BITS
        fits = fits and max(shift) - min(shift) < unit * 2**BIAS_BITS
        if not fits:  # about sums that are worth 0: scores of 0 stay equal, small ones near
            rows = zip(scale, shift, x.low.tolist(), x.high.tolist(), strict=True)
            zeros = np.array([nearest_zero(*row) for row in rows], object)
        start = shift + scale * zeros
        common = min(start)
        bias = start - common
        if not fits:
            unit = max([*(abs(value) for value in scale), max(bias) / 2 ** (BIAS_BITS - 1)])
            unit /= 2**MULTIPLIER_BITS - 1
        multiplier, bias = (
            np.array([round(value / unit) for value in values], object) for values in (scale, bias)
        )
        bias = (bias - multiplier * zeros).astype(np.int64)
        multiplier = multiplier.astype(np.int64)
        return cls(multiplier=multiplier, bias=bias, unit=unit, shift=common, feature=feature)

    def error(self, x: TensorType) -> float:
        """By how much, in real scores, two classes' difference may be off; x: type of the sums."""
        gain = exact(self.multiplier) * self.unit - self.feature.scale
        term = exact(self.bias) * self.unit + self.shift - self.feature.shift
        ends = (gain * exact(end) + term for end in (x.low, x.high))
        return float(2 * max(abs(value) for end in ends for value in end))

    def real(self, scores: np.ndarray) -> np.ndarray:
        """Integer scores as the model's own, in float64."""
        return scores * float(self.unit) + float(self.shift)


def nearest_zero(scale: Fraction, shift: Fraction, low: int, high: int) -> int:
    """The sum of low..high whose score is nearest to 0."""
    return max(low, min(high, round(-shift / scale))) if scale else 0


def common_unit(values: list[Fraction]) -> Fraction:
    """The largest number of which all ``values`` are multiples; 1 where all are 0."""
    below = math.lcm(*(value.denominator for value in values))
    above = math.gcd(*(int(value * below) for value in values))
    return Fraction(above, below) if above else Fraction(1)
