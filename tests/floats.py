"""Small float networks with random weights, for tests of fixed point; numpy only."""

from __future__ import annotations

import numpy as np

from fq_hw.checkpoint import Checkpoint
from fq_hw.fixed.format import Format
from fq_hw.fixed.merge_norms import merge_norms
from fq_hw.fixed.network import FixedNetwork, Role, Tensor, from_float, tensors
from fq_hw.float_network import FloatNetwork, Layer, Op, Padding, array_shapes

__all__ = ["FLOATS", "random_fixed", "random_float", "random_formats", "random_pixels"]

CONV, DENSE, MAX, MEAN = Op.CONV, Op.DENSE, Op.MAX_POOL, Op.AVERAGE_POOL

FLOATS = {
    network.name: network
    for network in (
        FloatNetwork(  # the form of the published network, in small
            name="plain",
            image=(9, 11, 1),
            classes=4,
            layers=(
                Layer(op=CONV, width=5, kernel=3, norm=True, relu=True),
                Layer(op=CONV, width=6, kernel=3, norm=True, relu=True),
                Layer(op=MAX, kernel=2),
                Layer(op=CONV, width=7, kernel=3, norm=True, relu=True),
                Layer(op=Op.GLOBAL_MAX_POOL),
                Layer(op=DENSE, width=4),
            ),
        ),
        FloatNetwork(  # branches, signed codes, every pool, strides, valid padding, 1x1 and 5x5
            name="branched",
            image=(12, 10, 3),
            classes=3,
            layers=(
                Layer(op=CONV, name="stem", width=6, kernel=5, stride=2, norm=True, relu=True),
                Layer(op=CONV, name="left", width=6, kernel=3),
                Layer(op=CONV, name="right", inputs=("stem",), width=6, kernel=1, norm=True),
                Layer(op=Op.ADD, name="sum", inputs=("left", "right", "stem"), relu=True),
                Layer(op=MEAN, name="mean", inputs=("sum",), kernel=2, stride=1),
                Layer(op=CONV, name="narrow", width=4, kernel=3, padding=Padding.VALID, relu=True),
                Layer(op=MAX, name="most", inputs=("mean",), kernel=3, stride=1),
                Layer(op=Op.CONCAT, name="both", inputs=("narrow", "most")),
                Layer(op=DENSE, name="scores", width=3, norm=True),
            ),
        ),
    )
}


def random_float(network: FloatNetwork, seed: int) -> Checkpoint:
    """A checkpoint with random arrays; norms of both signs."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for name, shape in array_shapes(network).items():
        array = rng.normal(size=shape)
        if name.endswith("running_var"):
            array = rng.uniform(0.2, 2, shape)
        elif len(shape) == 4:
            array /= np.sqrt(np.prod(shape[1:]))
        arrays[name] = array.astype(np.float32)
    return Checkpoint(network=network, arrays=arrays, provenance={"hold_out": "8"})


def random_formats(network: FloatNetwork, rng: np.random.Generator) -> dict[Tensor, Format]:
    """Formats of 1 to 9 bits around the range of usual values."""
    return {
        t: Format(b := int(rng.integers(1, 10)), b - 3 + int(rng.integers(3)))
        for t in tensors(network)
    }


def random_fixed(name: str, seed: int) -> FixedNetwork:
    """A fixed-point network with random weights and formats, wide enough not to be all zeros."""
    rng = np.random.default_rng(seed)
    network = FLOATS[name]
    formats = random_formats(network, rng)
    for tensor, form in formats.items():
        if tensor.role is not Role.BIAS and form.bits < 3:
            formats[tensor] = Format(4, 2)
    return from_float(network, merge_norms(random_float(network, seed)), formats)


def random_pixels(network: FloatNetwork, count: int, seed: int) -> np.ndarray:
    """uint8 images, black and white among them."""
    images = np.random.default_rng(seed).integers(0, 256, (count, *network.image), np.uint8)
    images[0], images[-1] = 0, 255
    return images
