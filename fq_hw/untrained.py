"""A network before it is trained: random weights, norms that spread what they get; numpy alone.

Its sizes and cycles are those of the trained network, but for the few bits by which sums and
levels of real weights are wider or narrower. Its answers mean nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fq_hw.checkpoint import Checkpoint
from fq_hw.export import codes
from fq_hw.layers import (
    IMAGE,
    EmbeddingKind,
    Layer,
    Layered,
    Norm,
    Op,
    StepRule,
    WeightScale,
    array_shapes,
    shapes,
)

__all__ = ["untrained"]

LEVELS = 1.5, 1.25  # mean and variance of levels 0..3, all equally likely
PIXEL_MEAN, PIXEL_VAR = 128, 3000  # of any images, roughly


@dataclass(frozen=True)
class Guess:
    """A tensor's unit, and its integers' likely mean and variance, per channel."""

    unit: np.ndarray | float
    mean: np.ndarray
    var: np.ndarray


class Draw:
    """Draws the arrays along the layers, so that every norm spreads what it gets."""

    def __init__(self, network: Layered, seed: int, negative: float, zero: float):
        self.network, self.rng = network, np.random.default_rng(seed)
        self.negative, self.zero = negative, zero
        self.arrays: dict[str, np.ndarray] = {}
        self.shapes = shapes(network)
        self.made: dict[str, Guess] = {}

    def put(self, name: str, array: np.ndarray) -> np.ndarray:
        self.arrays[name] = array.astype(np.float32)
        return self.arrays[name]

    def embed(self, layer: Layer) -> Guess:
        kind = layer.embedding.kind
        if kind is EmbeddingKind.LEARNED:
            shape = array_shapes(self.network)[f"{layer.name}.table"]
            self.put(f"{layer.name}.table", self.rng.uniform(-0.2, 2.2, shape))
        pixels = kind is EmbeddingKind.EXACT
        return self.even(layer, 1.0, *((PIXEL_MEAN, PIXEL_VAR) if pixels else LEVELS))

    def even(self, layer: Layer, unit: float, mean: float, var: float) -> Guess:
        """All channels alike."""
        channels = self.shapes[layer.name][2]
        return Guess(unit, np.full(channels, mean), np.full(channels, var))

    def conv(self, layer: Layer, x: Guess) -> Guess:
        conv = layer.conv
        latent = self.put(f"{layer.name}.weight", self.rng.normal(size=conv.shape))
        own = np.abs(latent.astype(float)).mean(axis=(1, 2, 3)) / conv.bits
        if conv.scale is WeightScale.SHARED:
            own = np.full(conv.cout, conv.shared_scale)
        elif conv.scale is WeightScale.LEARNED:
            level = self.rng.uniform(0.2, 2, conv.cout)
            own = self.put(f"{layer.name}.level", level).astype(float)
        weight = codes(latent, own, conv.bits).astype(int)
        by_group = (conv.groups, conv.cout // conv.groups, -1)
        mean, var = (
            np.einsum(
                "gok,gk->go", w.sum(axis=(2, 3)).reshape(by_group), of.reshape(by_group[0], -1)
            )
            for w, of in ((weight, x.mean), (weight**2, x.var))
        )
        return Guess(own * np.mean(x.unit), mean.reshape(-1), var.reshape(-1))

    def norm(self, layer: Layer, x: Guess, act: Layer | None) -> Guess:
        """Draw a norm, and the width of the activation behind it first."""
        shape, rng, name = x.mean.shape, self.rng, layer.name
        deviation = x.unit * np.sqrt(x.var)
        batch = layer.norm.kind is Norm.BATCH
        if act is not None:
            self.width(act, 1 if batch else np.median(deviation))
        if not batch:
            near = rng.normal(1, 0.4, shape) * deviation
            self.put(f"{name}.bias", near - x.unit * x.mean)
            return x
        negative, zero = self.negative, self.zero
        gain, kind = rng.uniform(0.4, 0.9, shape), rng.random(shape)
        gain = np.where(kind < negative, -gain, gain)
        gain = np.where((kind >= negative) & (kind < negative + zero), 0, gain)
        near = rng.normal(0, 0.3, shape) * np.sqrt(x.var)
        self.put(f"{name}.weight", gain)
        self.put(f"{name}.bias", rng.normal(1, 0.4, shape))
        self.put(f"{name}.running_mean", x.unit * (x.mean + near))
        self.put(f"{name}.running_var", x.unit**2 * x.var * rng.uniform(0.5, 2, shape))
        return Guess(1.0, np.ones(shape), np.ones(shape))

    def width(self, act: Layer, scale: float) -> None:
        """Draw what a level is worth behind an activation."""
        if act.activation.rule is not StepRule.FIXED and f"{act.name}.width" not in self.arrays:
            self.put(f"{act.name}.width", self.rng.uniform(0.5, 0.8, 1) * scale)

    def act(self, layer: Layer, x: Guess) -> Guess:
        self.width(layer, np.median(x.unit * np.sqrt(x.var)))
        step, width = layer.activation.step, self.arrays.get(f"{layer.name}.width")
        step = step if width is None else float(width[0])
        return self.even(layer, 1.0 if layer.bare else step, *LEVELS)

    def other(self, layer: Layer, *given: Guess) -> Guess:
        """What moves, averages or joins."""
        x = given[0]
        if layer.op is Op.ADD:
            unit = x.unit  # that of all, or as good a guess
            means, variances = zip(*((g.mean, g.var) for g in given), strict=True)
            return Guess(unit, sum(means), sum(variances))
        if layer.op is Op.CONCAT:
            widths = [len(g.mean) for g in given]
            units = [np.broadcast_to(g.unit, n) for g, n in zip(given, widths, strict=True)]
            parts = zip(*((g.mean, g.var) for g in given), strict=True)
            return Guess(np.concatenate(units), *(np.concatenate(part) for part in parts))
        if layer.op is Op.FLATTEN:
            times = self.shapes[layer.name][2] // len(x.mean)
            unit = x.unit if np.ndim(x.unit) == 0 else np.repeat(x.unit, times)
            return Guess(unit, np.repeat(x.mean, times), np.repeat(x.var, times))
        return x

    def all(self) -> dict[str, np.ndarray]:
        layers = self.network.layers
        acts = {one.inputs[0]: one for one in layers if one.op is Op.ACT}
        for layer in layers:
            given = [self.made[name] for name in layer.inputs if name != IMAGE]
            if layer.op is Op.EMBED:
                found = self.embed(layer)
            elif layer.op is Op.CONV:
                found = self.conv(layer, *given)
            elif layer.op is Op.NORM:
                found = self.norm(layer, *given, acts.get(layer.name))
            elif layer.op is Op.ACT:
                found = self.act(layer, *given)
            else:
                found = self.other(layer, *given)
            self.made[layer.name] = found
        return self.arrays


def untrained(
    network: Layered, seed: int = 0, *, negative: float = 0.0, zero: float = 0.0
) -> Checkpoint:
    """``network`` with weights of either sign; the same seed gives the same bytes.

    negative, zero  shares of the norms' gains that are below 0, and 0
    """
    return Checkpoint(network=network, arrays=Draw(network, seed, negative, zero).all())
