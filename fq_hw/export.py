"""A checkpoint's arrays and norms as integer layers, by numpy alone.

The result is a list of plain nodes, ``{"op": ..., "name": ..., "inputs": [...], fields...}``, from
which ``fq_hw.ir`` builds and checks a graph. A node is named after the torch module whose output it
is. Source of the integer form: Takahashi et al. 2024, section 3.5; thresholds as in FINN (Umuroglu
et al. 2017), found in exact fractions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from fq_hw.checkpoint import Checkpoint
from fq_hw.errors import ArtifactError, require
from fq_hw.exact import ceilings, exact, inverse_roots
from fq_hw.layers import (
    IMAGE,
    Activation,
    ConvLayer,
    EmbeddingKind,
    Layer,
    Op,
    StepRule,
    WeightScale,
    shapes,
)
from fq_hw.pixel_codes import fixed_table

__all__ = [
    "MULTIPLIER_BITS",
    "Exported",
    "class_multipliers",
    "codes",
    "export",
    "levels_of",
    "norm_of",
]

MULTIPLIER_BITS = 16
MOST_TIMES = 2**32  # of a summand


@dataclass(frozen=True, kw_only=True)
class Exported:
    """Nodes in topological order.

    ``ranking_error``: scores of two classes may be ranked otherwise than in float only where they
    differ by less than this fraction, because class scales are rounded to integers.
    """

    name: str
    nodes: tuple[Mapping[str, object], ...]
    ranking_error: float


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A tensor on the way: the integers of node ``name``, and what they are worth.

    unit      real value of one, per channel or one for all
    constant  the same as a fraction, where it is one number that no training has moved
    affine    gain and bias of a norm, per channel: a quantizer is still to follow
    mean      height and width of the map whose mean it is, before that is taken
    flat      H,W,C of what is read as one row of all its values, in torch's order
    """

    name: str
    unit: np.ndarray | float
    constant: Fraction | None = None
    affine: tuple[np.ndarray, np.ndarray] | None = None
    mean: tuple[int, int] | None = None
    flat: tuple[int, int, int] | None = None


def norm_of(
    arrays: Mapping[str, np.ndarray], norm: str, eps: float
) -> tuple[np.ndarray, np.ndarray]:
    """Gain and bias of a norm, which may be a bias alone: fractions per channel."""
    bias = exact(arrays[f"{norm}.bias"])
    if f"{norm}.weight" not in arrays:
        return exact(np.ones(len(bias))), bias
    weight, mean, var = (
        exact(arrays[f"{norm}.{k}"]) for k in ("weight", "running_mean", "running_var")
    )
    gain = weight * inverse_roots(var + Fraction(eps))
    return gain, bias - gain * mean


