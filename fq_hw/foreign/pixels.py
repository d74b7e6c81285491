"""What a foreign model's float input has to do with the bytes of an image."""

from __future__ import annotations

import enum
from fractions import Fraction

import numpy as np

__all__ = ["PixelRange"]


class PixelRange(enum.Enum):
    """Real value of a byte p as the model was trained to see it."""

    UNIT = "unit"  # p / 255
    SIGNED = "signed"  # 2 * p / 255 - 1
    BYTE = "byte"  # p

    @property
    def affine(self) -> tuple[Fraction, Fraction]:
        """Scale and shift: value = scale * p + shift."""
        return {
            PixelRange.UNIT: (Fraction(1, 255), Fraction(0)),
            PixelRange.SIGNED: (Fraction(2, 255), Fraction(-1)),
            PixelRange.BYTE: (Fraction(1), Fraction(0)),
        }[self]

    def real(self, bytes_: np.ndarray) -> np.ndarray:
        """Bytes as the float32 values that a model is given."""
        p = bytes_.astype(np.float32)
        if self is PixelRange.UNIT:  # as training divides: a product would round otherwise
            return p / np.float32(255)
        scale, shift = (np.float32(float(value)) for value in self.affine)
        return p * scale + shift
