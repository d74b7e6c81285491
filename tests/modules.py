"""Networks as somebody builds them from the project's parts and torch's own, each for a reason."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from fq_hw import golden, ir
from fq_hw.nn.levels import trace
from fq_hw.nn.modules import Bias, activation, conv2d, linear, pixel_embedding

__all__ = ["MODULES", "same_as_torch", "settle", "settled"]


def quantized(cin: int, cout: int, kernel: int, stride: int = 1, **more) -> nn.Sequential:
    """Convolution, norm, quantizer."""
    return nn.Sequential(
        conv2d(cin, cout, kernel, stride, **more), nn.BatchNorm2d(cout), activation()
    )


class Chain(nn.Module):
    """As AlexNet: pools between norm and quantizer, a map as a row, linear layers with norms."""

    def __init__(self, bits: int = 1):
        super().__init__()
        self.features = nn.Sequential(
            pixel_embedding(3, 3),
            conv2d(9, 8, 5, 2, bits=bits),
            nn.BatchNorm2d(8),
            nn.MaxPool2d(3, 2, padding=1),
            activation(rule="normalized"),
            quantized(8, 12, 3, bits=bits),
            nn.MaxPool2d(2),
            nn.Dropout(0.5),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            linear(12 * 2 * 2, 10, scale="learned", bits=bits),
            nn.BatchNorm1d(10),
            activation(rule="robust"),
            linear(10, 5, bits=bits),
        )

    def forward(self, images):
        return self.classifier(self.features(images))


class Inverted(nn.Module):
    """As MobileNetV2's block: wide in the middle, depthwise, added where it has the same shape."""

    def __init__(self, cin: int, cout: int, stride: int):
        super().__init__()
        wide = 3 * cin
        self.enter = nn.Sequential(nn.BatchNorm2d(cin), activation())
        self.wide = quantized(cin, wide, 1)
        self.deep = quantized(wide, wide, 3, stride, groups=wide)
        self.narrow = conv2d(wide, cout, 1, scale="shared")
        self.added = stride == 1 and cin == cout

    def forward(self, x):
        y = self.narrow(self.deep(self.wide(self.enter(x))))
        return x + y if self.added else y


class Mobile(nn.Module):
    """As MobileNetV2: the classifier reads means."""

    def __init__(self):
        super().__init__()
        self.embedding = pixel_embedding(3, 4, kind="thermometer")
        self.stem = conv2d(12, 6, 3, 2, scale="shared")
        self.blocks = nn.Sequential(Inverted(6, 6, 1), Inverted(6, 8, 2), Inverted(8, 8, 1))
        self.norm, self.act = nn.BatchNorm2d(8), activation()
        self.classifier = linear(8, 4)

    def forward(self, images):
        x = self.act(self.norm(self.blocks(self.stem(self.embedding(images)))))
        return self.classifier(x.mean((2, 3)))


class Branches(nn.Module):
    """As Inception: branches side by side, one of them an average; sums of several scales."""

    def __init__(self):
        super().__init__()
        self.embedding = pixel_embedding(1, 2)
        self.one = quantized(2, 4, 3)
        self.left, self.right = quantized(4, 6, 1), quantized(4, 6, 3)
        self.joined = quantized(12, 6, 1)
        self.more = conv2d(6, 6, 3, scale="shared", shared_scale=1 / 8)
        self.norm, self.act = nn.BatchNorm2d(6), activation()
        self.again, self.bias, self.last = conv2d(6, 6, 3), Bias(6), activation(1.5)
        self.scores = conv2d(6, 3, 1)

    def forward(self, images):
        x = self.one(self.embedding(images))
        x = self.joined(torch.cat([self.left(x), self.right(x)], 1))
        x = self.act(self.norm(self.more(x) + x))
        x = self.last(self.bias(self.again(F.avg_pool2d(x, 2))))
        return torch.flatten(F.adaptive_avg_pool2d(self.scores(x), 1), 1)


MODULES = {  # what is built, the image, the classes
    "chain": (Chain, (16, 16, 3), 5),
    "chain-two-bits": (lambda: Chain(bits=2), (16, 16, 3), 5),
    "mobile": (Mobile, (10, 12, 3), 4),
    "branches": (Branches, (8, 8, 1), 3),
}


def settle(model: nn.Module, image: tuple[int, ...], batches: int = 40) -> nn.Module:
    """As training might leave it: norms of either sign, widths fitted."""
    for module in model.train().modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.uniform_(module.weight, -1, 2)
            nn.init.normal_(module.bias, 0.8, 0.4)
        elif isinstance(module, Bias):
            nn.init.normal_(module.bias)
    with torch.no_grad():
        for _ in range(batches):
            model(torch.randint(0, 256, (16, *image), dtype=torch.uint8))
    return model.eval()


def settled(name: str, seed: int = 0) -> nn.Module:
    """One of them, settled."""
    build, image, _ = MODULES[name]
    torch.manual_seed(seed)
    return settle(build(), image)


def same_as_torch(model, network, graph: ir.Graph, images: np.ndarray) -> tuple[dict, dict]:
    """Check that each tensor which both have is equal; torch's and golden's."""
    want, found = trace(model, network, images), golden.run(graph, images)
    for name in want.keys() & found.keys():
        made = found[name].astype(np.int64)
        if made.shape != want[name].shape:  # hardware takes a mean behind the layer that reads it
            made = made.sum((1, 2), keepdims=True)
        np.testing.assert_array_equal(made, want[name], err_msg=name)
    return want, found
