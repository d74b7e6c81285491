"""Convolution of bytes, exact: unsigned 8-bit codes, signed 8-bit weights, sums in 32 bits.

The library's own 8-bit kernel, four times as fast as float32. Only processors with instructions for
it (VNNI) sum without saturation in 16 bits, so elsewhere it is not offered.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

__all__ = ["ByteConv", "available"]


@functools.cache
def available() -> bool:
    """Whether this processor multiplies bytes exactly."""
    return torch.cpu._is_vnni_supported() and hasattr(torch.ops.onednn, "qconv2d_pointwise")


@dataclass(frozen=True, eq=False)
class ByteConv:
    """clip(floor((w * x + constant) / 2**shift + 1/2), 0, high), or w * x + constant for no high.

    Shapes  weight: O,C,KH,KW within -127..127; constant: O; x: uint8 N,C,H,W, channels last
    Result  uint8 where there is a ``high`` (at most 255), else float32
    Errors  none here: the caller sees to it that twice the sum stays below 2**24
    """

    packed: Tensor
    scale: Tensor
    zero: Tensor
    offset: Tensor
    step: int
    pad: int
    high: int | None

    @classmethod
    def make(
        cls,
        weight: np.ndarray,
        constant: np.ndarray,
        shift: int,
        high: int | None,
        step: int,
        pad: int,
        size: tuple[int, ...],
    ) -> ByteConv:
        """Pack weights; ``size`` is N,C,H,W of a usual input.

        The kernel rounds to nearest. Sums are whole, so half of one of their units more takes every
        tie upwards and nothing else.
        """
        scale = torch.full((len(weight),), 2.0**-shift)
        offset = (constant + (0.5 if shift > 0 else 0.0)) * 2.0**-shift
        packed = torch.ops.onednn.qconv_prepack(
            torch.from_numpy(weight.astype(np.int8)),
            scale,
            1.0,
            0,
            [step, step],
            [pad, pad],
            [1, 1],
            1,
            list(size),
        )
        zero = torch.zeros(len(weight), dtype=torch.int32)
        return cls(packed, scale, zero, torch.from_numpy(offset).float(), step, pad, high)

    def __call__(self, x: Tensor) -> Tensor:
        kind = torch.float32 if self.high is None else torch.uint8
        total = torch.ops.onednn.qconv2d_pointwise(
            x,
            1.0,
            0,
            self.packed,
            self.scale,
            self.zero,
            self.offset,
            [self.step, self.step],
            [self.pad, self.pad],
            [1, 1],
            1,
            1.0,
            0,
            kind,
            "none",
            [],
            "",
        )
        return total if self.high is None else total.clamp_(max=self.high)
