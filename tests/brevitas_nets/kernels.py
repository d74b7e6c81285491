"""Kernels, strides, paddings and pools of all shapes."""

from __future__ import annotations

import brevitas.nn as qnn
from brevitas.quant import Int8WeightPerChannelFloat
from torch import nn

from brevitas_nets.parts import Net, Then, act, block, conv, dense, head, norm, relu

__all__ = ["NETS"]


def plain(*layers: nn.Module, width: int = 8) -> nn.Module:
    """A stem to four channels, the layers, a head on ``width`` channels."""
    return nn.Sequential(act(8), block(3, 4), *layers, head(width))


def separable(cin: int, cout: int, stride: int = 1) -> nn.Module:
    per = {"weight_quant": Int8WeightPerChannelFloat}
    return nn.Sequential(
        block(cin, cin, stride=stride, groups=cin, **per), block(cin, cout, 1, **per)
    )


def ds_cnn() -> nn.Module:
    """Keywords: 49 frames of 10 coefficients."""
    return nn.Sequential(
        act(8), block(1, 8, (10, 4), stride=2, padding=(5, 1)), separable(8, 8), separable(8, 8),
        head(8),
    )  # fmt: skip


def conv1d() -> nn.Module:
    def layer(cin, cout, stride):
        return nn.Sequential(
            qnn.QuantConv1d(cin, cout, 3, stride=stride, padding=1, bias=False, weight_bit_width=4),
            norm(cout, nn.BatchNorm1d), relu(),
        )  # fmt: skip

    return nn.Sequential(
        act(8), layer(2, 6, 1), nn.MaxPool1d(2), layer(6, 8, 2), nn.AdaptiveAvgPool1d(1), act(8),
        nn.Flatten(), dense(8),
    )  # fmt: skip


def global_pool(kind: type[nn.Module]) -> nn.Module:
    return nn.Sequential(act(8), block(3, 8), kind(8, stride=1), act(8), nn.Flatten(), dense(8))


def odd_map() -> nn.Module:
    """A 5 x 5 map behind a pool that drops its last row and column."""
    return nn.Sequential(
        act(8), block(3, 6), nn.MaxPool2d(2), block(6, 6), nn.MaxPool2d(2), nn.Flatten(), dense(24)
    )


NETS = {
    "MobileNet V1 W4A4": Net(
        build=lambda: nn.Sequential(
            act(8), block(3, 8, stride=2), separable(8, 8), separable(8, 12, 2), head(12)),
        image=(3, 16, 16)),
    "DS-CNN 49x10": Net(build=ds_cnn, image=(1, 49, 10)),
    "grouped convolution": Net(build=lambda: plain(block(4, 8, groups=2))),
    "kernel 1x9": Net(build=lambda: plain(block(4, 8, (1, 9)))),
    "kernel 9x1 after 1x9": Net(build=lambda: plain(block(4, 4, (1, 9)), block(4, 8, (9, 1)))),
    "Conv1d": Net(build=conv1d, image=(2, 32)),
    "stride 2x1": Net(build=lambda: plain(block(4, 8, stride=(2, 1)))),
    "asymmetric same padding": Net(
        build=lambda: plain(nn.ZeroPad2d((0, 1, 0, 1)), block(4, 8, stride=2, padding=0))),
    "padding 'same' of an even kernel": Net(build=lambda: plain(block(4, 8, 4, padding="same"))),
    "padding 2 with kernel 3": Net(build=lambda: plain(block(4, 8, padding=2))),
    "padding 1 with kernel 1": Net(build=lambda: plain(block(4, 8, 1, padding=1))),
    "dilation 2": Net(build=lambda: plain(block(4, 8, dilation=2, padding=2))),
    "7x7 stem, 3x3 stride 2 padded maximum": Net(
        build=lambda: nn.Sequential(act(8), block(3, 8, 7, stride=2), nn.MaxPool2d(3, 2, 1),
                                    block(8, 8), head(8)),
        image=(3, 16, 16)),
    "AlexNet's overlapping pools": Net(
        build=lambda: nn.Sequential(act(8), block(3, 6, 5), nn.MaxPool2d(3, 2), block(6, 8),
                                    nn.MaxPool2d(3, 2), nn.Flatten(), dense(72)),
        image=(3, 16, 16)),
    "maximum with ceil_mode": Net(
        build=lambda: plain(nn.MaxPool2d(3, 2, ceil_mode=True), block(4, 8))),
    "average with ceil_mode": Net(
        build=lambda: plain(nn.AvgPool2d(3, 2, ceil_mode=True), act(8), block(4, 8))),
    "average with padding": Net(
        build=lambda: plain(nn.AvgPool2d(3, 2, padding=1), act(8), block(4, 8))),
    "average with padding not counted": Net(
        build=lambda: plain(nn.AvgPool2d(3, 2, padding=1, count_include_pad=False), act(8),
                            block(4, 8))),
    "global average as a pool, stride 1": Net(build=lambda: global_pool(nn.AvgPool2d)),
    "global maximum as a pool, stride 1": Net(build=lambda: global_pool(nn.MaxPool2d)),
    "5x5 map behind a pool that drops a row": Net(build=odd_map, image=(3, 10, 10)),
    "transposed convolution": Net(
        build=lambda: plain(qnn.QuantConvTranspose2d(4, 8, 2, stride=2, bias=False,
                                                     weight_bit_width=4), norm(8), relu())),
    "nearest up-sampling (U-Net)": Net(
        build=lambda: plain(Then(u_net, nn.MaxPool2d(2), block(4, 4), nn.Upsample(scale_factor=2),
                                 block(8, 8)))),
    "norm behind a ReLU": Net(
        build=lambda: plain(conv(4, 8), nn.ReLU(), norm(8), act(4))),
}  # fmt: skip


def u_net(x, pool, low, up, merged):
    """One step down and up, joined with what came."""
    import torch

    return merged(torch.cat([x, up(low(pool(x)))], 1))
