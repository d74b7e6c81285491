"""What a foreign model's float input has to do with the bytes of an image."""

from __future__ import annotations

import enum

__all__ = ["PixelRange"]


class PixelRange(enum.Enum):
    """Real value of a byte p as the model was trained to see it."""

    UNIT = "unit"  # p / 255
    SIGNED = "signed"  # 2 * p / 255 - 1
    BYTE = "byte"  # p

    @property
    def affine(self) -> tuple[float, float]:
        """Scale and shift: value = scale * p + shift."""
        return {
            PixelRange.UNIT: (1 / 255, 0.0),
            PixelRange.SIGNED: (2 / 255, -1.0),
            PixelRange.BYTE: (1.0, 0.0),
        }[self]
