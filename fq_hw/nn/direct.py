"""Weights that are updated at their quantized values.

DQ-style, after the abstract of Hoang et al. 2020 (Direct Quantization for Training Highly Accurate
Low Bit-width Deep Neural Networks); the formulas are ours. A weight is a level and a residual:

    w = z * unit + u         z: the odd integer of the weight; u: what no level can represent

The gradient is taken at z * unit and moves u (error feedback) and the unit, each by the optimizer.
Then z becomes the level nearest to w, and u what is left. While units stand still this is the
straight-through update of w; it differs in three ways. A unit is learned, not the mean of |w|.
Where the unit moves, the weight moves with its level and keeps its residual. And beyond the
outermost level nothing can be carried, so w ends there: a weight comes back as soon as its
gradients turn, where a latent weight first has the way to go that it went outside.
"""

from __future__ import annotations

import enum

import torch
from torch import nn

from fq_hw.nn.layers import BinaryConv2d

__all__ = ["DirectUpdate", "WeightUpdate"]


class WeightUpdate(enum.Enum):
    """What a step of the optimizer moves: latent real weights, or the quantized ones."""

    LATENT = "latent"
    DIRECT = "direct"


class DirectUpdate:
    """Settle the weights of ``model`` on their levels; call it after every optimizer step.

    Between calls ``weight`` of a layer is z * unit + u.
    """

    @torch.no_grad()
    def __init__(self, model: nn.Module):
        self.convs = [m for m in model.modules() if isinstance(m, BinaryConv2d)]
        for conv in self.convs:
            saturate(conv)
        self.before = [(conv.codes(), conv.scale().clone()) for conv in self.convs]

    @torch.no_grad()
    def __call__(self) -> None:
        for index, conv in enumerate(self.convs):
            code, unit = self.before[index]
            moved = (conv.scale() - unit)[:, None, None, None]
            conv.weight.addcmul_(code, moved)
            saturate(conv)
            self.before[index] = (conv.codes(), conv.scale().clone())


def saturate(conv: BinaryConv2d) -> None:
    """End the weights at the outermost levels of their channels."""
    top = (2**conv.layer.bits - 1) * conv.scale()[:, None, None, None]
    conv.weight.copy_(torch.minimum(torch.maximum(conv.weight, -top), top))
