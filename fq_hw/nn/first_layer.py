"""A first convolution with real weights for a while, and then with binary ones that stand for them.

Levels of one pixel under different signs leave what their quantizer lost of it, about as much as an
edge of a tenth of the range. While signs are found one by one that noise is all that a first layer
learns from. So it begins with one real weight for a colour and tap, which all the levels of the
colour share; later each becomes as many signs as there are levels. The share of +1 is the weight,
the levels that have it lie evenly among the others, and what they lost cancels. No paper's method:
ours, measured in docs/results/pixels.toml.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from fq_hw.errors import require
from fq_hw.float_network import FloatNetwork
from fq_hw.network import Network, WeightScale
from fq_hw.nn.layers import BinaryConv2d
from fq_hw.nn.network import ErnNet

__all__ = ["RealStart", "evenly", "split", "start", "tie"]

RANGE = 2.0  # the mean |w| of a channel, times this, has one sign at every level
LATENT = 0.2  # of that weight then: small steps of the optimizer turn signs one at a time


class RealStart:
    """The first convolution of ``model``, real for so many ``epochs``; call it after every step.

    Raises ParameterError where the network has none of weights -1/+1 whose scale is their mean.
    """

    def __init__(self, model: nn.Module, network: Network | FloatNetwork, epochs: int):
        conv = model.stem[0].conv if isinstance(model, ErnNet) else None
        fits = isinstance(conv, BinaryConv2d) and conv.layer.scale is WeightScale.MEAN
        contract = (
            "real_epochs needs a first convolution of weights -1/+1 whose scale is their mean"
        )
        require(fits and conv.layer.bits == 1, "TrainConfig", contract, network.name)
        self.conv, self.colours, self.epochs = conv, network.image[2], epochs

    def begin(self, epoch: int, fresh: bool) -> None:
        """An epoch begins; ``fresh``: the run began with random weights."""
        self.conv.real = epoch < self.epochs
        if epoch == 0 and fresh:
            start(self.conv.weight, self.colours)
        if epoch == self.epochs:
            split(self.conv.weight, self.colours)

    def __call__(self) -> None:
        if self.conv.real:
            tie(self.conv.weight, self.colours)


@torch.no_grad()
def start(weight: Tensor, colours: int) -> None:
    """Give O,colours*length,K,K one weight per colour, as wide as suits a layer of ``colours``."""
    of_colour = weight.unflatten(1, (colours, -1))
    of_colour.copy_(of_colour[:, :, :1] * math.sqrt(of_colour.shape[2]))


@torch.no_grad()
def tie(weight: Tensor, colours: int) -> None:
    """Make the weights of a colour equal again, after a step: their mean."""
    of_colour = weight.unflatten(1, (colours, -1))
    of_colour.copy_(of_colour.mean(2, keepdim=True))


@torch.no_grad()
def split(weight: Tensor, colours: int) -> None:
    """Make each weight, equal within a colour, into signs: the more of them +1 the larger it is."""
    of_colour = weight.unflatten(1, (colours, -1))
    length = of_colour.shape[2]
    widest = RANGE * of_colour.abs().mean((1, 2, 3, 4), keepdim=True)
    rank = torch.empty(length)
    rank[evenly(length)] = torch.arange(length, dtype=rank.dtype)
    offset = (2 * rank + 1) / length - 1
    signs = of_colour / widest.clamp(min=1e-12) + offset.to(weight)[:, None, None]
    of_colour.copy_(LATENT * signs)


def evenly(length: int) -> list[int]:
    """0..length-1 in an order whose every beginning lies evenly in the range (bit reversal)."""
    bits = max(1, (length - 1).bit_length())
    places = sorted(range(1 << bits), key=lambda n: int(f"{n:0{bits}b}"[::-1], 2))
    return list(dict.fromkeys(n * length >> bits for n in places))
