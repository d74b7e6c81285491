"""Quantizers, activations before them, biases, ways to write both."""

from __future__ import annotations

import brevitas.nn as qnn
import torch
from brevitas.quant import (
    Int8WeightPerChannelFloat,
    Int32Bias,
    ShiftedUint8ActPerTensorFloat,
    ShiftedUint8WeightPerTensorFloat,
)
from torch import nn

from brevitas_nets.parts import Flat, Net, Then, act, binary, block, conv, dense, head, norm, relu

__all__ = ["NETS"]

ALL = ("qonnx", "script", "dynamo")
BIASED = ("qonnx", "script")  # dynamo has no quantized biases
QT = {"return_quant_tensor": True}


def plain(*layers: nn.Module, width: int = 8) -> nn.Module:
    return nn.Sequential(act(8), block(3, width), *layers, head(width))


def through(function: nn.Module) -> nn.Module:
    """A function between a norm and a quantizer."""
    return plain(conv(8, 8), norm(8), function, act(4))


def per_channel(channels: int, bits: int = 4) -> nn.Module:
    """A scale for each channel, as Brevitas' MobileNet has before depthwise layers."""
    return relu(bits, scaling_per_output_channel=True,
                per_channel_broadcastable_shape=(1, channels, 1, 1),
        scaling_stats_permute_dims=(1, 0, 2, 3))  # fmt: skip


def mobilenet(average: nn.Module | None = None) -> nn.Module:
    """As Brevitas' own: activations with a scale a channel before depthwise layers."""
    per = {"weight_quant": Int8WeightPerChannelFloat}
    ends = [head(12)] if average is None else [average, Flat(), dense(12)]
    last = relu(4, **QT) if average else relu(4)
    return nn.Sequential(
        act(8), conv(3, 8, stride=2, **per), norm(8), per_channel(8),
        conv(8, 8, groups=8, **per), norm(8), relu(4), conv(8, 12, 1, **per), norm(12),
        per_channel(12), conv(12, 12, groups=12, **per), norm(12), relu(4),
        conv(12, 12, 1, **per), norm(12), last, *ends,
    )  # fmt: skip


def average(side: int, bits: int = 4, **more) -> nn.Module:
    return qnn.TruncAvgPool2d(kernel_size=side, bit_width=bits, **more)


def truncated(*layers: nn.Module, side: int, width: int) -> nn.Module:
    return nn.Sequential(act(8), *layers, average(side), Flat(), dense(width))


def resnet_trunc() -> nn.Module:
    both = act(5, **QT)
    skip = Then(lambda x, branch, q: q(branch(x)) + q(x),
                nn.Sequential(block(8, 8), conv(8, 8), norm(8)), both)  # fmt: skip
    return truncated(block(3, 8), skip, relu(4, **QT), side=8, width=8)


def vgg_trunc() -> nn.Module:
    """Brevitas' VGG puts the average before the dense layers."""
    return truncated(block(3, 8), nn.MaxPool2d(2), conv(8, 8), norm(8), relu(4, **QT), side=4,
                     width=8)  # fmt: skip


def biased(**more) -> nn.Module:
    """Biases of 32 bits in units of the sums."""
    given = {"bias": True, "bias_quant": Int32Bias}
    return nn.Sequential(
        act(8, **QT), conv(3, 8, bits=8, **given), relu(8, **QT), nn.MaxPool2d(2),
        conv(8, 8, bits=8, **given, **more), relu(8, **QT), nn.MaxPool2d(4), Flat(),
        dense(8, bits=8, **given),
    )  # fmt: skip


def bytes_alone() -> nn.Module:
    """What QCDQ holds without norms."""
    return nn.Sequential(
        act(8), conv(3, 8, bits=8), relu(8), nn.MaxPool2d(2), conv(8, 8, bits=4), relu(4),
        nn.MaxPool2d(4), nn.Flatten(), dense(8, bits=8),
    )  # fmt: skip


def shifted() -> nn.Module:
    """Weights with zero points."""
    given = {"weight_quant": ShiftedUint8WeightPerTensorFloat}
    return nn.Sequential(
        act(8), block(3, 8, bits=4, **given), nn.MaxPool2d(2), block(8, 8, bits=8, **given), head(8)
    )


def ended(function: nn.Module) -> nn.Module:
    return nn.Sequential(act(8), block(3, 8), head(8), function)


