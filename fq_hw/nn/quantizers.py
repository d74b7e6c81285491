"""Quantizers with their surrogate gradients.

Sources: Rastegari et al. 2016 (channel-wise mean scale); Esser et al. 2020, LSQ (gradient of a
learned scale); Takahashi et al. 2024 (shared constant scale); Cai et al. 2017, HWGQ (half-wave
activation); Lee et al. 2021, EWGS (gradient scaling).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fq_hw.layers import Activation

__all__ = ["codes", "half_wave", "mean_unit", "quantized_weight"]


def codes(weight: Tensor, unit: Tensor, bits: int) -> Tensor:
    """The odd integer nearest to weight / unit, of ``bits`` bits: -1, +1 or -3, -1, +1, +3.

    weight: O,C,KH,KW; unit: O, positive where ``bits`` is 2. A tie belongs to the upper one, so
    that the code of 0 is +1.
    """
    found = torch.where(weight >= 0, 1.0, -1.0).to(weight.dtype)
    if bits == 2:
        edge = 2 * unit[:, None, None, None]
        found = found + 2.0 * (weight >= edge) - 2.0 * (weight < -edge)
    return found


class QuantizedWeight(torch.autograd.Function):
    """code * unit; the gradient at the quantized weight is that of the weight, unchanged.

    That of a unit is the sum of gradient * code over its channel, divided by the root of the
    channel's size, as in Esser et al. 2020 (LSQ): the step of a unit then is of a weight's size.
    """

    @staticmethod
    def forward(ctx, weight: Tensor, unit: Tensor, bits: int) -> Tensor:
        found = codes(weight, unit, bits)
        ctx.save_for_backward(found)
        return found * unit[:, None, None, None]

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor | None, None]:
        (found,) = ctx.saved_tensors
        by_unit = None
        if ctx.needs_input_grad[1]:
            by_unit = (grad * found).flatten(1).sum(1) / math.sqrt(found[0].numel())
        return grad, by_unit, None


def quantized_weight(weight: Tensor, unit: Tensor, bits: int) -> Tensor:
    """Weights O,C,KH,KW at their levels; gradients as in :class:`QuantizedWeight`."""
    return QuantizedWeight.apply(weight, unit, bits)


def mean_unit(weight: Tensor, bits: int) -> Tensor:
    """The unit by which codes of equal number have the mean |w| of their output channel: shape O.

    For one bit that is mean |w| itself. Of two bits it is a number of float32 in every format,
    because codes change at it: export must find the same. No gradient passes.
    """
    size = weight.detach().abs()
    if bits == 1:
        return size.mean(dim=(1, 2, 3))
    return (size.double().mean(dim=(1, 2, 3)) / 2).float().to(weight.dtype)


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
