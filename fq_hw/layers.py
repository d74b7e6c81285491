"""A quantized network as its layers, in the order in which they are computed.

Training's modules, checkpoints, random weights and export all follow this list, so that they cannot
disagree about a name or a shape. Records with other fields expand to it: ``fq_hw.network`` has the
published residual networks; ``fq_hw.nn.tracing`` makes it of any torch module.
"""

from __future__ import annotations

import enum
import math
import typing
from collections.abc import Sequence
from dataclasses import dataclass

from fq_hw.errors import GraphError, one_of, require
from fq_hw.files import check_file_name

__all__ = [
    "IMAGE",
    "MOST_CHANNELS",
    "MOST_LAYER_WEIGHTS",
    "MOST_PIXELS",
    "MOST_VALUES",
    "MOST_WEIGHTS",
    "Activation",
    "ConvLayer",
    "Embedding",
    "EmbeddingKind",
    "Layer",
    "Layered",
    "Norm",
    "NormLayer",
    "Op",
    "Pool",
    "StepRule",
    "WeightScale",
    "array_shapes",
    "check_ends",
    "check_eps",
    "check_image",
    "check_range",
    "check_weights",
    "shapes",
    "weight_count",
]

IMAGE = "image"  # the name by which the first layer reads the input
MOST_PIXELS = 2**12  # of an image's side
MOST_VALUES = 2**24  # of an image, all colours together
MOST_CHANNELS = 2**16
MOST_CLASSES = 2**16
MOST_KERNEL = 255  # and stride
MOST_LAYER_WEIGHTS = 2**24
MOST_WEIGHTS = 2**26  # a checkpoint holds a float32 for each


class Op(enum.Enum):
    """What a layer does: EMBED, the pixels; NORM, CONV, ACT, what their names say.

    FLATTEN: all values as one pixel; MEAN: over all pixels. ADD and CONCAT join two tensors or
    more.
    """

    EMBED = "embed"
    CONV = "conv"
    NORM = "norm"
    ACT = "act"
    MAX_POOL = "max-pool"
    AVERAGE_POOL = "average-pool"
    MEAN = "mean"
    FLATTEN = "flatten"
    ADD = "add"
    CONCAT = "concat"


class EmbeddingKind(enum.Enum):
    """How the first convolution sees an 8-bit pixel.

    As a vector of 2-bit levels from a table: LEARNED, or fixed: THERMOMETER, NAIVE (the pixel
    rounded to one level), DIGITS (its four digits to the base 4). Or as it is: EXACT (binary
    weights on the uint8 pixel) and FLOAT (real weights on pixel / 255; a comparison in training
    that no hardware follows).
    """

    LEARNED = "learned"
    THERMOMETER = "thermometer"
    NAIVE = "naive"
    DIGITS = "digits"
    EXACT = "exact"
    FLOAT = "float"

    @property
    def length(self) -> int | None:
        """Channels of one colour where the kind says so."""
        one = (EmbeddingKind.NAIVE, EmbeddingKind.EXACT, EmbeddingKind.FLOAT)
        return 4 if self is EmbeddingKind.DIGITS else 1 if self in one else None


class WeightScale(enum.Enum):
    """Real value of one unit of an integer weight.

    MEAN: from the mean of |w| per output channel; LEARNED: a positive number per output channel
    that is trained; SHARED: one constant, where residuals are added.
    """

    MEAN = "mean"
    LEARNED = "learned"
    SHARED = "shared"


class StepRule(enum.Enum):
    """Where the width of a level of an activation comes from.

    FIXED: from the record. Otherwise fitted to the values of each layer while training: LAYER
    weighs all errors alike, NORMALIZED each channel's by its variance, ROBUST takes the median of
    the channels.
    """

    FIXED = "fixed"
    LAYER = "layer"
    NORMALIZED = "normalized"
    ROBUST = "robust"


class Norm(enum.Enum):
    """What is before an activation: a batch norm, or nothing but a bias per channel."""

    BATCH = "batch"
    BIAS = "bias"


