"""A network before it is trained: random weights, norms that spread what they get; numpy alone.

Its sizes and cycles are those of the trained network, but for the few bits by which sums and
levels of real weights are wider or narrower. Its answers mean nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fq_hw.checkpoint import Checkpoint
from fq_hw.export import codes
from fq_hw.network import (
    ConvLayer,
    EmbeddingKind,
    Network,
    Norm,
    StepRule,
    WeightScale,
    array_shapes,
    blocks,
    stem_layers,
    tail_layer,
)

__all__ = ["untrained"]

LEVEL_MEAN, LEVEL_VAR = 1.5, 1.25  # of levels 0..3, all equally likely
PIXEL_MEAN, PIXEL_VAR = 128, 3000  # of any images, roughly


@dataclass(frozen=True)
class Guess:
    """A tensor's unit, and its integers' likely mean and variance, per channel."""

    unit: np.ndarray | float
    mean: np.ndarray
    var: np.ndarray


class Draw:
    """Draws the arrays along the network, so that every norm spreads what it gets."""

    def __init__(self, network: Network, seed: int, negative: float, zero: float):
        self.network, self.rng = network, np.random.default_rng(seed)
        self.negative, self.zero = negative, zero
        self.arrays: dict[str, np.ndarray] = {}

    def put(self, name: str, array: np.ndarray) -> np.ndarray:
        self.arrays[name] = array.astype(np.float32)
        return self.arrays[name]

    def conv(self, layer: ConvLayer, step: float, pixels: bool = False) -> Guess:
        latent = self.put(f"{layer.name}.weight", self.rng.normal(size=layer.shape))
        own = np.abs(latent.astype(float)).mean(axis=(1, 2, 3)) / layer.bits
        if layer.scale is WeightScale.SHARED:
            own = np.full(layer.cout, self.network.shared_scale)
        elif layer.scale is WeightScale.LEARNED:
            level = self.rng.uniform(0.2, 2, layer.cout)
            own = self.put(f"{layer.name}.level", level).astype(float)
        weight = codes(latent, own, layer.bits)
        total, power = (
            w.sum(axis=(1, 2, 3)) for w in (weight.astype(int), weight.astype(int) ** 2)
        )
        mean, var = (PIXEL_MEAN, PIXEL_VAR) if pixels else (LEVEL_MEAN, LEVEL_VAR)
        return Guess(own * step, mean * total, var * power)

    def norm(self, name: str, act: str, x: Guess) -> float:
        """Draw what is before an activation; the real value of a level after it."""
        shape, rng = x.mean.shape, self.rng
        step = self.network.activation.step
        deviation = x.unit * np.sqrt(x.var)
        if self.network.activation.rule is not StepRule.FIXED:
            scale = 1 if self.network.norm is Norm.BATCH else np.median(deviation)
            step = float(self.put(f"{act}.width", rng.uniform(0.5, 0.8, 1) * scale)[0])
        if self.network.norm is Norm.BIAS:
            near = rng.normal(1, 0.4, shape) * deviation
            self.put(f"{name}.bias", near - x.unit * x.mean)
            return step
        negative, zero = self.negative, self.zero
        gain, kind = rng.uniform(0.4, 0.9, shape), rng.random(shape)
        gain = np.where(kind < negative, -gain, gain)
        gain = np.where((kind >= negative) & (kind < negative + zero), 0, gain)
        near = rng.normal(0, 0.3, shape) * np.sqrt(x.var)
        self.put(f"{name}.weight", gain)
        self.put(f"{name}.bias", rng.normal(1, 0.4, shape))
        self.put(f"{name}.running_mean", x.unit * (x.mean + near))
        self.put(f"{name}.running_var", x.unit**2 * x.var * rng.uniform(0.5, 2, shape))
        return step

    def all(self) -> dict[str, np.ndarray]:
        network = self.network
        shapes = array_shapes(network)
        if "embedding.table" in shapes:
            self.put("embedding.table", self.rng.uniform(-0.2, 2.2, shapes["embedding.table"]))
        x, factor = None, 1.0
        for index, layer in enumerate(stem_layers(network)):
            exact = network.embedding.kind is EmbeddingKind.EXACT and index == 0
            x = self.conv(layer, factor, exact)
            if network.stem[index].norm:
                factor = self.norm(f"stem.{index}.norm", f"stem.{index}.act", x)
        for block in blocks(network):
            trunk = x
            for index, layer in enumerate(block.convs):
                step = self.norm(f"{block.name}.norms.{index}", f"{block.name}.acts.{index}", x)
                bare = layer.scale is WeightScale.SHARED or (index == 0 and block.down is not None)
                x = self.conv(layer, 1.0 if bare else step)
            skip = self.conv(block.down, 1.0) if block.down else trunk
            x = Guess(x.unit, x.mean + skip.mean, x.var + skip.var)
        step = self.norm("tail.norm", "tail.act", x)
        self.conv(tail_layer(network), step)
        return self.arrays


def untrained(
    network: Network, seed: int = 0, *, negative: float = 0.0, zero: float = 0.0
) -> Checkpoint:
    """``network`` with weights of either sign; the same seed gives the same bytes.

    negative, zero  shares of the norms' gains that are below 0, and 0
    """
    return Checkpoint(network=network, arrays=Draw(network, seed, negative, zero).all())
