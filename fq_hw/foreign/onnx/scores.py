"""A model's real scores as integers that rank the classes alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from fq_hw.foreign.onnx.values import Feature
from fq_hw.ir import TensorType

__all__ = ["Scores"]

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
    def of(cls, feature: Feature) -> Scores:
        """Exact where the integers stay small, else with MULTIPLIER_BITS for the largest scale."""
        scale, common = feature.scale, min(feature.shift)
        bias = feature.shift - common
        unit = common_unit([*scale, *bias])
        fits = max(abs(value) for value in scale) < unit * 2**MULTIPLIER_BITS
        fits = fits and max(bias) < unit * 2**BIAS_BITS
        if not fits:
            unit = max([*(abs(value) for value in scale), max(bias) / 2 ** (BIAS_BITS - 1)])
            unit /= 2**MULTIPLIER_BITS - 1
        multiplier, bias = (
            np.array([round(value / unit) for value in values], np.int64)
            for values in (scale, bias)
        )
        return cls(multiplier=multiplier, bias=bias, unit=unit, shift=common, feature=feature)

    def error(self, x: TensorType) -> float:
        """By how much, in real scores, two classes' difference may be off; x: type of the sums."""
        worst = Fraction(0)
        start = self.feature.shift - self.shift
        rows = zip(
            self.multiplier, self.feature.scale, self.bias, start, x.low, x.high, strict=True
        )
        for multiplier, scale, bias, real, low, high in rows:
            most = max(abs(int(low)), abs(int(high)))
            off = abs(int(multiplier) * self.unit - scale) * most
            worst = max(worst, off + abs(int(bias) * self.unit - real))
        return float(2 * worst)

    def real(self, scores: np.ndarray) -> np.ndarray:
        """Integer scores as the model's own, in float64."""
        return scores * float(self.unit) + float(self.shift)


def common_unit(values: list[Fraction]) -> Fraction:
    """The largest number of which all ``values`` are multiples; 1 where all are 0."""
    below = math.lcm(*(value.denominator for value in values))
    above = math.gcd(*(int(value * below) for value in values))
    return Fraction(above, below) if above else Fraction(1)
