"""What a foreign model's float input has to do with the bytes of an image."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

__all__ = ["PIXELS", "PixelRange", "Pixels"]


class PixelRange(enum.Enum):
    """Real value of a byte p as the model was trained to see it."""

    UNIT = "unit"  # p / 255
    SIGNED = "signed"  # 2 * p / 255 - 1
    BYTE = "byte"  # p
    MODEL = "model"  # the number of which the model's own first quantizer makes p


@dataclass(frozen=True)
class Pixels:
    """A byte p is the real number ``scale`` * (p - ``zero``)."""

    scale: Fraction
    zero: Fraction = Fraction(0)

    @property
    def shift(self) -> Fraction:
        """What byte 0 is."""
        return -self.scale * self.zero

    def real(self, bytes_: np.ndarray) -> np.ndarray:
        """Bytes as the float32 values that a model is given, rounded as whoever makes them does."""
        p, scale = bytes_.astype(np.float32), np.float32(float(self.scale))
        if self.zero == 0 and self.scale.numerator == 1:  # as training divides
            return p / np.float32(self.scale.denominator)
        if self.zero.denominator == 1:  # as DequantizeLinear
            return (p - np.float32(int(self.zero))) * scale
        return p * scale + np.float32(float(self.shift))


PIXELS = {
    PixelRange.UNIT: Pixels(Fraction(1, 255)),
    PixelRange.SIGNED: Pixels(Fraction(2, 255), Fraction(255, 2)),
    PixelRange.BYTE: Pixels(Fraction(1)),
}
