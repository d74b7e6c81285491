"""Branches: sums, concatenations, splits."""

from __future__ import annotations

import torch
from brevitas.quant import Int32Bias, Uint8ActPerTensorFloat
from torch import nn
from torch.nn import functional as F

from brevitas_nets.parts import Net, Then, act, binary, block, conv, dense, head, norm, relu

__all__ = ["NETS"]


def plain(*layers: nn.Module, width: int = 8, bits: int = 4) -> nn.Module:
    """A stem to ``width`` channels, the layers, a head."""
    return nn.Sequential(act(8), block(3, width, bits=bits), *layers, head(width))


def convs(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(*layers)


def cat(x: torch.Tensor, *branches: nn.Module) -> torch.Tensor:
    return torch.cat([branch(x) for branch in branches], 1)


def total(x: torch.Tensor, *branches: nn.Module) -> torch.Tensor:
    return sum((branch(x) for branch in branches[1:]), branches[0](x))


def shared(x: torch.Tensor, branch: nn.Module, skip: nn.Module, both: nn.Module) -> torch.Tensor:
    """Both sides of the sum pass one quantizer."""
    return both(branch(x)) + both(skip(x))


def naive(cin: int, cout: int, stride: int = 1, bits: int = 4) -> nn.Module:
    """A residual block as one writes it first: each side has a quantizer of its own."""
    branch = convs(block(cin, cout, stride=stride, bits=bits), conv(cout, cout, bits=bits),
                   norm(cout), act(bits))  # fmt: skip
    same = stride == 1 and cin == cout
    skip = nn.Identity() if same else convs(conv(cin, cout, 1, bits, stride=stride), norm(cout),
                                            act(bits))  # fmt: skip
    return convs(Then(total, branch, skip), relu(bits))


def resnet8(block_of) -> nn.Module:
    return nn.Sequential(act(8), block(3, 8, bits=8), block_of(8, 8, 1), block_of(8, 12, 2),
                         head(12))  # fmt: skip


def one_quantizer(cin: int, cout: int, stride: int) -> nn.Module:
    """W8A8: one 8-bit quantizer for both sides."""
    branch = convs(block(cin, cout, stride=stride, bits=8), conv(cout, cout, bits=8), norm(cout))
    same = stride == 1 and cin == cout
    skip = nn.Identity() if same else convs(conv(cin, cout, 1, 8, stride=stride), norm(cout))
    return convs(Then(shared, branch, skip, act(8)), relu(8))


def biased(cin: int, cout: int, kernel: int = 3, stride: int = 1, quantizer=None) -> nn.Module:
    """W8A8 with a bias of 32 bits: norms are folded before training is over."""
    layer = conv(cin, cout, kernel, 8, stride=stride, bias=True, bias_quant=Int32Bias)
    given = {"act_quant": Uint8ActPerTensorFloat, "return_quant_tensor": True}
    return convs(layer, relu(8, **given) if quantizer is None else quantizer)


def int32_block(cin: int, cout: int, stride: int) -> nn.Module:
    signed = act(8, return_quant_tensor=True)
    branch = convs(biased(cin, cout, stride=stride), biased(cout, cout, quantizer=signed))
    same = stride == 1 and cin == cout
    skip = nn.Identity() if same else biased(cin, cout, 1, stride,
                                             act(8, return_quant_tensor=True))  # fmt: skip
    return convs(Then(plain_sum, branch, skip), relu(8, return_quant_tensor=True))


def plain_sum(x, branch, skip):
    """Without what Brevitas keeps of scales, which would have to be one."""
    one, other = (getattr(y, "value", y) for y in (branch(x), skip(x)))
    return one + other


def resnet8_int32() -> nn.Module:
    return nn.Sequential(
        act(8, return_quant_tensor=True), biased(3, 8), int32_block(8, 8, 1),
        int32_block(8, 12, 2), head(12),
    )  # fmt: skip


def option_a(x, branch, both):
    """Every other pixel, and channels of 0."""
    skip = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2))
    return both(branch(x)) + both(skip)


def preact(cin: int) -> nn.Module:
    """Norm and ReLU first; the sum itself is quantized for the next block."""
    branch = convs(norm(cin), relu(4), conv(cin, cin), norm(cin), relu(4), conv(cin, cin))
    return Then(shared, branch, nn.Identity(), act(8))


def real(*, end: nn.Module = None, padding: int = 1) -> nn.Module:
    """Bi-Real: activations and weights of -1 and +1, a shortcut of every convolution."""
    from brevitas.quant import SignedBinaryActPerTensorConst

    def layer():
        sign = act(1, act_quant=SignedBinaryActPerTensorConst)
        return Then(shared, convs(sign, binary(8, 8), norm(8)), nn.Identity(), act(8))

    return plain(layer(), layer(), relu())


def split_sum(x, one, other, both):
    a, b = x.chunk(2, 1)
    return torch.cat([both(one(a)), both(other(b))], 1)


