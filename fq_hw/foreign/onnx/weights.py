"""Quantized constants of an ONNX graph: weights, and biases."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fq_hw.errors import GraphError, require

__all__ = ["Weights", "broadcasts"]


def broadcasts(part: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether numpy and ONNX stretch an array of shape ``part`` to ``shape``."""
    full = (1,) * (len(shape) - len(part)) + part
    return len(full) == len(shape) and all(a in (1, b) for a, b in zip(full, shape, strict=True))


@dataclass(frozen=True, kw_only=True, eq=False)
class Weights:
    """Quantized constants: value = scale * (codes - zero); ``codes`` as ONNX lays them out.

    ``scale`` and ``zero`` have as many axes as ``codes`` and broadcast against them. Only as
    weights they must be narrow: a bias may have 32 bits.
    """

    codes: np.ndarray
    scale: np.ndarray
    bits: int
    zero: np.ndarray

    @classmethod
    def of(
        cls, codes: np.ndarray, scale: np.ndarray, where: str, *, bits: int, zero: object = 0
    ) -> Weights:
        """With the axes of scale and zero point made explicit, as ONNX broadcasts them."""
        parts = []
        for name, part in (("scale", np.asarray(scale)), ("zero point", np.asarray(zero))):
            contract = f"{name} must broadcast to the {codes.shape} of the constant"
            fits = broadcasts(part.shape, codes.shape)
            require(fits, where, contract, part.shape, kind=GraphError)
            parts.append(part.reshape((1,) * (codes.ndim - part.ndim) + part.shape))
        return cls(codes=codes, scale=parts[0], bits=bits, zero=parts[1])

    @classmethod
    def whole(cls, values: np.ndarray, where: str) -> Weights:
        """Integers as they stand: FINN's weights, which no quantizer is left before."""
        most = max(int(values.max()), -int(values.min()) - 1)
        return cls.of(values.astype(np.int64), np.ones((), np.float32), where,
                      bits=most.bit_length() + 1)  # fmt: skip

    @property
    def real(self) -> np.ndarray:
        """What they are worth, in float32 as the reference has it."""
        return (self.codes - self.zero).astype(np.float32) * self.scale.astype(np.float32)

    def checked(self, where: str) -> Weights:
        """The same where they can be weights of a convolution."""
        contract = "bit width of weights must be a whole number in 1..8"
        require(self.bits <= 8, where, contract, self.bits, kind=GraphError)
        whole = (self.zero == np.round(self.zero)).all()
        contract, hint = "zero points of weights must be integers", "quantize them symmetrically"
        got = np.unique(self.zero)[:4].tolist()
        require(whole, where, contract, got, hint=hint, kind=GraphError)
        if not self.zero.any():
            return self
        codes = self.codes - self.zero.astype(np.int64)
        return replace(self, codes=codes, zero=np.zeros_like(self.zero))

    def transposed(self, axes: list[int]) -> Weights:
        """With other axes."""
        parts = ("codes", "scale", "zero")
        return replace(self, **{name: getattr(self, name).transpose(axes) for name in parts})

    def scale_along(self, axis: int) -> np.ndarray | None:
        """One scale for each index of ``axis``, or None where it varies along others."""
        full = np.moveaxis(np.broadcast_to(self.scale, self.codes.shape), axis, 0)
        rows = full.reshape(len(full), -1)
        return rows[:, 0] if (rows == rows[:, :1]).all() else None