def check_range(value: int, most: int, where: str, field: str) -> None:
    """Refuse what is not in 1..most."""
    require(1 <= value <= most, where, f"{field} must be in 1..{most}", value)


def check_ends(record: typing.Any, where: str) -> None:
    """Check what the record of any network has: name, image, classes."""
    check_file_name(record.name, where)
    check_image(record.image, where)
    require(
        2 <= record.classes <= MOST_CLASSES,
        where,
        f"classes must be in 2..{MOST_CLASSES}",
        record.classes,
    )


def check_eps(value: float, where: str) -> None:
    """Refuse what is not to be added to a variance."""
    require(0 < value <= 1, where, "norm_eps must be in 0..1, above 0", value)


def check_weights(counts: Sequence[int], where: str) -> None:
    """Refuse more weights than files and tools are made for, by convolution and in all."""
    check_range(max(counts), MOST_LAYER_WEIGHTS, where, "weights of one convolution")
    check_range(sum(counts), MOST_WEIGHTS, where, "weights of all convolutions")


def check_image(image: tuple[int, ...], where: str) -> None:
    """Refuse what is no size of an image: height, width, colours."""
    sizes = len(image) == 3 and all(1 <= n <= MOST_PIXELS for n in image)
    contract = f"image must be height, width, colours, each 1..{MOST_PIXELS}"
    require(sizes, where, contract, image)
    contract = f"image must have at most {MOST_VALUES:,} values"
    require(math.prod(image) <= MOST_VALUES, where, contract, image)


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """Pixel embedding: each colour component becomes ``length`` channels.

    Fields  kind: of the table, or none; length: channels of a colour, 1 to 85
            shared: a learned table serves all colours; otherwise each colour has its own
    """

    kind: EmbeddingKind = EmbeddingKind.LEARNED
    length: int = 10
    shared: bool = True

    def __post_init__(self) -> None:
        require(1 <= self.length <= 85, "Embedding", "length must be in 1..85", self.length)
        fixed = self.kind.length
        fits = fixed is None or self.length == fixed
        require(fits, f"Embedding {self.kind.value!r}", f"length must be {fixed}", self.length)


@dataclass(frozen=True, kw_only=True)
class Activation:
    """Half-wave quantizer: level = round(clamp(x, 0, max_value) * steps / max_value).

    Fields  bits: 2; rule: where the width of a level comes from
            max_value: the real value of the highest level. Where the rule is not FIXED each layer
            has its own, and this one serves a learned embedding alone
    """

    bits: int = 2
    max_value: float = 2.0
    rule: StepRule = StepRule.FIXED

    def __post_init__(self) -> None:
        require(self.bits == 2, "Activation", "bits must be 2", self.bits)
        usual = 2.0**-64 <= self.max_value <= 2.0**64
        require(usual, "Activation", "max_value must be in 2**-64..2**64", self.max_value)

    @property
    def steps(self) -> int:
        """Highest level."""
        return 2**self.bits - 1

    @property
    def step(self) -> float:
        """Real value of one level, where the quantizer is followed by its scale."""
        return self.max_value / self.steps


