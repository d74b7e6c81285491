"""What the bytes of an input mean, where they stand for real numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fq_hw.errors import ArtifactError, require

__all__ = ["Meaning"]


@dataclass(frozen=True)
class Meaning:
    """A byte is the real number ``scale`` * (byte - ``zero``)."""

    scale: float
    zero: int

    def bytes_of(self, real: np.ndarray, where: str) -> np.ndarray:
        """The nearest bytes uint8 of numbers float32, halves away from 0, as TFLite rounds them.

        Raises ArtifactError for what is no number.
        """
        finite = np.isfinite(real).all()
        require(finite, where, "must hold numbers, not infinities or NaN", kind=ArtifactError)
        steps = real.astype(np.float32) / np.float32(self.scale)
        nearest = np.trunc(steps + np.copysign(np.float32(0.5), steps))
        return np.clip(nearest + self.zero, 0, 255).astype(np.uint8)
