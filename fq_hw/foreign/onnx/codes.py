"""A tensor between QuantizeLinear and DequantizeLinear."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from fq_hw.exact import FAR
from fq_hw.foreign.onnx.quantize import Steps
from fq_hw.foreign.onnx.values import Feature

__all__ = ["Codes"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Codes:
    """Integers of a quantizer that is not complete before its DequantizeLinear.

    x        what is quantized
    steps    the quantizer, its codes in units of 1 as ONNX has them
    element  int8 or uint8
    """

    x: Feature
    steps: Steps
    element: np.dtype
    kind: str = "QuantizeLinear without DequantizeLinear"

    def clipped(self, low: float, high: float) -> Codes:
        """Of the codes only those in low..high, by which exporters write narrow ranges."""
        s = self.steps
        values = [s.shift + n for n in range(1, s.edges.shape[1] + 1)]  # above each edge
        kept = [low < value <= high for value in values]
        lowest = min(max(s.shift, Fraction(max(low, -FAR))), Fraction(min(high, FAR)))
        steps = replace(
            s,
            edges=s.edges[:, kept],
            exclusive=s.exclusive[:, kept],
            shift=lowest,
            reference=lambda real: (s.reference(real) + int(s.shift - lowest)).clip(0, sum(kept)),
        )
        return replace(self, steps=steps)
