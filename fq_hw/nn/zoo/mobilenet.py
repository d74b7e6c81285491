"""MobileNetV2 for small images: inverted residuals, depthwise convolutions.

Source: Sandler et al. 2018; first strides as usual for 32 x 32 pixels. Every convolution reads
quantized levels, so that norm and quantizer stand before a block's narrow end is read, not behind
it; residuals are integers of one constant scale, as in Takahashi et al. 2024.
"""

from __future__ import annotations

from torch import Tensor, nn

from fq_hw.nn.modules import activation, conv2d, linear, pixel_embedding

__all__ = ["MobileNetV2"]

PLAN = (  # how much wider inside, channels, blocks, stride of the first
    (1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
    (6, 320, 1, 1),
)  # fmt: skip
LAST = 1280


class Inverted(nn.Module):
    """Wide 1x1, depthwise 3x3, narrow 1x1; added to what it read where shapes are equal."""

    def __init__(
        self, cin: int, cout: int, wider: int, stride: int, bits: int, scale: str, rule: str
    ):
        super().__init__()
        wide, own = cin * wider, {"bits": bits, "scale": scale}
        self.enter = nn.Sequential(nn.BatchNorm2d(cin), activation(rule=rule))
        self.expand = nn.Sequential()
        if wider != 1:
            self.expand = nn.Sequential(
                conv2d(cin, wide, 1, **own), nn.BatchNorm2d(wide), activation(rule=rule)
            )
        self.depthwise = nn.Sequential(
            conv2d(wide, wide, 3, stride, groups=wide, **own),
            nn.BatchNorm2d(wide),
            activation(rule=rule, levels=True),
        )
        self.project = conv2d(wide, cout, 1, bits=bits, scale="shared")
        self.added = stride == 1 and cin == cout

    def forward(self, trunk: Tensor) -> Tensor:
        x = self.project(self.depthwise(self.expand(self.enter(trunk))))
        return x + trunk if self.added else x


class MobileNetV2(nn.Module):
    """uint8 images N,H,W,3 to logits N,classes.

    width    of all layers, as a share of the published ones
    bits, scale   of weights; ``rule`` of the quantizers, see ``fq_hw.nn.modules``
    """

    def __init__(
        self,
        *,
        classes: int = 10,
        width: float = 1.0,
        bits: int = 1,
        scale: str = "mean",
        rule: str = "fixed",
    ):
        super().__init__()
        own = {"bits": bits, "scale": scale}
        self.embedding = pixel_embedding()
        cin = round(32 * width)
        self.stem = conv2d(30, cin, 3, **own)
        blocks = []
        for wider, channels, count, stride in PLAN:
            cout = round(channels * width)
            for index in range(count):
                step = stride if index == 0 else 1
                blocks.append(Inverted(cin, cout, wider, step, bits, scale, rule))
                cin = cout
        self.blocks = nn.Sequential(*blocks)
        last = round(LAST * max(width, 1 / 8))
        self.leave = nn.Sequential(
            nn.BatchNorm2d(cin), activation(rule=rule),
            conv2d(cin, last, 1, **own), nn.BatchNorm2d(last), activation(rule=rule),
        )  # fmt: skip
        self.classifier = linear(last, classes, **own)

    def forward(self, images: Tensor) -> Tensor:
        x = self.leave(self.blocks(self.stem(self.embedding(images))))
        return self.classifier(x.mean((2, 3)))