@dataclass(frozen=True, kw_only=True)
class ConvLayer:
    """One convolution: its place in the module tree, geometry, and its weights' scale and bits.

    Fields  groups: of channels, each of which reads its own; padding: zeros on every side, half a
            kernel where it is None; shared_scale: of a weight where ``scale`` is SHARED
            real: its weights are not quantized; only the first layer after a FLOAT embedding is so
    """

    name: str
    cin: int
    cout: int
    kernel: int
    stride: int
    scale: WeightScale
    bits: int = 1
    real: bool = False
    groups: int = 1
    padding: int | None = None
    shared_scale: float = 1 / 32

    def __post_init__(self) -> None:
        where = f"convolution {self.name!r}"
        check_range(self.cin, MOST_VALUES, where, "channels read")
        check_range(self.cout, MOST_CHANNELS, where, "channels made")
        check_range(self.kernel, MOST_KERNEL, where, "kernel")
        check_range(self.stride, MOST_KERNEL, where, "stride")
        whole = self.groups >= 1 and self.cin % self.groups == self.cout % self.groups == 0
        contract = f"groups must divide {self.cin} and {self.cout} channels"
        require(whole, where, contract, self.groups)
        fits = 0 <= self.pad < self.kernel
        require(fits, where, "padding must be less than the kernel", self.pad)
        require(self.bits in (1, 2), where, "bits must be 1 or 2", self.bits)
        power = 0 < self.shared_scale <= 1 and math.frexp(self.shared_scale)[0] == 0.5
        require(power, where, "shared_scale must be 1 / a power of two", self.shared_scale)

    @property
    def pad(self) -> int:
        """Zeros on every side."""
        return self.kernel // 2 if self.padding is None else self.padding

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of the latent weights: O, C/groups, KH, KW, as torch stores them."""
        return (self.cout, self.cin // self.groups, self.kernel, self.kernel)


@dataclass(frozen=True, kw_only=True)
class NormLayer:
    """A batch norm that adds ``eps`` to the variance, or a bias alone."""

    kind: Norm
    eps: float = 1e-5

    def __post_init__(self) -> None:
        check_eps(self.eps, "norm")


@dataclass(frozen=True, kw_only=True)
class Pool:
    """A pool's windows: rows and columns of each, steps between two, and what lies outside."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        for name, least in (("kernel", 1), ("stride", 1), ("padding", 0)):
            found = getattr(self, name)
            fits = all(least <= n <= MOST_KERNEL for n in found)
            require(fits, "pool", f"{name} must be in {least}..{MOST_KERNEL}", found)


