"""What every op has: a name, inputs, and constants that are checked once and never change."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.exact import FAR

__all__ = ["MOST_BITS", "Op", "check_bits", "check_scale", "check_sign", "check_size", "freeze"]

MOST_BITS = 8  # of a level: golden keeps levels in bytes
MOST_CHANNELS = 2**20  # of a tensor
MOST_VALUES = 2**24  # of a tensor of one image


@dataclass(frozen=True, kw_only=True, eq=False)
class Op:
    """A named result computed from the named results before it."""

    name: str
    inputs: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """How errors call this op."""
        return f"{type(self).__name__} {self.name!r}"


def freeze(op: Op, field: str, *, real: bool = False, wide: bool = False) -> None:
    """Replace an array of integers, or of numbers if ``real``, by a read-only copy.

    It must not be empty, and its integers must lie in -FAR..FAR; where ``wide`` they become int64,
    in which their negatives and sums do not wrap.
    """
    array = np.asarray(getattr(op, field))
    contract = f"{field} must be an array of {'real numbers' if real else 'integers'}"
    fits = array.dtype.kind in ("iuf" if real else "iu") and array.dtype.itemsize <= 8
    require(fits, op.where, contract, str(array.dtype), kind=GraphError)
    require(array.size, op.where, f"{field} must not be empty", array.shape, kind=GraphError)
    if array.dtype.kind in "iu":
        most = max(int(array.max()), -int(array.min()))
        contract = f"{field} must be in -2**{FAR.bit_length() - 1}..2**{FAR.bit_length() - 1}"
        require(most <= FAR, op.where, contract, most, kind=GraphError)
    native = array.dtype.newbyteorder("=")
    wide = array.dtype.kind in "iu" and (wide or native == np.uint64)  # whose sums become floats
    array = array.astype(np.int64 if wide else native)
    array.flags.writeable = False
    object.__setattr__(op, field, array)


def check_sign(op: Op, sign: np.ndarray, shape: tuple[int, ...]) -> None:
    """Raise GraphError unless ``sign`` has -1 or +1 for each channel."""
    fits = sign.shape == shape and np.isin(sign, (-1, 1)).all()
    contract = "needs a sign -1 or +1 per channel"
    require(fits, op.where, contract, sign.shape, kind=GraphError)


def check_size(op: Op, shape: tuple[int, int, int]) -> None:
    """Raise GraphError where the result H,W,C of ``op`` is too large to be worked with."""
    fits = shape[2] <= MOST_CHANNELS and math.prod(shape) <= MOST_VALUES
    contract = f"must give at most {MOST_CHANNELS:,} channels, and {MOST_VALUES:,} values an image"
    require(fits, op.where, contract, shape, kind=GraphError)


def check_scale(op: Op, scale: float | None) -> None:
    """Raise GraphError unless the real value of one unit, if there is one, is usual."""
    usual = scale is None or 2.0**-256 <= scale <= 2.0**256
    contract = "scale must be in 2**-256..2**256, or none"
    require(usual, op.where, contract, scale, kind=GraphError)


def check_bits(op: Op, out_bits: int) -> None:
    """Raise GraphError unless the result's width is one that the golden model holds."""
    fits = 1 <= out_bits <= MOST_BITS
    require(fits, op.where, f"out_bits must be in 1..{MOST_BITS}", out_bits, kind=GraphError)
