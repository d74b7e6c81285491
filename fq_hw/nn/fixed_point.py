"""A fixed-point network in torch: integers carried by floats, exactly, and only what changed anew.

Bytes are multiplied as bytes where the processor can. Else float32 holds every integer up to 2**24,
and any of them times a power of two, in whatever order a sum is taken: so a convolution of integers
is exact while the bound of its sums stays below. Where it does not, float64 is taken (to 2**53). A
right shift is a product with a power of two, and lies in the weights.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor as Array

from fq_hw.data import Split
from fq_hw.errors import GraphError, require
from fq_hw.fixed.format import Format
from fq_hw.fixed.merge_norms import Merged
from fq_hw.fixed.network import FixedNetwork, Known, Role, Tensor, from_float
from fq_hw.float_network import IMAGE, FloatNetwork, FloatNode, Op, nodes
from fq_hw.nn.byte_conv import ByteConv, available
from fq_hw.nn.float_net import loaded
from fq_hw.nn.layers import as_images
from fq_hw.rounding import Moments

__all__ = ["Simulation", "Step", "image_codes", "input_moments", "make_step"]

MANTISSA = {torch.float32: 24, torch.float64: 53}


@dataclass(frozen=True, eq=False)
class Step:
    """One layer ready to run: codes N,C,H,W in and out, uint8 where they fit, else float32.

    Fields  scales: by which each input is multiplied, where there are no weights
            offset: constant and rounding, of shape O or a number; bounds: of the codes
            bytes: the whole layer in 8-bit arithmetic, where it can be
    """

    node: FloatNode
    kind: torch.dtype = torch.float32
    weight: Array | None = None
    offset: Array | float = 0.0
    scales: tuple[float, ...] = ()
    bounds: tuple[int, int] | None = None
    bytes: ByteConv | None = None

    def __call__(self, *inputs: Array) -> Array:
        node, x = self.node, inputs[0]
        if self.bytes is not None:
            return self.bytes(x)
        if node.op is Op.MAX_POOL:
            return max_pool(x, node.kernel[0], node.layer.steps)
        if node.op is Op.GLOBAL_MAX_POOL:
            return x.amax((2, 3), keepdim=True)
        wide = [i.to(self.kind) for i in inputs]
        if node.weighted:
            pad, step = node.pad, node.layer.steps
            total = F.conv2d(wide[0], self.weight, self.offset, step, pad)
            return total if self.bounds is None else self.codes(total)
        if node.op is Op.AVERAGE_POOL:
            wide = [F.avg_pool2d(wide[0], node.kernel, node.layer.steps)]
        scaled = [i * s for i, s in zip(wide, self.scales, strict=True)]
        total = torch.cat(scaled, dim=1) if node.op is Op.CONCAT else torch.stack(scaled).sum(0)
        return self.codes(total + self.offset)

    def codes(self, total: Array) -> Array:
        """Round down, clip."""
        codes = total.floor_().clamp_(*self.bounds)
        return codes.to(torch.uint8 if fits_byte(self.bounds) else torch.float32)


def fits_byte(bounds: tuple[int, int]) -> bool:
    """Whether codes of a range are unsigned bytes."""
    return bounds[0] >= 0 and bounds[1] <= 255


def max_pool(x: Array, kernel: int, step: int) -> Array:
    """Largest code of every window of N,C,H,W; torch's own pool takes no bytes."""
    rows, columns = ((n - kernel) // step + 1 for n in x.shape[2:])
    places = itertools.product(range(kernel), repeat=2)
    parts = (x[:, :, i : i + step * rows : step, j : j + step * columns : step] for i, j in places)
    return functools.reduce(torch.maximum, parts)


def carrier(bound: int, node: FloatNode) -> torch.dtype:
    """The float type in which integers up to ``bound`` are exact."""
    found = [kind for kind, bits in MANTISSA.items() if bound < 2**bits]
    require(found, f"layer {node.name}", "sums must stay below 2**53", bound, kind=GraphError)
    return found[0]


def make_step(fixed: FixedNetwork, node: FloatNode, batch: int = 1, bytewise: bool = True) -> Step:
    """How ``node`` runs; all that depends on formats is worked out here.

    ``batch`` is how many images a usual call has; ``bytewise`` allows 8-bit arithmetic.
    """
    if node.op in (Op.MAX_POOL, Op.GLOBAL_MAX_POOL):
        return Step(node)
    places, ranges = fixed.fractions(), fixed.ranges()
    read = [places[name] for name in node.inputs]
    seen = [ranges[name] for name in node.inputs]
    most = [max(high, -low) for low, high in seen]
    own = fixed.formats.get(Tensor(node.name, Role.ACTIVATION))
    bounds = None if own is None else fixed.bounds(node)
    if node.weighted:
        weight = fixed.codes[Tensor(node.name, Role.WEIGHT)]
        fraction = read[0] + fixed.weight(node.name).fraction
        constant = fixed.constant(node, fraction)
        shift = 0 if own is None else fraction - own.fraction
        half = 2 ** (shift - 1) if shift > 0 else 0
        bound = int((np.abs(weight).sum((1, 2, 3)) * most[0] + np.abs(constant)).max()) + half
        narrow = fits_byte(seen[0]) and fixed.weight(node.name).bits <= 8 and 2 * bound < 2**24
        if bytewise and available() and narrow and (bounds is None or fits_byte(bounds)):
            h, w, c = node.shapes[0]
            high = None if bounds is None else bounds[1]
            size = (batch, c, h, w)
            pad, step = node.pad, node.layer.steps
            run = ByteConv.make(weight, constant, shift, high, step, pad, size)
            return Step(node, bytes=run)
        kind = carrier(bound, node)
        scaled = torch.from_numpy(weight * 2.0**-shift).to(kind)
        scaled = scaled.contiguous(memory_format=torch.channels_last)
        offset = torch.from_numpy((constant + half) * 2.0**-shift).to(kind)
        return Step(node, kind, scaled, offset, (), bounds)
    area = node.kernel[0] * node.kernel[1] if node.op is Op.AVERAGE_POOL else 1
    sums = sum(m * area << (max(read) - r) for m, r in zip(most, read, strict=True))
    shift = max(read) + area.bit_length() - 1 - own.fraction
    kind = carrier(2 * sums + 2 ** max(shift, 0), node)  # twice: a half of a step is added
    return Step(node, kind, None, 0.5, tuple(2.0 ** (own.fraction - r) for r in read), bounds)


def image_codes(images: np.ndarray) -> Array:
    """uint8 N,H,W,C as codes N,C,H,W, channels last."""
    return as_images(images).permute(0, 3, 1, 2)


@torch.no_grad()
def input_moments(
    network: FloatNetwork, arrays: Mapping[str, np.ndarray], images: np.ndarray, batch: int = 20
) -> dict[str, Moments]:
    """What the weights of every layer multiply, by layer name, over uint8 images N,H,W,C.

    The padding counts, as it does in a layer's sums.
    """
    model = loaded(network, arrays)
    sums: dict[str, tuple[Tensor, Tensor]] = {}
    weighted = [node for node in nodes(network) if node.weighted]

    def see(name: str, x: Tensor) -> None:
        for node in weighted:
            if node.inputs[0] == name:
                rows = F.unfold(x, node.kernel, padding=node.pad, stride=node.layer.steps)
                rows = rows.transpose(1, 2).flatten(0, 1)
                found = rows.double().sum(0), (rows.T @ rows).double()
                before = sums.get(node.name, (0, 0))
                sums[node.name] = before[0] + found[0], before[1] + found[1]

    for start in range(0, len(images), batch):
        model(as_images(images[start : start + batch]), see)
    moments = {}
    for node in weighted:
        first, second = (part.numpy() / len(images) for part in sums[node.name])
        mean, square = (part / np.prod(node.shape[:2]) for part in (first, second))
        moments[node.name] = Moments(mean=mean, covariance=square - np.outer(mean, mean))
    return moments


class Simulation:
    """Counts the errors of a network's fixed-point forms on one split, as hardware would make them.

    ``begin`` runs the layers before one and keeps what is still to be read, so that ``errors``
    runs only from there on. Images that the float network is least sure of come first: a bad form
    shows within the first batch, and counting stops at ``most``.
    """

    def __init__(
        self,
        network: FloatNetwork,
        merged: Mapping[str, Merged],
        split: Split,
        order: np.ndarray,
        batch: int = 500,
    ):
        self.merged, self.network, self.batch = merged, network, batch
        self.nodes = list(nodes(network))
        parts = [order[start : start + batch] for start in range(0, len(order), batch)]
        self.labels = [torch.from_numpy(split.labels[part]) for part in parts]
        self.images = [split.images[part] for part in parts]
        self.known: Known = {}
        self.rewind()

    def rewind(self) -> None:
        """Forget every layer that has been run."""
        self.done, self.prefix = 0, {}
        self.live = [{IMAGE: image_codes(images)} for images in self.images]

    def fixed(self, formats: Mapping[Tensor, Format]) -> FixedNetwork:
        """The fixed-point network of ``formats``; tensors that did not change are not made anew."""
        return from_float(self.network, self.merged, formats, self.known)

    @torch.no_grad()
    def begin(self, layer: str, formats: Mapping[Tensor, Format]) -> None:
        """Run all layers before ``layer`` as ``formats`` say."""
        index = next(i for i, node in enumerate(self.nodes) if node.name == layer)
        before = {node.name for node in self.nodes[:index]}
        prefix = {t: f for t, f in formats.items() if t.layer in before}
        if index < self.done or any(prefix[t] != f for t, f in self.prefix.items()):
            self.rewind()
        fixed = self.fixed(formats)
        current = set(map(id, fixed.codes.values()))
        self.known = {key: codes for key, codes in self.known.items() if id(codes) in current}
        for node in self.nodes[self.done : index]:
            step = make_step(fixed, node, self.batch)
            rest = self.nodes[node.index + 1 :]
            needed = {name for later in rest for name in later.inputs}
            for values in self.live:
                values[node.name] = step(*(values[name] for name in node.inputs))
                for name in [name for name in values if name not in needed]:
                    del values[name]
        self.done, self.prefix = index, prefix

    @torch.no_grad()
    def errors(self, formats: Mapping[Tensor, Format], most: int | None = None) -> int:
        """Images ranked wrong by the network of ``formats``; counting ends above ``most``.

        ``formats`` must agree with those of ``begin`` in every layer before the one begun at.
        """
        changed = [str(t) for t, f in self.prefix.items() if formats[t] != f]
        require(not changed, "errors", "layers that have been run must not change", changed)
        fixed = self.fixed(formats)
        steps = [make_step(fixed, node, self.batch) for node in self.nodes[self.done :]]
        wrong = 0
        for kept, labels in zip(self.live, self.labels, strict=True):
            values = dict(kept)
            for step in steps:
                name = step.node.name
                values[name] = step(*(values[i] for i in step.node.inputs))
            wrong += int((values[name].flatten(1).argmax(1) != labels).sum())
            if most is not None and wrong > most:
                break
        return wrong