Detail = Embedding | Activation | ConvLayer | NormLayer | Pool | None


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer.

    Fields  name: of its module, which its arrays are named by
            inputs: names of the layers that it reads, or ``image``
            embedding, conv, norm, pool: what is to say of a layer that is one
            activation: the quantizer of an ACT, and of an embedding that is learned
            bare: an ACT gives levels, without what they are worth
    """

    op: Op
    name: str
    inputs: tuple[str, ...]
    embedding: Embedding | None = None
    conv: ConvLayer | None = None
    norm: NormLayer | None = None
    activation: Activation | None = None
    pool: Pool | None = None
    bare: bool = False

    def __post_init__(self) -> None:
        where = f"layer {self.name!r}"
        pool = self.op in (Op.MAX_POOL, Op.AVERAGE_POOL)
        wanted = {
            "embedding": self.op is Op.EMBED,
            "conv": self.op is Op.CONV,
            "norm": self.op is Op.NORM,
            "activation": self.op in (Op.EMBED, Op.ACT),
            "pool": pool,
        }
        found = {name: getattr(self, name) is not None for name in wanted}
        contract = f"{self.op.value} takes {', '.join(n for n, take in wanted.items() if take)}"
        said = [name for name, there in found.items() if there]
        require(found == wanted, where, contract, said, kind=GraphError)
        joins = self.op in (Op.ADD, Op.CONCAT)
        count = len(self.inputs)
        fits = count >= 2 if joins else count == 1
        require(fits, where, f"{self.op.value} reads {'two or more' if joins else 'one'}",
                list(self.inputs), kind=GraphError)  # fmt: skip


class Layered(typing.Protocol):
    """What every record of a quantized network has."""

    @property
    def name(self) -> str: ...

    @property
    def image(self) -> tuple[int, int, int]: ...

    @property
    def classes(self) -> int: ...

    @property
    def layers(self) -> Sequence[Layer]: ...


Shape = tuple[int, int, int]


def shapes(network: Layered) -> dict[str, Shape]:
    """H,W,C of what each layer makes, by its name; those of ``image`` too.

    Raises GraphError, by the layer, for a name that is taken or unknown, for what does not fit,
    for a layer that nobody reads, and where the last one gives other than one score a class.
    """
    found: dict[str, Shape] = {IMAGE: network.image}
    read: set[str] = set()
    for layer in network.layers:
        where = f"network {network.name!r}, layer {layer.name!r}"
        own = bool(layer.name) and layer.name not in found
        require(own, where, "must have a name of its own", kind=GraphError)
        for one in layer.inputs:
            one_of(one, found, where, "inputs must be layers before it", kind=GraphError)
        pixels = IMAGE in layer.inputs
        contract = "the image must be read by one embedding, and an embedding reads it"
        fits = pixels == (layer.op is Op.EMBED) and not (pixels and IMAGE in read)
        require(fits, where, contract, kind=GraphError)
        read.update(layer.inputs)
        made = shape_of(layer, [found[one] for one in layer.inputs], where)
        check_range(math.prod(made), MOST_VALUES, where, "values of its output")
        found[layer.name] = made
    last = network.layers[-1].name
    where = f"network {network.name!r}"
    contract = f"the last layer, {last!r}, must give {network.classes} scores"
    require(found[last] == (1, 1, network.classes), where, contract, found[last], kind=GraphError)
    lost = [name for name in found if name not in read and name != last]
    require(not lost, where, "nothing reads some of its layers", lost[:3], kind=GraphError)
    return found


def shape_of(layer: Layer, given: list[Shape], where: str) -> Shape:
    """H,W,C of what ``layer`` makes of tensors ``given``."""
    h, w, c = given[0]
    if layer.embedding is not None:
        return h, w, c * layer.embedding.length
    if layer.conv is not None:
        conv = layer.conv
        require(conv.cin == c, where, f"reads {conv.cin} channels", c, kind=GraphError)
        square = Pool(kernel=(conv.kernel,) * 2, stride=(conv.stride,) * 2, padding=(conv.pad,) * 2)
        return (*windows(square, (h, w), where), conv.cout)
    if layer.pool is not None:
        return (*windows(layer.pool, (h, w), where), c)
    if layer.op is Op.MEAN:
        return 1, 1, c
    if layer.op is Op.FLATTEN:
        return 1, 1, h * w * c
    alike = {one if layer.op is Op.ADD else one[:2] for one in given}
    contract = "reads tensors of one shape"
    require(len(alike) == 1, where, contract, given, kind=GraphError)
    return h, w, sum(one[2] for one in given) if layer.op is Op.CONCAT else c


def windows(pool: Pool, sides: tuple[int, int], where: str) -> tuple[int, int]:
    """How many windows there are, down and across."""
    ways = zip(sides, pool.kernel, pool.stride, pool.padding, strict=True)
    down, across = ((n + 2 * pad - kernel) // step + 1 for n, kernel, step, pad in ways)
    fits = down >= 1 and across >= 1
    contract = f"kernel must fit its input of {sides[0]} x {sides[1]}"
    require(fits, where, contract, pool.kernel, kind=GraphError)
    return down, across


def weight_count(network: Layered) -> int:
    """Quantized weights of all convolutions."""
    convs = (layer.conv for layer in network.layers if layer.conv is not None)
    return sum(math.prod(conv.shape) for conv in convs if not conv.real)


def array_shapes(network: Layered) -> dict[str, tuple[int, ...]]:
    """Name and shape of every array that a checkpoint of ``network`` holds."""
    made, found = shapes(network), {}
    for layer in network.layers:
        channels = (made[layer.name][2],)
        if layer.embedding is not None and layer.embedding.kind is EmbeddingKind.LEARNED:
            tables = 1 if layer.embedding.shared else network.image[2]
            found[f"{layer.name}.table"] = (tables, 256, layer.embedding.length)
        elif layer.conv is not None:
            found[f"{layer.name}.weight"] = layer.conv.shape
            if layer.conv.scale is WeightScale.LEARNED and not layer.conv.real:
                found[f"{layer.name}.level"] = channels
        elif layer.norm is not None:
            parts = ("weight", "bias", "running_mean", "running_var")
            for part in parts if layer.norm.kind is Norm.BATCH else ("bias",):
                found[f"{layer.name}.{part}"] = channels
        elif layer.op is Op.ACT and layer.activation.rule is not StepRule.FIXED:
            found[f"{layer.name}.width"] = (1,)
    return found
