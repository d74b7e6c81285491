"""What the bytes of an input mean, where they stand for signed or real numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fq_hw.errors import ArtifactError, FqHwError, require

__all__ = ["Meaning", "as_bytes", "whole"]

SIGNED = 128  # what is added to int8: the byte of the lowest is 0
FAR = np.float32(512)  # steps: beyond every byte, wherever the zero


def whole(real: np.ndarray) -> np.ndarray:
    """Real numbers rounded, their halves away from 0: int64."""
    return np.trunc(real + np.copysign(np.float32(0.5), real)).astype(np.int64)


@dataclass(frozen=True)
class Meaning:
    """A byte is the real number ``scale`` * (byte - ``zero``)."""

    scale: float
    zero: float

    def bytes_of(self, real: np.ndarray) -> np.ndarray:
        """The nearest bytes uint8 of numbers float32, halves away from 0, as TFLite rounds them."""
        steps = real.astype(np.float32) / np.float32(self.scale)
        part, origin = math.modf(self.zero)
        nearest = whole(np.clip(steps + np.float32(part), -FAR, FAR))
        return np.clip(nearest + int(origin), 0, 255).astype(np.uint8)


def as_bytes(
    given: np.ndarray,
    where: str,
    meaning: Meaning | None = None,
    kind: type[FqHwError] = ArtifactError,
) -> np.ndarray:
    """An input as bytes: uint8, int8 (a byte is 128 above it), or real where bytes have a meaning.

    Raises an error of ``kind`` for other numbers, and for what is no number.
    """
    if given.dtype == np.int8:
        return (given.astype(np.int16) + SIGNED).astype(np.uint8)
    if meaning is not None and given.dtype in (np.float32, np.float64):
        finite = np.isfinite(given).all()
        require(finite, where, "must hold numbers, not infinities or NaN", kind=kind)
        return meaning.bytes_of(given)
    contract, hint = "must hold uint8 or int8", "quantize it as the model's input is"
    contract += ", or float32" if meaning is not None else ""
    require(given.dtype == np.uint8, where, contract, str(given.dtype), hint=hint, kind=kind)
    return given
