"""A residual network of basic blocks, norm and quantizer first, for small images.

Source: He et al. 2016 (pre-activation, ResNet-20's layout); residuals are integers of one constant
scale, as in Takahashi et al. 2024.
"""

from __future__ import annotations

from torch import Tensor, nn

from fq_hw.nn.modules import activation, conv2d, linear, pixel_embedding

__all__ = ["ResNet"]


class Basic(nn.Module):
    """Two convolutions beside the skip, which is a 1x1 where the shape changes."""

    def __init__(self, cin: int, cout: int, stride: int, bits: int, scale: str, rule: str):
        super().__init__()
        changes = stride != 1 or cin != cout
        shared = {"bits": bits, "scale": "shared"}
        self.enter = nn.Sequential(nn.BatchNorm2d(cin), activation(rule=rule, levels=changes))
        self.first = conv2d(cin, cout, 3, stride, bits=bits, scale=scale)
        self.middle = nn.Sequential(nn.BatchNorm2d(cout), activation(rule=rule, levels=True))
        self.second = conv2d(cout, cout, 3, **shared)
        self.down = conv2d(cin, cout, 1, stride, **shared) if changes else None

    def forward(self, trunk: Tensor) -> Tensor:
        x = self.enter(trunk)
        skip = trunk if self.down is None else self.down(x)
        return self.second(self.middle(self.first(x))) + skip


class ResNet(nn.Module):
    """uint8 images N,H,W,3 to logits N,classes.

    width    channels of the first stage; each of the others has twice as many
    blocks   of every stage
    bits, scale   of weights; ``rule`` of the quantizers, see ``fq_hw.nn.modules``
    """

    def __init__(
        self,
        *,
        classes: int = 10,
        width: int = 16,
        blocks: int = 3,
        bits: int = 1,
        scale: str = "mean",
        rule: str = "fixed",
    ):
        super().__init__()
        self.embedding = pixel_embedding()
        self.stem = conv2d(30, width, 3, bits=bits, scale="shared")  # the first skip is its result
        stages, cin = [], width
        for number in range(3):
            cout = width << number
            for index in range(blocks):
                stride = 2 if number and not index else 1
                stages.append(Basic(cin, cout, stride, bits, scale, rule))
                cin = cout
        self.stages = nn.Sequential(*stages)
        self.leave = nn.Sequential(nn.BatchNorm2d(cin), activation(rule=rule))
        self.classifier = linear(cin, classes, bits=bits, scale=scale)

    def forward(self, images: Tensor) -> Tensor:
        x = self.leave(self.stages(self.stem(self.embedding(images))))
        return self.classifier(x.mean((2, 3)))
