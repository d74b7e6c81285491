"""A checkpoint's arrays and norms as integer layers, by numpy alone.

The result is a list of plain nodes, ``{"op": ..., "name": ..., "inputs": [...], fields...}``, from
which ``fq_hw.ir`` builds and checks a graph. A node is named after the torch module whose output it
is. Source of the integer form: Takahashi et al. 2024, section 3.5; thresholds as in FINN (Umuroglu
et al. 2017), found in exact fractions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from fq_hw.checkpoint import Checkpoint
from fq_hw.errors import ArtifactError, require
from fq_hw.exact import ceilings, exact, inverse_roots
from fq_hw.network import (
    Activation,
    BlockLayers,
    ConvLayer,
    EmbeddingKind,
    StepRule,
    WeightScale,
    blocks,
    stem_layers,
    tail_layer,
)
from fq_hw.pixel_codes import fixed_table

__all__ = ["MULTIPLIER_BITS", "Exported", "class_multipliers", "codes", "export", "norm_levels"]

MULTIPLIER_BITS = 16


@dataclass(frozen=True, kw_only=True)
class Exported:
    """Nodes in topological order.

    ``ranking_error``: scores of two classes may be ranked otherwise than in float only where they
    differ by less than this fraction, because class scales are rounded to integers.
    """

    name: str
    nodes: tuple[Mapping[str, object], ...]
    ranking_error: float


@dataclass(frozen=True)
class Feature:
    """A tensor on the way: its node's name and the real value of one unit, per channel or one."""

    name: str
    unit: np.ndarray | float