def levels_of(
    unit: np.ndarray | float,
    affine: tuple[np.ndarray, np.ndarray],
    activation: Activation,
    width: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Levels t (C,T) and signs s (C) such that s * x >= t[j] says "the activation exceeds j".

    x is the integer before the norm ``affine``, worth ``unit`` each; a level is worth ``width``
    (default: the activation's step). A channel whose gain is 0 does not depend on x: its levels are
    -FAR (always) or FAR (never). Ties belong to the upper level; the arithmetic is exact, so that
    nothing else is a tie.
    """
    gain, bias = affine
    gain = gain * np.broadcast_to(exact(unit), gain.shape)
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
        top > 0,
        "export",
        "the last layer needs a weight that is not 0",
        float(top),
        kind=ArtifactError,
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


def in_order(layers: Sequence[Layer]) -> Iterator[Layer]:
    """Each layer behind those that it reads: of a join, the last one's first.

    That of a residual addition is the skip, whose tensor hardware has first.
    """
    named, done = {layer.name: layer for layer in layers}, {IMAGE}
    stack = [layers[-1].name]
    while stack:
        layer = named[stack[-1]]
        waiting = [name for name in layer.inputs if name not in done]
        if waiting:
            stack.append(waiting[-1])
            continue
        done.add(stack.pop())
        yield layer


class Exporter:
    """Collects nodes while following the layers."""

    def __init__(self, checkpoint: Checkpoint):
        self.record, self.arrays = checkpoint.network, checkpoint.arrays
        self.shapes = shapes(self.record)
        self.nodes: dict[str, dict[str, object]] = {}
        self.scales: dict[str, float] = {}  # of nodes that are added, as ``Add`` wants them
        self.features: dict[str, Feature] = {}
        self.steps: dict[Op, Callable[..., Feature]] = {
            Op.EMBED: self.embed,
            Op.CONV: self.conv,
            Op.NORM: self.norm,
            Op.ACT: self.act,
            Op.MAX_POOL: self.max_pool,
            Op.AVERAGE_POOL: self.average_pool,
            Op.MEAN: self.mean,
            Op.FLATTEN: self.flatten,
            Op.ADD: self.add_up,
            Op.CONCAT: self.concat,
        }

    def add(self, op: str, name: str, *inputs: str, **fields: object) -> None:
        contract = "must have another name, which a tensor of its own has already"
        require(name not in self.nodes, f"export {name}", contract, kind=ArtifactError)
        self.nodes[name] = {"op": op, "name": name, "inputs": list(inputs), **fields}

    def layer(self, layer: Layer) -> None:
        """One of them, whose inputs have been exported."""
        found = self.steps[layer.op](layer, *(self.features.get(name) for name in layer.inputs))
        self.features[layer.name] = found

    def embed(self, layer: Layer, image: None) -> Feature:
        kind, activation = layer.embedding, layer.activation
        real = kind.kind is EmbeddingKind.FLOAT
        contract = "its weights are real numbers, which only serve to compare in training"
        hint = "train with another embedding than float"
        reader = next(one.name for one in self.record.layers if layer.name in one.inputs)
        require(not real, f"export {reader}", contract, hint=hint, kind=ArtifactError)
        self.add("input", "pixels", shape=list(self.record.image))
        if kind.kind is EmbeddingKind.EXACT:
            return Feature(name="pixels", unit=1.0, constant=Fraction(1))
        if kind.kind is EmbeddingKind.LEARNED:
            # In float32, as training rounds: an entry may lie on the edge between two levels,
            # where float64 says otherwise, and one entry alone can change every 20th answer.
            table, half = self.arrays[f"{layer.name}.table"].astype(np.float32), np.float32(0.5)
            clipped = np.clip(table, 0, np.float32(activation.max_value))
            rows = np.floor(clipped / np.float32(activation.step) + half)
        else:
            rows = fixed_table(kind)[None]
        table = rows.astype(np.uint8)
        self.add("embed", layer.name, "pixels", table=table, out_bits=activation.bits)
        return Feature(name=layer.name, unit=1.0, constant=Fraction(1))

    def scale(self, layer: ConvLayer, latent: np.ndarray) -> np.ndarray | float:
        """Real value of one unit of a weight: shared, learned, or from the mean |w|."""
        if layer.scale is WeightScale.SHARED:
            return layer.shared_scale
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

    def conv(self, layer: Layer, x: Feature) -> Feature:
        where, conv = f"export {layer.name}", layer.conv
        alone = conv.kernel == 1 and conv.pad == 0 and conv.groups == 1
        if not alone or x.affine is not None:  # else a mean may be taken of what is made here
            x = self.settled(x, where)
        latent = self.arrays[f"{layer.name}.weight"].astype(np.float64)
        own = self.scale(conv, latent)
        weight = codes(latent, own, conv.bits)
        if x.flat is not None:
            h, w, c = x.flat
            weight = weight.reshape(len(weight), c, h, w)
        units = np.unique(x.unit)
        contract = "reads channels of several scales; put a quantizer in between"
        require(len(units) == 1, where, contract, units[:3].tolist(), kind=ArtifactError)
        groups = {} if conv.groups == 1 else {"groups": conv.groups}
        self.add(
            "conv",
            layer.name,
            x.name,
            weight=weight.transpose(0, 2, 3, 1),
            stride=1 if x.mean else conv.stride,
            padding=conv.pad,
            scale=None,
            **groups,
        )
        shared = conv.scale is WeightScale.SHARED and x.constant is not None
        constant = Fraction(conv.shared_scale) * x.constant if shared else None
        unit = own * units[0].item()
        return Feature(name=layer.name, unit=unit, constant=constant, mean=x.mean)

    def norm(self, layer: Layer, x: Feature) -> Feature:
        gain, bias = norm_of(self.arrays, layer.name, layer.norm.eps)
        x = self.whole(x, f"export {layer.name}")
        if x.affine is not None:  # a norm of a norm
            before, term = x.affine
            gain, bias = gain * before, gain * term + bias
        return replace(x, affine=(gain, bias), constant=None)

    def act(self, layer: Layer, x: Feature) -> Feature:
        activation, width, where = layer.activation, None, f"export {layer.name}"
        if activation.rule is not StepRule.FIXED:
            width = float(self.arrays[f"{layer.name}.width"][0])
            require(width > 0, where, "width must be positive", width, kind=ArtifactError)
        x = self.whole(x, where)
        channels = self.shapes[layer.name][2]
        none = exact(np.ones(channels)), exact(np.zeros(channels))
        levels, sign = levels_of(x.unit, x.affine or none, activation, width)
        name = layer.name
        self.add("threshold", name, x.name, levels=levels, sign=sign, out_bits=activation.bits)
        if layer.bare:
            return Feature(name=name, unit=1.0, constant=Fraction(1))
        if width is not None:
            return Feature(name=name, unit=width)
        constant = Fraction(activation.max_value) / activation.steps
        return Feature(name=name, unit=activation.step, constant=constant)

    def max_pool(self, layer: Layer, x: Feature) -> Feature:
        pool, x = layer.pool, self.whole(x, f"export {layer.name}")
        falls = {}
        if x.affine is not None and (x.affine[0] < 0).any():
            falls["sign"] = np.where(x.affine[0] < 0, -1, 1).astype(np.int8)
        down, across = pool.padding
        self.add(
            "max_pool",
            layer.name,
            x.name,
            kernel=list(pool.kernel),
            stride=list(pool.stride),
            padding=[down, across, down, across],
            **falls,
        )
        return replace(x, name=layer.name)

    def average_pool(self, layer: Layer, x: Feature) -> Feature:
        pool, where = layer.pool, f"export {layer.name}"
        contract = "windows of an average must lie side by side, inside the image"
        beside = pool.stride == pool.kernel and pool.padding == (0, 0)
        require(beside, where, contract, (pool.stride, pool.padding), kind=ArtifactError)
        return self.summed(layer.name, self.whole(x, where), pool.kernel)

    def summed(self, name: str, x: Feature, kernel: tuple[int, int]) -> Feature:
        """Means over windows, as sums that are worth less."""
        if name not in self.nodes:  # several layers may read one mean
            self.add("sum_pool", name, x.name, kernel=list(kernel))
        size = math.prod(kernel)
        constant = None if x.constant is None else x.constant / size
        return replace(x, name=name, unit=x.unit / size, constant=constant)

    def mean(self, layer: Layer, x: Feature) -> Feature:
        x = self.whole(x, f"export {layer.name}")
        h, w, _ = self.shapes[layer.inputs[0]]
        return x if (h, w) == (1, 1) else replace(x, mean=(h, w))

    def flatten(self, layer: Layer, x: Feature) -> Feature:
        shape = self.shapes[layer.inputs[0]]
        return replace(x, flat=shape) if shape[:2] != (1, 1) and x.flat is None else x

    def add_up(self, layer: Layer, *summands: Feature) -> Feature:
        where = f"export {layer.name}"
        first, *others = (self.settled(x, where) for x in summands)
        for number, other in enumerate(others, 1):
            name = layer.name if number == len(others) else f"{layer.name}.{number}"
            first = self.sum_of(name, first, other, where)
        return first

    def sum_of(self, name: str, a: Feature, b: Feature, where: str) -> Feature:
        """Two tensors, each as so many of the largest unit that both have."""
        contract = "adds what has no constant scale: use weights of scale shared before an addition"
        known = a.constant is not None and b.constant is not None
        require(known, where, f"{contract}, and fixed quantizers", kind=ArtifactError)
        below = math.lcm(a.constant.denominator, b.constant.denominator)
        unit = Fraction(math.gcd(int(a.constant * below), int(b.constant * below)), below)
        times = [int(x.constant / unit) for x in (a, b)]
        contract = f"adds scales that are more than {MOST_TIMES:,} apart"
        require(max(times) <= MOST_TIMES, where, contract, times, kind=ArtifactError)
        self.share_scale(a, b, unit, times, where)
        factors = {} if times == [1, 1] else {"times": times}
        self.add("add", name, a.name, b.name, **factors)
        return Feature(name=name, unit=float(unit), constant=unit)

    def share_scale(
        self, a: Feature, b: Feature, unit: Fraction, times: list[int], where: str
    ) -> None:
        """Say in the nodes that make both what a unit of theirs is worth."""
        pairs = list(zip((a.name, b.name), times, strict=True))
        said = [self.scales[name] / n for name, n in pairs if name in self.scales]
        tried = said[:1] or [float(unit), 1.0]  # ones, where float64 rounds the unit's multiples
        exactly = (one for one in tried if all(one * n / n == one for _, n in pairs))
        one = next(exactly, None)
        agree = one is not None and set(said) <= {one}
        contract = "adds a tensor that is added elsewhere to one of another scale"
        require(agree, where, contract, said, kind=ArtifactError)
        for name, n in pairs:
            self.set_scale(name, one * n)

    def set_scale(self, name: str, scale: float) -> None:
        """In a node, or in those that it has its scale from."""
        if name in self.scales:
            return
        self.scales[name] = scale
        node = self.nodes[name]
        if node["op"] in ("conv", "embed", "input", "threshold"):
            node["scale"] = scale
            return
        for source in node["inputs"]:
            self.set_scale(source, scale)

    def concat(self, layer: Layer, *parts: Feature) -> Feature:
        where = f"export {layer.name}"
        first, *others = (self.settled(x, where) for x in parts)
        widths = [self.shapes[name][2] for name in layer.inputs]
        for number, other in enumerate(others, 1):
            name = layer.name if number == len(others) else f"{layer.name}.{number}"
            self.add("concat", name, first.name, other.name)
            units = [np.broadcast_to(one, width) for one, width in
                     zip((first.unit, other.unit), (sum(widths[:number]), widths[number]),
                         strict=True)]  # fmt: skip
            same = first.constant == other.constant
            first = Feature(name=name, unit=np.concatenate(units),
                            constant=first.constant if same else None)  # fmt: skip
        return first

    def whole(self, x: Feature, where: str) -> Feature:
        """A tensor with its mean taken, and its pixels in their places."""
        contract = "only a linear layer reads what is flattened"
        require(x.flat is None, where, contract, kind=ArtifactError)
        if x.mean is None:
            return x
        return replace(self.summed(f"{x.name}.mean", x, x.mean), mean=None)

    def settled(self, x: Feature, where: str) -> Feature:
        """The same of a tensor that no norm waits for a quantizer in."""
        contract = "reads a norm: a quantizer must stand between"
        require(x.affine is None, where, contract, kind=ArtifactError)
        return self.whole(x, where)

    def scores(self, name: str) -> float:
        """The end, of layer ``name``: sums, class scales, label."""
        x, where = self.features[name], f"export {name}"
        contract = "nothing ranks the classes behind a norm or a flattened map: end with a layer"
        require(x.affine is None and x.flat is None, where, contract, kind=ArtifactError)
        unit = np.broadcast_to(np.asarray(x.unit, float), self.record.classes)
        multiplier, error = class_multipliers(unit)
        self.add("pixel_sum", f"{name}.sum", x.name)
        self.add("class_scale", f"{name}.scores", f"{name}.sum", multiplier=multiplier)
        self.add("argmax", f"{name}.label", f"{name}.scores")
        return error


def export(checkpoint: Checkpoint) -> Exported:
    """Integer nodes of a checkpoint: weights -1/+1, levels of every norm, class multipliers.

    Raises ArtifactError, by the layer, for what is no exact integer op.
    """
    exporter = Exporter(checkpoint)
    for layer in in_order(checkpoint.network.layers):
        exporter.layer(layer)
    error = exporter.scores(checkpoint.network.layers[-1].name)
    nodes = tuple(exporter.nodes.values())
    return Exported(name=checkpoint.network.name, nodes=nodes, ranking_error=error)
