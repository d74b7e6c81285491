"""The layers of a fully quantized network: pixel embedding, binary convolution, 2-bit activation.

Feature maps are N,C,H,W here (torch's order); images are uint8 N,H,W,C, as the hardware sees them.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fq_hw.network import Activation, ConvLayer, EmbeddingKind, Network, WeightScale
from fq_hw.nn.quantizers import binary_scale, half_wave, sign
from fq_hw.thermometer import thermometer_table

__all__ = ["BinaryConv2d", "HalfWaveActivation", "PixelEmbedding", "as_images", "make_embedding"]


class PixelEmbedding(nn.Module):
    """uint8 images N,H,W,C to levels 0..3 of shape N,C*length,H,W by a learned table.

    ``table`` has shape T,256,length with T = 1 (shared by the colours) or C; it is quantized, then
    gathered. Channel index = colour * length + i. Source: Tokunaga et al. 2024.
    """

    def __init__(self, colours: int, length: int, shared: bool, activation: Activation):
        super().__init__()
        self.activation = activation
        self.colours = colours
        ramp = torch.from_numpy(thermometer_table(length)).float()
        # start as the thermometer, every entry where the quantizer passes a gradient
        start = ramp.clamp(0.05, 2.95) * activation.step
        tables = 1 if shared else colours
        self.table = nn.Parameter(start.expand(tables, -1, -1).clone())

    def forward(self, images: Tensor) -> Tensor:
        # Always in float32, as export does: an entry may lie on the edge between two levels.
        rows = half_wave(self.table.float(), self.activation, levels=True)
        return gather(images, rows.to(self.table.dtype), self.colours)

    @torch.no_grad()
    def clip(self) -> None:
        """Keep the table where its entries get a gradient; call after every step."""
        self.table.clamp_(0, self.activation.max_value)


class ThermometerEmbedding(nn.Module):
    """The generalised thermometer code: same contract as PixelEmbedding, nothing to learn."""

    def __init__(self, colours: int, length: int):
        super().__init__()
        self.colours = colours
        rows = torch.from_numpy(thermometer_table(length)).float()
        self.register_buffer("rows", rows[None], persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        return gather(images, self.rows, self.colours)


def gather(images: Tensor, rows: Tensor, colours: int) -> Tensor:
    """Look up N,H,W,C pixels in T,256,K rows; T is 1 or C. Returns N,C*K,H,W."""
    offset = torch.arange(colours, device=images.device) * (256 if len(rows) > 1 else 0)
    levels = F.embedding(images.long() + offset, rows.flatten(0, 1))
    return levels.flatten(3).permute(0, 3, 1, 2)


def make_embedding(network: Network) -> nn.Module:
    """The embedding that the record asks for."""
    kind, colours = network.embedding, network.image[2]
    if kind.kind is EmbeddingKind.LEARNED:
        return PixelEmbedding(colours, kind.length, kind.shared, network.activation)
    return ThermometerEmbedding(colours, kind.length)


class BinaryConv2d(nn.Module):
    """Convolution with weights sign(w) * scale, zero padding kernel // 2, no bias.

    ``scale`` is mean |w| per output channel, or one constant. In evaluation the integer sums are
    formed first and scaled once, so that they are exact in float32 while they stay below 2**24.
    """

    def __init__(self, layer: ConvLayer, shared_scale: float):
        super().__init__()
        self.layer = layer
        self.shared_scale = shared_scale
        reference = nn.Conv2d(layer.cin, layer.cout, layer.kernel, bias=False)
        self.weight = nn.Parameter(reference.weight.detach().clone())  # torch's usual start

    def scale(self) -> Tensor:
        """Real value of one unit of the integer result: shape O."""
        if self.layer.scale is WeightScale.MEAN:
            return binary_scale(self.weight)
        return self.weight.new_full((self.layer.cout,), self.shared_scale)

    def forward(self, x: Tensor) -> Tensor:
        stride, padding = self.layer.stride, self.layer.kernel // 2
        weight, scale = sign(self.weight), self.scale()
        if self.training:  # the gradient reaches w as that of the scaled weight
            scaled = weight * scale[:, None, None, None]
            weight = weight + (scaled - weight).detach()
            return F.conv2d(x, weight, stride=stride, padding=padding)
        return F.conv2d(x, weight, stride=stride, padding=padding) * scale[:, None, None]


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


def as_images(array: np.ndarray) -> Tensor:
    """uint8 N,H,W,C array as a tensor without a copy where possible."""
    return torch.from_numpy(np.ascontiguousarray(array))