def shuffle(x, *layers):
    c, h, w = x.shape[1:]
    x = layers[0](x)
    return x.reshape(-1, 2, c // 2, h, w).transpose(1, 2).reshape(-1, c, h, w)


def excite(x, squeeze, first, second):
    """Squeeze-and-excite."""
    gate = torch.sigmoid(second(first(squeeze(x))))
    return x * gate


def fire() -> nn.Module:
    return convs(block(8, 4, 1), Then(cat_shared, convs(conv(4, 4, 1), norm(4)),
                                      convs(conv(4, 4), norm(4)), relu()))  # fmt: skip


def cat_shared(x, one, other, both):
    """Both sides pass one quantizer."""
    return torch.cat([both(one(x)), both(other(x))], 1)


def inception(pool: nn.Module | None, shared_act: bool) -> nn.Module:
    """Branches of 1x1, 3x3, 5x5, and a pool before 1x1."""
    both = relu()
    quantizer = (lambda: both) if shared_act else relu

    def last(cin, kernel):
        return convs(conv(cin, 2, kernel), norm(2), quantizer())

    ways = [last(8, 1), convs(block(8, 4, 1), last(4, 3)), convs(block(8, 4, 1), last(4, 5))]
    ways.append(last(8, 1) if pool is None else convs(pool, last(8, 1)))
    return Then(cat, *ways)


def inverted(cin: int, stride: int, both: nn.Module | None) -> nn.Module:
    """MobileNet V2: out to three times the channels and back, without ReLU."""
    wide = 3 * cin
    branch = convs(block(cin, wide, 1), block(wide, wide, stride=stride, groups=wide),
                   conv(wide, cin, 1), norm(cin))  # fmt: skip
    return convs(branch, act()) if both is None else Then(shared, branch, nn.Identity(), both)


def mobilenet_v2() -> nn.Module:
    return nn.Sequential(act(8), block(3, 6, stride=2), inverted(6, 2, None), inverted(6, 1, act()),
                         act(), head(6))  # fmt: skip


NETS = {
    "MobileNet V2 W4A4": Net(build=mobilenet_v2, image=(3, 16, 16)),
    "Inception with a pool branch, own quantizers": Net(
        build=lambda: plain(inception(nn.MaxPool2d(3, 1, 1), False), block(8, 8))),
    "Inception with an average branch, own quantizers": Net(
        build=lambda: plain(inception(convs(nn.AvgPool2d(3, 1, 1), act(6)), False), block(8, 8))),
    "Inception without pool": Net(build=lambda: plain(inception(None, True), block(8, 8))),
    "concatenation of different scales": Net(
        build=lambda: plain(Then(cat, block(8, 4, 1), block(8, 4)), block(8, 8))),
    "concatenation of different scales and signs": Net(
        build=lambda: plain(Then(cat, block(8, 4, 1), convs(conv(8, 4), norm(4), act(5))),
                            block(8, 8))),
    "naive ResNet": Net(build=lambda: resnet8(naive)),
    "ResNet-8 W8A8, int32 biases": Net(build=resnet8_int32, ways=("qonnx", "script")),
    "ResNet-8 W8A8, one quantizer for both sides": Net(build=lambda: resnet8(one_quantizer)),
    "pre-activation ResNet W4A4": Net(build=lambda: plain(preact(8), preact(8), norm(8), relu())),
    "option-A shortcut": Net(
        build=lambda: nn.Sequential(
            act(8), block(3, 4),
            Then(option_a, convs(block(4, 8, stride=2), conv(8, 8), norm(8)), act()), relu(),
            head(8))),
    "Bi-Real": Net(build=real),
    "x + x": Net(build=lambda: plain(Then(lambda x: x + x), relu(), block(8, 8))),
    "sub of two branches": Net(
        build=lambda: plain(Then(lambda x, a, b, both: both(a(x)) - both(b(x)),
                                 convs(conv(8, 8, 1), norm(8)), convs(conv(8, 8), norm(8)), act()),
                            relu(), block(8, 8))),
    "sub of different scales": Net(
        build=lambda: plain(Then(lambda x, a, b: a(x) - b(x), block(8, 8, 1), block(8, 8)), relu(),
                            block(8, 8))),
    "channel split": Net(
        build=lambda: plain(Then(split_sum, block(4, 4), convs(conv(4, 4, 1)), act()))),
    "channel shuffle": Net(
        build=lambda: plain(Then(shuffle, block(8, 8, groups=2)), block(8, 8, groups=2))),
    "pixel-unshuffle stem": Net(
        build=lambda: nn.Sequential(act(8), nn.PixelUnshuffle(2), block(12, 8), head(8))),
    "squeeze-and-excite": Net(
        build=lambda: plain(Then(excite, convs(nn.AdaptiveAvgPool2d(1), act(8)),
                                 convs(conv(8, 4, 1), relu()), conv(4, 8, 1)), relu(),
                            block(8, 8))),
    "SqueezeNet Fire": Net(build=lambda: plain(fire(), fire())),
    "1x1 beside 3x3, concatenated": Net(
        build=lambda: plain(Then(cat_shared, convs(conv(8, 4, 1), norm(4)),
                                 convs(conv(8, 4), norm(4)), relu()), block(8, 8))),
    "two 3x3 added": Net(
        build=lambda: plain(Then(shared, convs(conv(8, 8), norm(8)), convs(conv(8, 8), norm(8)),
                                 act()), relu())),
    "sum of three": Net(
        build=lambda: plain(Then(lambda x, a, b, both: both(a(x)) + both(b(x)) + both(x),
                                 convs(conv(8, 8), norm(8)), convs(conv(8, 8, 1), norm(8)), act()),
                            relu())),
    "RepVGG, 1x1 first": Net(
        build=lambda: plain(Then(shared, convs(conv(8, 8, 1), norm(8)), convs(conv(8, 8), norm(8)),
                                 act()), relu(), block(8, 8))),
    "two heads": Net(build=lambda: nn.Sequential(
        act(8), block(3, 8), nn.AdaptiveAvgPool2d(1), act(8), nn.Flatten(),
        Then(lambda x, a, b: (a(x), b(x)), dense(8), dense(8, 3)))),
}  # fmt: skip
