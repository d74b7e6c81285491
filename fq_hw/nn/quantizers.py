"""Quantizers with their surrogate gradients.

Sources: Rastegari et al. 2016 (channel-wise mean scale); Takahashi et al. 2024 (shared constant
scale); Cai et al. 2017, HWGQ (half-wave activation); Lee et al. 2021, EWGS (gradient scaling).
"""

from __future__ import annotations

import torch
from torch import Tensor

from fq_hw.network import Activation

__all__ = ["binary_scale", "half_wave", "sign"]


class Sign(torch.autograd.Function):
    """+1 where x >= 0, else -1; the gradient passes through unchanged."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        return torch.where(x >= 0, 1.0, -1.0).to(x.dtype)

    @staticmethod
    def backward(ctx, grad: Tensor) -> Tensor:
        return grad


def sign(x: Tensor) -> Tensor:
    """Bipolar sign, any shape, with a straight-through gradient."""
    return Sign.apply(x)


def binary_scale(weight: Tensor) -> Tensor:
    """mean |w| of every output channel: shape O for weights O,C,KH,KW; no gradient passes."""
    return weight.detach().abs().mean(dim=(1, 2, 3))


class HalfWave(torch.autograd.Function):
    """level = floor(clamp(x, 0, max) * steps / max + 1/2), optionally times the step.

    The gradient is 1 (steps/max where levels are returned) inside [0, max] and 0 outside; EWGS
    multiplies it by 1 + delta * sign(grad) * (x - x_q), with x and x_q both in units of x: the
    released ERN code mixes units where levels are returned, which we do not follow.
    """

    @staticmethod
    def forward(ctx, x: Tensor, activation: Activation, levels: bool, delta: float) -> Tensor:
        top, step = activation.max_value, activation.step
        clamped = x.clamp(0, top)
        level = (clamped / step).add_(0.5).floor_()
        inside = x == clamped
        ctx.gain = 1 / step if levels else 1.0
        ctx.delta = delta
        ctx.save_for_backward(inside, clamped.sub_(level, alpha=step) if delta else None)
        return level if levels else level * step

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None, None, None]:
        inside, error = ctx.saved_tensors
        out = grad * inside
        if ctx.delta:  # |g| = g * sign(g)
            out.addcmul_(out.abs(), error, value=ctx.delta)
        return out.mul_(ctx.gain), None, None, None


def half_wave(x: Tensor, activation: Activation, levels: bool, delta: float = 0.0) -> Tensor:
    """Quantize ``x`` of any shape; ``levels`` leaves the integers 0..steps unscaled."""
    return HalfWave.apply(x, activation, levels, delta)
