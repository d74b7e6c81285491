"""What is known of a tensor of an ONNX graph while it is folded into integers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fq_hw.errors import GraphError, require

__all__ = ["Feature", "Weights", "uniform"]

NEAR = 1e-6  # relative distance below which two scales are one: files hold float32


def uniform(values: np.ndarray) -> float | None:
    """The one value of ``values``, or None where they differ."""
    first = float(values.flat[0])
    return first if np.allclose(values, first, rtol=NEAR, atol=0) else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Weights:
    """Quantized constants: value = scale * codes; ``codes`` as ONNX lays them out."""

    codes: np.ndarray
    scale: np.ndarray  # broadcasts against codes

    def transposed(self, axes: list[int]) -> Weights:
        """With other axes."""
        scale = self.scale
        if scale.ndim == self.codes.ndim:
            scale = scale.transpose(axes)
        return replace(self, codes=self.codes.transpose(axes), scale=scale)

    def scale_along(self, axis: int) -> np.ndarray | None:
        """One scale for each index of ``axis``, or None where it varies along others."""
        full = np.moveaxis(np.broadcast_to(self.scale, self.codes.shape), axis, 0)
        rows = full.reshape(len(full), -1)
        return rows[:, 0] if (rows == rows[:, :1]).all() else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Feature:
    """A tensor on its way: max(floor, scale * x + shift), x the integers of IR op ``op``.

    shape    H,W,C of the op's result; scale, shift, floor: per channel
    levels   whether x is unsigned levels, as convolutions read them
    last     whether ONNX has the channels last
    flat     whether ONNX sees N,(C*H*W) or N,(H*W*C)
    pixels   whether it is the image, not yet quantized
    """

    op: str
    shape: tuple[int, int, int]
    scale: np.ndarray
    shift: np.ndarray
    floor: np.ndarray | None = None
    levels: bool = False
    last: bool = False
    flat: bool = False
    pixels: bool = False

    @property
    def channels(self) -> int:
        return self.shape[2]

    @property
    def dims(self) -> tuple[int, ...]:
        """The shape in ONNX, for one image."""
        h, w, c = self.shape
        if self.flat:
            return (1, h * w * c)
        return (1, h, w, c) if self.last else (1, c, h, w)

    def per_channel(self, constant: np.ndarray, where: str) -> np.ndarray:
        """A constant that ONNX broadcasts against the tensor, as one value for each channel."""
        constant = np.asarray(constant, np.float64)
        if constant.size == 1:
            return np.full(self.channels, constant.reshape(()))
        axis = 1 if self.flat or not self.last else 3
        shape = [1] * (len(self.dims) - constant.ndim) + list(constant.shape)
        others = [n for i, n in enumerate(shape) if i != axis]
        single = not self.flat or self.shape[:2] == (1, 1)
        fits = single and shape[axis] == self.channels and set(others) <= {1}
        contract = f"a constant must be one number or one for each of {self.channels} channels"
        require(fits, where, contract, tuple(constant.shape), kind=GraphError)
        return constant.reshape(-1)

    def affine(self, gain: np.ndarray, bias: np.ndarray, where: str) -> Feature:
        """gain * tensor + bias, both per channel."""
        floor = self.floor
        if floor is not None:
            contract = "a factor behind a Relu must be positive; quantize in between"
            require((gain > 0).all(), where, contract, float(gain.min()), kind=GraphError)
            floor = gain * floor + bias
        return replace(self, scale=gain * self.scale, shift=gain * self.shift + bias, floor=floor)

    def exact(self, where: str) -> Feature:
        """The same where nothing is clamped: what sums and averages need."""
        contract = "a quantizer must stand between Relu and what follows it"
        require(self.floor is None, where, contract, "none", kind=GraphError)
        return self
