"""Layers that the networks share, and a network's record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import brevitas.nn as qnn
import torch
from brevitas.quant import SignedBinaryWeightPerTensorConst
from torch import nn

__all__ = ["Flat", "Made", "Net", "Then", "act", "binary", "block", "conv", "dense", "head", "norm",
           "relu"]  # fmt: skip

RGB = (3, 8, 8)
CLASSES = 5


@dataclass(frozen=True, kw_only=True)
class Net:
    """A network of torch, with its image C,H,W, and the ways it is exported.

    ways     of qonnx, and qcdq by TorchScript ("script") or dynamo
    pixels   what the model is given for a byte, as ``fq-hw import --pixels`` says it
    classes  how many scores
    """

    build: Callable[[], nn.Module]
    image: tuple[int, ...] = RGB
    ways: tuple[str, ...] = ("qonnx",)
    pixels: str = "unit"
    classes: int = CLASSES


@dataclass(frozen=True, kw_only=True)
class Made:
    """A file that another tool would write: what Brevitas has no exporter for."""

    write: Callable[[Path], None]
    image: tuple[int, ...] = RGB
    pixels: str = "unit"
    classes: int = CLASSES


class Then(nn.Module):
    """A function of torch as a layer, or of several layers: ``call(x, *layers)``."""

    def __init__(self, call: Callable[..., torch.Tensor], *layers: nn.Module):
        super().__init__()
        self.call, self.layers = call, nn.ModuleList(layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.call(x, *self.layers)


class Flat(nn.Module):
    """N,C,H,W to N,F; keeps what Brevitas knows of a tensor's scale."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1)


def conv(cin: int, cout: int, kernel: int | tuple[int, int] = 3, bits: int = 4, **more):
    """A convolution that keeps the image's size, unless ``more`` says otherwise."""
    sides = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    given = {"padding": tuple(side // 2 for side in sides), "bias": False} | more
    return qnn.QuantConv2d(cin, cout, kernel, weight_bit_width=bits, **given)


def binary(cin: int, cout: int, kernel: int = 3, **more):
    """A convolution of weights -1 and +1."""
    given = {"padding": kernel // 2, "bias": False} | more
    quant = SignedBinaryWeightPerTensorConst
    return qnn.QuantConv2d(cin, cout, kernel, weight_quant=quant, **given)


def norm(channels: int, kind: type[nn.Module] = nn.BatchNorm2d) -> nn.Module:
    """A norm as training leaves one: gains of either sign, no two channels alike."""
    made = kind(channels)
    with torch.no_grad():
        made.weight.uniform_(0.4, 1.6).mul_(torch.where(torch.rand(channels) < 0.2, -1, 1))
        made.bias.normal_(0, 0.5)
    return made


def relu(bits: int = 4, **more) -> nn.Module:
    return qnn.QuantReLU(bit_width=bits, **more)


def act(bits: int = 4, **more) -> nn.Module:
    """A quantizer of both signs."""
    return qnn.QuantIdentity(bit_width=bits, **more)


def block(cin: int, cout: int, kernel: int | tuple[int, int] = 3, bits: int = 4, **more):
    """Convolution, norm, quantized ReLU."""
    return nn.Sequential(conv(cin, cout, kernel, bits, **more), norm(cout), relu(bits))


def dense(inputs: int, outputs: int = CLASSES, bits: int = 4, **more) -> nn.Module:
    return qnn.QuantLinear(inputs, outputs, weight_bit_width=bits, **({"bias": False} | more))


def head(channels: int, outputs: int = CLASSES) -> nn.Module:
    """The average of all pixels, quantized, and a dense layer."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), act(8), Flat(), dense(channels, outputs))
