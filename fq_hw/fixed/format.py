"""Fixed-point formats: a code of so many bits, worth so many halves of one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fq_hw.errors import require

__all__ = ["Format", "quantize", "real", "requantize", "widest"]


MOST_SHIFT = 62  # of an int64: by more, what is below 2**62 rounds to 0


@dataclass(frozen=True, order=True)
class Format:
    """``code / 2**fraction`` with ``code`` in -limit..limit; the sign counts as one of ``bits``.

    ``fraction`` may be negative or exceed ``bits``. One bit leaves the code 0 alone.
    """

    bits: int
    fraction: int

    def __post_init__(self) -> None:
        require(1 <= self.bits <= 32, "Format", "bits must be in 1..32", self.bits)
        near = -64 <= self.fraction <= 64
        require(near, "Format", "fraction must be in -64..64", self.fraction)

    @property
    def limit(self) -> int:
        """Highest code; the lowest is its negative."""
        return 2 ** (self.bits - 1) - 1


def widest(largest: float, bits: int) -> Format:
    """The format of ``bits`` with the finest step that does not clip ``largest`` by more than one.

    Source: Goyal et al. 2021: fraction = bits - 1 - ceil(log2(max |x|)).
    """
    power = math.ceil(math.log2(largest)) if largest > 0 else 0
    return Format(bits, bits - 1 - power)


def quantize(x: np.ndarray, form: Format) -> np.ndarray:
    """Codes of real ``x``, int64 of its shape: round(x * 2**fraction), ties to even, clipped."""
    scaled = np.rint(np.ldexp(np.asarray(x, np.float64), form.fraction))
    return np.clip(scaled, -form.limit, form.limit).astype(np.int64)


def real(codes: np.ndarray, form: Format) -> np.ndarray:
    """What codes are worth, float64."""
    return np.ldexp(codes.astype(np.float64), -form.fraction)


def requantize(total: np.ndarray, shift: int, low: int, high: int) -> np.ndarray:
    """clip(floor(total / 2**shift + 1/2), low, high) of int64 ``total``; ties go up.

    A negative ``shift`` multiplies. It is one addition, one shift and one comparison in hardware.
    Exact for any shift, where ``total``, ``low`` and ``high`` are below 2**62.
    """
    if shift > MOST_SHIFT:
        return np.clip(np.zeros_like(total), low, high)
    if shift > 0:
        return np.clip((total + (1 << (shift - 1))) >> shift, low, high)
    least, most = -(-low >> -shift), high >> -shift  # beyond which it is clipped
    inside = np.clip(total, least, most) << -shift
    return np.where(total > most, high, np.where(total < least, low, inside))
