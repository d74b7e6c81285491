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
    """A tensor on its way: scale * x + shift within floor..ceiling, x the integers of ``op``.

    shape    H,W,C of the op's result; scale, shift, floor, ceiling: per channel
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
    ceiling: np.ndarray | None = None
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
        y = replace(self, scale=gain * self.scale, shift=gain * self.shift + bias)
        if self.free:
            return y
        with np.errstate(invalid="ignore"):  # 0 * infinity, where the gain is 0
            one, other = (np.where(gain == 0, 0, gain * end) + bias for end in self.ends)
        return replace(y, floor=np.minimum(one, other), ceiling=np.maximum(one, other))

    @property
    def free(self) -> bool:
        """Whether nothing is clamped."""
        return self.floor is None and self.ceiling is None

    @property
    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """Floor and ceiling of each channel, infinite where there is none."""
        low, high = np.full(self.channels, -np.inf), np.full(self.channels, np.inf)
        return (
            low if self.floor is None else self.floor,
            high if self.ceiling is None else self.ceiling,
        )

    def clamped(self, low: float, high: float) -> Feature:
        """min(high, max(low, tensor)); the ends may be infinite."""
        floor, ceiling = (end.clip(low, high) for end in self.ends)
        return replace(
            self,
            floor=floor if np.isfinite(floor).any() else None,
            ceiling=ceiling if np.isfinite(ceiling).any() else None,
        )

    def exact(self, where: str) -> Feature:
        """The same where nothing is clamped: what sums and averages need."""
        contract = "a quantizer must stand between Relu or Clip and what follows it"
        require(self.free, where, contract, kind=GraphError)
        return self
