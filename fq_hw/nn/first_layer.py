"""A first convolution that learns as real weights, and then stays what they are rounded to: signs.

Levels of one pixel under different signs leave what their quantizer lost of it, and one step turns
signs of many levels at once: signs that learn keep the layers behind them from settling. So one
real weight for a colour and tap learns instead, on the sum of the colour's levels, for some epochs;
its signs are found jointly (``fq_hw.nn.sign_rounding``), and the rest of the network has the other
epochs to get used to them. No paper's method: ours, measured in docs/results/pixels.toml.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fq_hw.errors import require
from fq_hw.float_network import FloatNetwork
from fq_hw.layers import Layered, WeightScale
from fq_hw.nn.layers import BinaryConv2d
from fq_hw.nn.network import ErnNet
from fq_hw.nn.sign_rounding import round_to_signs
from fq_hw.rounding import Moments

__all__ = ["SAMPLE", "RealStart", "moments"]

SAMPLE = 500  # images that signs are found with: of 32 x 32, some 200 patches for each weight


class RealStart:
    """The first convolution of ``model``, with real weights for so many ``epochs``.

    Raises ParameterError where the network has none of weights -1/+1 whose scale is their mean.
    """

    def __init__(self, model: nn.Module, network: Layered | FloatNetwork, epochs: int):
        conv = model.stem[0].conv if isinstance(model, ErnNet) else None
        fits = isinstance(conv, BinaryConv2d) and conv.layer.scale is WeightScale.MEAN
        contract = (
            "real_epochs needs a first convolution of weights -1/+1 whose scale is their mean"
        )
        require(fits and conv.layer.bits == 1, "TrainConfig", contract, network.name)
        self.model, self.conv, self.epochs = model, conv, epochs
        of_colour = conv.weight.detach().unflatten(1, (network.image[2], -1))
        conv.real = nn.Parameter(of_colour.sum(2))  # as wide as a layer's of so few channels
        conv.weight.requires_grad_(False)

    def begin(self, epoch: int) -> None:
        """An epoch begins: the real weights learn in it, or no longer."""
        self.conv.real.requires_grad_(epoch < self.epochs)

    def end(self, images: Tensor) -> None:
        """An epoch of real weights ends: find their signs by uint8 ``images`` N,H,W,C."""
        weight, real = self.conv.weight, self.conv.real.detach()
        length = weight.shape[1] // real.shape[1]
        each = real.repeat_interleave(length, 1).flatten(1).cpu().numpy()
        found = torch.from_numpy(round_to_signs(each, moments(self.model, images)))
        weight.detach().copy_(found.view(weight.shape))


@torch.no_grad()
def moments(model: ErnNet, images: Tensor) -> Moments:
    """Those of the I = C * K * K levels that a sum of the first convolution reads in ``images``."""
    layer = model.stem[0].conv.layer
    count, total, squares = 0, 0.0, 0.0
    for image in images.split(1):  # patches take K * K times the memory of an image
        levels = model.embedding(image).float()
        patches = F.unfold(levels, layer.kernel, padding=layer.kernel // 2, stride=layer.stride)
        rows = patches[0].double()
        count, total, squares = count + rows.shape[1], total + rows.sum(1), squares + rows @ rows.T
    mean, square = ((part / count).cpu().numpy() for part in (total, squares))
    return Moments(mean=mean, covariance=square - np.outer(mean, mean))
