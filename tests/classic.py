"""Small networks with what an ERN does not have: pools, dense layers, weights of several bits.

Weights are random; thresholds lie at quantiles of what random images give, so that all levels come.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from networks import random_images

from fq_hw import golden, ir

__all__ = ["BINARY", "CLASSIC", "Builder", "classic_graph"]

Weights = Sequence[int]  # the values that a weight may have
BINARY, TERNARY, ODD, FOUR_BITS = (-1, 1), (-1, 0, 1), (-3, -1, 1, 3), range(-8, 8)


class Builder:
    """Adds ops one after the other; each reads the last one unless told otherwise."""

    def __init__(self, name: str, shape: tuple[int, int, int], seed: int):
        self.name, self.dice = name, np.random.default_rng(seed)
        self.images = random_images(shape, 40, seed)
        self.ops: list[ir.Op] = [ir.Input(name="pixels", shape=shape)]

    def add(self, kind: type[ir.Op], name: str, *inputs: str, **fields: object) -> str:
        inputs = inputs or (self.ops[-1].name,)
        self.ops.append(kind(name=name, inputs=inputs, **fields))
        return name

    def channels(self) -> int:
        return self.values().shape[-1]

    def values(self) -> np.ndarray:
        """What the images give so far."""
        tensors = {"pixels": self.images}
        for op in self.ops[1:]:
            tensors[op.name] = golden.ops.evaluate(op, *(tensors[name] for name in op.inputs))
        return tensors[self.ops[-1].name]

    def conv(self, name: str, cout: int, kernel: int, weights: Weights, **fields: object) -> str:
        shape = (cout, kernel, kernel, self.channels())
        weight = self.dice.choice(np.array(weights), shape)
        weight.flat[0] = max(weights, key=abs)
        usual = {"stride": 1, "padding": kernel // 2, "scale": None}
        return self.add(ir.Conv, name, weight=weight.astype(np.int16), **usual | fields)

    def bias(self, name: str, most: int) -> str:
        return self.add(ir.Bias, name, bias=self.dice.integers(-most, most + 1, self.channels()))

    def threshold(self, name: str, out_bits: int) -> str:
        sums = self.values()
        c, steps = sums.shape[-1], 2**out_bits - 1
        sign = self.dice.choice(np.array([-1, 1]), c)
        shares = (np.arange(steps) + 0.7) / (steps + 0.5)
        levels = np.quantile(sums.reshape(-1, c) * sign, shares, axis=0).T
        return self.add(ir.Threshold, name, levels=levels, sign=sign, out_bits=out_bits)

    def requantize(self, name: str, out_bits: int) -> str:
        """By the shift that lets few sums saturate."""
        shift = int(np.quantile(self.values(), 0.95)).bit_length() - out_bits
        return self.add(ir.Requantize, name, shift=shift, out_bits=out_bits)

    def graph(self, classes: int, multiplier: Sequence[int] | None = None) -> ir.Graph:
        """Sum over the pixels, scores, label; a bias lets every class win."""
        middle = np.median(self.values(), axis=(0, 1, 2))
        self.add(ir.Bias, "tail.bias", bias=-np.rint(middle).astype(int))
        multiplier = np.ones(classes, int) if multiplier is None else np.array(multiplier)
        self.add(ir.PixelSum, "tail.sum")
        self.add(ir.ClassScale, "tail.scores", multiplier=multiplier)
        self.add(ir.ArgMax, "tail.label")
        return ir.Graph(self.name, tuple(self.ops))


def pixels(seed: int) -> ir.Graph:
    """Binary weights on 8-bit pixels, two-bit weights, pools; valid and padded."""
    net = Builder("pixels", (10, 12, 3), seed)
    net.conv("a", 4, 3, BINARY)
    net.threshold("a.act", 2)
    net.conv("b", 6, 3, ODD, padding=0)
    net.threshold("b.act", 2)
    net.add(ir.MaxPool, "pool", kernel=(2, 2))
    net.conv("c", 4, 2, BINARY, padding=0, stride=2)
    net.threshold("c.act", 2)
    net.conv("d", 3, 1, BINARY)
    return net.graph(3, [3, 5, 4])


def fixed(seed: int) -> ir.Graph:
    """A fixed-point network: biases, shifts, a pool that leaves something over, dense layers."""
    net = Builder("fixed", (7, 9, 1), seed)
    ramp = (np.arange(256) // 2).astype(np.uint8)
    net.add(ir.Embed, "signed", table=ramp[None, :, None], out_bits=7)
    net.conv("a", 4, 3, FOUR_BITS)
    net.bias("a.bias", 300)
    net.requantize("a.act", 5)
    net.add(ir.MaxPool, "a.pool", kernel=(2, 2))
    net.conv("b", 6, 5, TERNARY, padding=2)
    net.bias("b.bias", 40)
    net.requantize("b.act", 4)
    net.add(ir.SumPool, "b.pool", kernel=(3, 2))
    net.threshold("b.levels", 3)
    net.add(ir.Flatten, "flat")
    net.conv("c", 5, 1, (-2, -1, 0, 1, 2))
    net.bias("c.bias", 20)
    net.requantize("c.act", 8)
    net.conv("d", 4, 1, FOUR_BITS)
    net.bias("d.bias", 100)
    return net.graph(4)


def residual(seed: int) -> ir.Graph:
    """Residuals over weights of several bits, of two scales, falling maxima and scores."""
    net = Builder("residual", (8, 8, 2), seed)
    net.conv("stem", 4, 3, BINARY)
    net.threshold("stem.act", 2)
    net.conv("trunk", 4, 3, ODD, scale=1.0)
    net.threshold("a.act", 2)
    net.conv("a", 4, 3, TERNARY, pad_level=1, scale=0.5)
    net.bias("a.bias", 5)
    net.add(ir.Add, "sum", "a.bias", "trunk", shift=(0, 1))
    net.add(ir.MaxPool, "pool", kernel=(2, 2), sign=np.array([1, -1, 1, -1]))
    net.threshold("b.act", 2)
    net.conv("b", 4, 1, (-1, 0), scale=0.5)
    net.add(ir.Add, "sum.b", "b", "pool")
    net.threshold("tail.act", 1)
    net.conv("tail", 2, 1, (0, 1))
    return net.graph(2, [3, -2])


def inception(seed: int) -> ir.Graph:
    """Branches joined by concatenation, in either order, of levels and of sums."""
    net = Builder("inception", (8, 6, 1), seed)
    net.conv("stem", 4, 3, BINARY)
    stem = net.threshold("stem.act", 2)
    net.conv("a", 6, 3, BINARY)
    net.threshold("a.act", 3)
    net.add(ir.Concat, "first", "a.act", stem)
    net.conv("b", 4, 1, BINARY)
    net.threshold("b.act", 2)
    net.conv("c", 2, 5, TERNARY, padding=2)
    net.add(ir.Concat, "second", "c", "b", swapped=True)
    joined = net.threshold("second.act", 2)
    net.add(ir.MaxPool, "d.pool", joined, kernel=(2, 2))
    net.conv("d", 3, 1, BINARY)
    net.threshold("d.act", 2)
    net.add(ir.SumPool, "e.pool", joined, kernel=(2, 2))
    net.threshold("e.act", 2)
    net.add(ir.Concat, "third", "d.act", "e.act")
    net.conv("tail", 3, 3, BINARY)
    return net.graph(3)


CLASSIC = {make.__name__: make for make in (pixels, fixed, residual, inception)}


def classic_graph(name: str, seed: int = 0) -> ir.Graph:
    """The graph ``name`` of ``CLASSIC``, before any pass."""
    return CLASSIC[name](seed)
