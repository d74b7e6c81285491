"""AlexNet for small images: five convolutions, three linear layers.

Source: Krizhevsky et al. 2012; kernels and strides as usual for 32 x 32 pixels.
"""

from __future__ import annotations

from torch import Tensor, nn

from fq_hw.nn.modules import activation, conv2d, linear, pixel_embedding

__all__ = ["AlexNet"]

PLAN = ((64, True), (192, True), (384, False), (256, False), (256, True))  # width, pool behind it


class AlexNet(nn.Module):
    """uint8 images N,side,side,3 to logits N,classes.

    width    of all convolutions, as a share of the published ones
    hidden   features between the linear layers
    bits, scale   of weights; ``rule`` of the quantizers, see ``fq_hw.nn.modules``
    """

    def __init__(
        self,
        *,
        classes: int = 10,
        side: int = 32,
        width: float = 1.0,
        hidden: int = 1024,
        bits: int = 1,
        scale: str = "mean",
        rule: str = "fixed",
    ):
        super().__init__()
        parts: list[nn.Module] = [pixel_embedding()]
        cin = 30
        for share, pooled in PLAN:
            cout = round(share * width)
            parts += [conv2d(cin, cout, 3, bits=bits, scale=scale), nn.BatchNorm2d(cout)]
            parts += [activation(rule=rule), *([nn.MaxPool2d(2)] if pooled else [])]
            cin = cout
        self.features = nn.Sequential(*parts)
        rest = side // 8
        self.classifier = nn.Sequential(
            nn.Flatten(),
            *self.dense(cin * rest * rest, hidden, bits, scale, rule),
            *self.dense(hidden, hidden, bits, scale, rule),
            linear(hidden, classes, bits=bits, scale=scale),
        )

    @staticmethod
    def dense(features: int, hidden: int, bits: int, scale: str, rule: str) -> list[nn.Module]:
        """A linear layer with its norm and quantizer."""
        layer = linear(features, hidden, bits=bits, scale=scale)
        return [layer, nn.BatchNorm1d(hidden), activation(rule=rule)]

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(self.features(images))