def features() -> nn.Module:
    """16 numbers, no image."""
    return nn.Sequential(act(8), dense(16, 12), norm(12, nn.BatchNorm1d), relu(), dense(12))


class Standard(nn.Module):
    """(x - mean) / std, as torchvision normalizes."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1))

    def forward(self, x):
        return (x - self.mean) / self.std


def falling_end() -> nn.Module:
    return nn.Sequential(act(8), block(3, 8), head(8, 6), norm(6, nn.BatchNorm1d))


def binary_biased() -> nn.Module:
    """A binary network whose class biases are float."""
    return nn.Sequential(
        act(8), binary(3, 8), norm(8), relu(2), nn.MaxPool2d(2), binary(8, 8), norm(8), relu(2),
        nn.Flatten(),
        qnn.QuantLinear(128, 5, bias=True, weight_bit_width=2),
    )  # fmt: skip


def prelu() -> nn.Module:
    made = nn.PReLU(8)
    with torch.no_grad():
        made.weight.uniform_(0.05, 0.5)
    return made


NETS = {
    "MobileNet V1, activations per channel": Net(build=mobilenet, image=(3, 16, 16)),
    "MobileNet V1, Trunc average": Net(build=lambda: mobilenet(average(8)), image=(3, 16, 16)),
    "activations per channel before a dense convolution": Net(
        build=lambda: plain(conv(8, 8), norm(8), per_channel(8), block(8, 8))),
    "ResNet, Trunc average": Net(build=resnet_trunc),
    "VGG, Trunc average": Net(build=vgg_trunc),
    "int32 biases": Net(build=biased, ways=BIASED),
    "bytes without norms": Net(build=bytes_alone, ways=ALL),
    "weight zero points": Net(build=shifted, ways=ALL),
    "activation zero points": Net(
        build=lambda: plain(conv(8, 8), norm(8), act(8, act_quant=ShiftedUint8ActPerTensorFloat),
                            block(8, 8)), ways=ALL),
    "Softmax at the end": Net(build=lambda: ended(nn.Softmax(1))),
    "LogSoftmax at the end": Net(build=lambda: ended(nn.LogSoftmax(1))),
    "Sigmoid at the end": Net(build=lambda: ended(nn.Sigmoid())),
    "Relu at the end": Net(build=lambda: ended(nn.ReLU())),
    "norm at the end, falling gains": Net(build=falling_end, classes=6),
    "Clip before a quantizer": Net(build=lambda: through(nn.Hardtanh(-0.7, 1.1))),
    "ReLU6 before a quantizer": Net(build=lambda: through(nn.ReLU6())),
    "LeakyReLU before a quantizer": Net(build=lambda: through(nn.LeakyReLU(0.1))),
    "PReLU before a quantizer": Net(build=lambda: through(prelu())),
    "tanh before a quantizer": Net(build=lambda: through(nn.Tanh())),
    "sigmoid before a quantizer": Net(build=lambda: through(nn.Sigmoid())),
    "HardSwish before a quantizer": Net(build=lambda: through(nn.Hardswish())),
    "ReLU of one bit": Net(build=lambda: plain(conv(8, 8), norm(8), relu(1), block(8, 8))),
    "mean of a float ReLU": Net(
        build=lambda: nn.Sequential(act(8), block(3, 8), conv(8, 8), norm(8), nn.ReLU(), head(8))),
    "16 features without an image": Net(build=features, image=(16,)),
    "mean/std input without quantizer and padding": Net(
        build=lambda: nn.Sequential(Standard(), block(3, 8), head(8))),
    "mean/std input with quantizer": Net(
        build=lambda: nn.Sequential(Standard(), act(8), block(3, 8), head(8))),
    "four-channel images": Net(
        build=lambda: nn.Sequential(act(8), block(4, 8), head(8)), image=(4, 8, 8)),
    "a 4x4 detection grid": Net(
        build=lambda: nn.Sequential(act(8), block(3, 8), nn.MaxPool2d(2), conv(8, 6, 1)),
        classes=96),
    "a score for each pixel": Net(
        build=lambda: nn.Sequential(act(8), block(3, 8), block(8, 8), conv(8, 3, 1)), classes=192),
    "binary, float class biases": Net(build=binary_biased),
    "one output": Net(build=lambda: nn.Sequential(act(8), block(3, 8), head(8, 1)), classes=2),
}  # fmt: skip