def norm_levels(
    arrays: Mapping[str, np.ndarray],
    norm: str,
    unit: np.ndarray | float,
    eps: float,
    activation: Activation,
    width: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Levels t (C,T) and signs s (C) such that s * x >= t[j] says "the activation exceeds j".

    x is the integer before the norm, worth ``unit`` each; a level is worth ``width`` (default: the
    activation's step). A norm may be a bias alone. A channel whose gain is 0 does not depend on x:
    its levels are -FAR (always) or FAR (never). Ties belong to the upper level; the arithmetic is
    exact, so that nothing else is a tie.
    """
    bias = exact(arrays[f"{norm}.bias"])
    gain = np.broadcast_to(exact(unit), bias.shape)
    if f"{norm}.weight" in arrays:
        weight, mean, var = (
            exact(arrays[f"{norm}.{k}"]) for k in ("weight", "running_mean", "running_var")
        )
        weight = weight * inverse_roots(var + Fraction(eps))
        gain, bias = weight * gain, bias - weight * mean
    step = Fraction(activation.max_value) / activation.steps if width is None else Fraction(width)
    ends = [(n + Fraction(1, 2)) * step for n in range(activation.steps)]  # the next level begins
    edges = np.broadcast_to(np.array(ends, object), (len(bias), len(ends)))
    levels = ceilings(edges, bias, gain, np.zeros(edges.shape, bool))
    return levels, np.where(gain < 0, -1, 1).astype(np.int8)


def class_multipliers(scale: np.ndarray) -> tuple[np.ndarray, float]:
    """Integers proportional to ``scale`` (C); by how much a ratio of two can be off, relatively.

    That is infinite where a scale is so small that its integer is 0.
    """
    top = scale.max()
    require(
        top > 0, "export tail.conv", "needs a weight that is not 0", float(top), kind=ArtifactError
    )
    exact = scale * ((2**MULTIPLIER_BITS - 1) / top)
    multiplier = np.rint(exact).astype(np.int64)
    used = exact > 0
    ratio = multiplier[used] / exact[used]
    with np.errstate(divide="ignore"):
        return multiplier, float(ratio.max() / ratio.min() - 1)


def codes(latent: np.ndarray, unit: np.ndarray | float, bits: int) -> np.ndarray:
    """The odd integers nearest to weights O,C,KH,KW: -1, +1 or, of two bits, -3, -1, +1, +3.

    A tie belongs to the upper one; ``unit`` is per output channel or one.
    """
    found = np.where(latent >= 0, 1, -1)
    if bits == 2:
        edge = 2 * np.broadcast_to(unit, len(latent))[:, None, None, None]
        found = found + 2 * (latent >= edge) - 2 * (latent < -edge)
    return found.astype(np.int8)


class Exporter:
    """Collects nodes while following the network record."""

    def __init__(self, checkpoint: Checkpoint):
        self.record, self.arrays = checkpoint.network, checkpoint.arrays
        self.nodes: list[dict[str, object]] = []

    def add(self, op: str, name: str, *inputs: str, **fields: object) -> None:
        self.nodes.append({"op": op, "name": name, "inputs": list(inputs), **fields})

    def embed(self) -> Feature:
        kind, activation = self.record.embedding, self.record.activation
        real = kind.kind is EmbeddingKind.FLOAT
        contract = "its weights are real numbers, which only serve to compare in training"
        hint = "train with another embedding than float"
        require(not real, "export stem.0.conv", contract, hint=hint, kind=ArtifactError)
        self.add("input", "pixels", shape=list(self.record.image))
        if kind.kind is EmbeddingKind.EXACT:
            return Feature("pixels", 1.0)
        if kind.kind is EmbeddingKind.LEARNED:
            # In float32, as training rounds: an entry may lie on the edge between two levels,
            # where float64 says otherwise, and one entry alone can change every 20th answer.
            table, half = self.arrays["embedding.table"].astype(np.float32), np.float32(0.5)
            clipped = np.clip(table, 0, np.float32(activation.max_value))
            rows = np.floor(clipped / np.float32(activation.step) + half)
        else:
            rows = fixed_table(kind)[None]
        self.add(
            "embed", "embedding", "pixels", table=rows.astype(np.uint8), out_bits=activation.bits
        )
        return Feature("embedding", 1.0)

    def scale(self, layer: ConvLayer, latent: np.ndarray) -> np.ndarray:
        """Real value of one unit of a weight, per output channel: learned, or from the mean |w|."""
        if layer.scale is WeightScale.LEARNED:
            level = self.arrays[f"{layer.name}.level"].astype(np.float64)
            positive, least = bool((level > 0).all()), float(level.min())
            where, contract = f"export {layer.name}", "level must be positive"
            require(positive, where, contract, least, kind=ArtifactError)
            return level
        mean = np.abs(latent).mean(axis=(1, 2, 3))
        if layer.bits == 1:
            return mean
        # Rounded as in training: codes change at it.
        return (mean / 2).astype(np.float32).astype(np.float64)

    def conv(self, layer: ConvLayer, x: Feature) -> Feature:
        latent = self.arrays[f"{layer.name}.weight"].astype(np.float64)
        shared = layer.scale is WeightScale.SHARED
        own = self.record.shared_scale if shared else self.scale(layer, latent)
        weight = codes(latent, own, layer.bits).transpose(0, 2, 3, 1)
        unit = own * x.unit
        self.add(
            "conv",
            layer.name,
            x.name,
            weight=weight,
            stride=layer.stride,
            padding=layer.kernel // 2,
            scale=unit if shared else None,
        )
        return Feature(layer.name, unit)

    def act(self, name: str, norm: str, x: Feature, bare: bool) -> Feature:
        activation = self.record.activation
        width = None
        if activation.rule is not StepRule.FIXED:
            width = float(self.arrays[f"{name}.width"][0])
            require(
                width > 0, f"export {name}", "width must be positive", width, kind=ArtifactError
            )
        eps = self.record.norm_eps
        levels, sign = norm_levels(self.arrays, norm, x.unit, eps, activation, width)
        self.add("threshold", name, x.name, levels=levels, sign=sign, out_bits=activation.bits)
        worth = activation.step if width is None else width
        return Feature(name, 1.0 if bare else worth)

    def stem(self, x: Feature) -> Feature:
        for index, layer in enumerate(stem_layers(self.record)):
            x = self.conv(layer, x)
            if self.record.stem[index].norm:
                x = self.act(f"stem.{index}.act", f"stem.{index}.norm", x, bare=False)
        return x

    def block(self, block: BlockLayers, trunk: Feature) -> Feature:
        x = trunk
        for index, layer in enumerate(block.convs):
            bare = layer.scale is WeightScale.SHARED or (index == 0 and block.down is not None)
            x = self.act(f"{block.name}.acts.{index}", f"{block.name}.norms.{index}", x, bare)
            if index == 0:
                skip = self.conv(block.down, x) if block.down else trunk
            x = self.conv(layer, x)
        self.add("add", block.name, x.name, skip.name)
        return Feature(block.name, x.unit)

    def tail(self, x: Feature) -> float:
        layer = tail_layer(self.record)
        x = self.conv(layer, self.act("tail.act", "tail.norm", x, bare=False))
        multiplier, error = class_multipliers(x.unit)
        self.add("pixel_sum", "tail.sum", x.name)
        self.add("class_scale", "tail.scores", "tail.sum", multiplier=multiplier)
        self.add("argmax", "tail.label", "tail.scores")
        return error


def export(checkpoint: Checkpoint) -> Exported:
    """Integer nodes of a checkpoint: weights -1/+1, levels of every norm, class multipliers."""
    exporter = Exporter(checkpoint)
    x = exporter.stem(exporter.embed())
    for block in blocks(checkpoint.network):
        x = exporter.block(block, x)
    error = exporter.tail(x)
    return Exported(name=checkpoint.network.name, nodes=tuple(exporter.nodes), ranking_error=error)
