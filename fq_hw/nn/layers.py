"""The layers of a fully quantized network: binary convolution and 2-bit activation.

Feature maps are N,C,H,W here (torch's order); images are uint8 N,H,W,C, as the hardware sees them.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fq_hw.layers import Activation, ConvLayer, Norm, StepRule, WeightScale
from fq_hw.network import Network
from fq_hw.nn.channel_step import ChannelStepActivation
from fq_hw.nn.quantizers import codes, half_wave, mean_unit, quantized_weight

__all__ = [
    "Bias",
    "BinaryConv2d",
    "HalfWaveActivation",
    "RealConv2d",
    "as_images",
    "make_activation",
    "make_conv",
    "make_norm",
]

LEAST_LEVEL = 1e-4  # far below the mean |w| of any layer in use


class BinaryConv2d(nn.Module):
    """Convolution with weights code * scale, zero padding, no bias.

    Codes are -1 and +1 (the sign of ``weight``); a layer of two bits has -3, -1, +1, +3. ``scale``
    follows from ``weight``, or is learned (``level``), or is one constant. In evaluation the
    integer sums are formed first and scaled once, so that they are exact in float32 while they stay
    below 2**24. While ``real`` learns, training takes it instead: real weights O,G,K,K, each on the
    sum of one of G equal groups of channels (``fq_hw.nn.first_layer``).
    """

    def __init__(self, layer: ConvLayer):
        super().__init__()
        self.layer = layer
        groups = layer.groups
        reference = nn.Conv2d(layer.cin, layer.cout, layer.kernel, groups=groups, bias=False)
        self.weight = nn.Parameter(reference.weight.detach().clone())  # torch's usual start
        self.register_parameter("real", None)
        if layer.scale is WeightScale.LEARNED:
            self.level = nn.Parameter(mean_unit(self.weight, layer.bits))

    def scale(self) -> Tensor:
        """Real value of one unit of the integer result: shape O."""
        if self.layer.scale is WeightScale.LEARNED:
            return self.level
        if self.layer.scale is WeightScale.MEAN:
            return mean_unit(self.weight, self.layer.bits)
        return self.weight.new_full((self.layer.cout,), self.layer.shared_scale)

    @torch.no_grad()
    def clip(self) -> None:
        """Keep learned levels positive; call after every step."""
        if self.layer.scale is WeightScale.LEARNED:
            self.level.clamp_(min=LEAST_LEVEL)

    def codes(self) -> Tensor:
        """The integer weights, in the format of ``weight``."""
        return codes(self.weight.detach(), self.scale().detach(), self.layer.bits)

    def forward(self, x: Tensor) -> Tensor:
        layer = self.layer
        ways = {"stride": layer.stride, "padding": layer.pad, "groups": layer.groups}
        if self.training:
            if self.real is not None and self.real.requires_grad:
                x, weight = x.unflatten(1, (self.real.shape[1], -1)).sum(2), self.real
            else:
                weight = quantized_weight(self.weight, self.scale(), self.layer.bits)
            return F.conv2d(x, weight, **ways)
        sums = F.conv2d(x, self.codes(), **ways)
        return sums * self.scale()[:, None, None]


class Bias(nn.Module):
    """A bias per channel of N,C,H,W: what a network without norms has in their place."""

    def __init__(self, channels: int):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.bias[:, None, None]


def make_norm(network: Network, channels: int) -> nn.Module:
    """What the record wants before an activation."""
    if network.norm is Norm.BIAS:
        return Bias(channels)
    return nn.BatchNorm2d(channels, eps=network.norm_eps)


class RealConv2d(nn.Conv2d):
    """Convolution with real weights: the first layer of a comparison, in training only."""

    def __init__(self, layer: ConvLayer):
        super().__init__(layer.cin, layer.cout, layer.kernel, layer.stride, layer.pad, bias=False)
        self.layer = layer


def make_conv(layer: ConvLayer) -> nn.Module:
    """The convolution that the record asks for."""
    return RealConv2d(layer) if layer.real else BinaryConv2d(layer)


class HalfWaveActivation(nn.Module):
    """2-bit half-wave quantizer of any shape; ``levels`` leaves out the step (post-scale)."""

    def __init__(self, activation: Activation, levels: bool, ewgs_delta: float):
        super().__init__()
        self.activation, self.levels, self.ewgs_delta = activation, levels, ewgs_delta

    @property
    def step(self) -> float:
        """Real value of one level at the output."""
        return 1.0 if self.levels else self.activation.step

    def forward(self, x: Tensor) -> Tensor:
        return half_wave(x, self.activation, self.levels, self.ewgs_delta if self.training else 0.0)


def make_activation(activation: Activation, levels: bool, ewgs_delta: float) -> nn.Module:
    """The quantizer that the record asks for."""
    fixed = activation.rule is StepRule.FIXED
    kind = HalfWaveActivation if fixed else ChannelStepActivation
    return kind(activation, levels, ewgs_delta)


def as_images(array: np.ndarray) -> Tensor:
    """uint8 N,H,W,C array as a tensor without a copy where possible."""
    return torch.from_numpy(np.ascontiguousarray(array))
