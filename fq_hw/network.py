"""The network record: plain data from which torch layers, arrays and the integer graph all follow.

Source: Takahashi et al., Efficiera Residual Networks, 2024 (block layout, stem, scales);
Tokunaga et al., Pixel Embedding, 2024 (learned table). The walk over the layers is written once,
in :func:`layers`, so that training, checkpoint and export cannot disagree about a name or a shape.
"""

from __future__ import annotations

import enum
import math
import typing
from collections.abc import Iterator
from dataclasses import dataclass

from fq_hw.errors import one_of, require
from fq_hw.files import check_file_name

__all__ = [
    "MOST_CHANNELS",
    "MOST_LAYER_WEIGHTS",
    "MOST_VALUES",
    "Activation",
    "Block",
    "BlockLayers",
    "ConvLayer",
    "Embedding",
    "EmbeddingKind",
    "Network",
    "Norm",
    "Stage",
    "StemConv",
    "StepRule",
    "WeightScale",
    "array_shapes",
    "blocks",
    "check_ends",
    "check_image",
    "check_range",
    "convolutions",
    "ern",
    "stem_layers",
    "tail_layer",
    "weight_count",
]


MOST_PIXELS = 2**12  # of an image's side
MOST_VALUES = 2**24  # of an image, all colours together
MOST_CHANNELS = 2**16
MOST_CLASSES = 2**16
MOST_BLOCKS = 256  # of a stage; the deepest published network has 23
MOST_STAGES = 16
MOST_STEM = 64
MOST_LAYER_WEIGHTS = 2**24
MOST_WEIGHTS = 2**26  # a checkpoint holds a float32 for each


class Block(enum.Enum):
    """Pre-activation residual block."""

    BASIC = "basic"
    BOTTLENECK = "bottleneck"

    @property
    def expansion(self) -> int:
        """Output channels per unit of stage width."""
        return 4 if self is Block.BOTTLENECK else 1


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
class StemConv:
    """One convolution of the stem.

    Fields  width: output channels; kernel: 1 or 3; stride: 1 or 2
            norm: whether a norm and an activation follow it, as they do all but the last one
    """

    width: int
    kernel: int = 3
    stride: int = 1
    norm: bool = True

    def __post_init__(self) -> None:
        check_range(self.width, MOST_CHANNELS, "StemConv", "width")
        require(self.kernel in (1, 3), "StemConv", "kernel must be 1 or 3", self.kernel)
        require(self.stride in (1, 2), "StemConv", "stride must be 1 or 2", self.stride)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Residual blocks of one width; the first one has the stride and the 1x1 downsample.

    Fields  width: channels; a bottleneck block gives four times as many; blocks: how many
            stride: 1 or 2
    """

    width: int
    blocks: int
    stride: int = 2

    def __post_init__(self) -> None:
        check_range(self.width, MOST_CHANNELS, "Stage", "width")
        check_range(self.blocks, MOST_BLOCKS, "Stage", "blocks")
        require(self.stride in (1, 2), "Stage", "stride must be 1 or 2", self.stride)


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


def check_range(value: int, most: int, where: str, field: str) -> None:
    """Refuse what is not in 1..most."""
    require(1 <= value <= most, where, f"{field} must be in 1..{most}", value)


def check_ends(record: typing.Any, where: str) -> None:
    """Check what the record of any network has: name, image, classes, norm_eps."""
    check_file_name(record.name, where)
    check_image(record.image, where)
    require(
        2 <= record.classes <= MOST_CLASSES,
        where,
        f"classes must be in 2..{MOST_CLASSES}",
        record.classes,
    )
    require(0 < record.norm_eps <= 1, where, "norm_eps must be in 0..1, above 0", record.norm_eps)


def check_image(image: tuple[int, ...], where: str) -> None:
    """Refuse what is no size of an image: height, width, colours."""
    sizes = len(image) == 3 and all(1 <= n <= MOST_PIXELS for n in image)
    contract = f"image must be height, width, colours, each 1..{MOST_PIXELS}"
    require(sizes, where, contract, image)
    contract = f"image must have at most {MOST_VALUES:,} values"
    require(math.prod(image) <= MOST_VALUES, where, contract, image)


@dataclass(frozen=True, kw_only=True)
class Network:
    """An Efficiera residual network: every convolution has 1-bit weights and 2-bit inputs.

    Fields  name: stands in the names of files and in tables
            image: height, width, colours of the uint8 input; classes: number of scores
            embedding: how a pixel reaches the first convolution
            stem: the convolutions before the stages; block: of what kind those of the stages are
            stages: groups of residual blocks; activation: the quantizer of every layer's input
            shared_scale: the one real value of a weight wherever residuals are added
            norm_eps: added to the variance of every norm
            weight_bits: 1 (weights -1, +1) or 2 (-3, -1, +1, +3)
            weight_scale: MEAN or LEARNED, of every convolution that feeds no residual
            norm: before every activation
    """

    name: str
    image: tuple[int, int, int]
    classes: int
    embedding: Embedding
    stem: tuple[StemConv, ...]
    block: Block
    stages: tuple[Stage, ...]
    activation: Activation = Activation()
    shared_scale: float = 1 / 32
    norm_eps: float = 1e-5
    weight_bits: int = 1
    weight_scale: WeightScale = WeightScale.MEAN
    norm: Norm = Norm.BATCH

    def __post_init__(self) -> None:
        where = f"Network {self.name!r}"
        check_ends(self, where)
        require(self.stem, where, "stem must hold at least one convolution", self.stem)
        check_range(len(self.stem), MOST_STEM, where, "the stem's convolutions")
        require(self.stages, where, "stages must hold at least one stage", self.stages)
        check_range(len(self.stages), MOST_STAGES, where, "the number of stages")
        norms = [conv.norm for conv in self.stem]
        last = norms == [True] * (len(norms) - 1) + [False]
        contract = "the last stem convolution, and no other, must have norm = false"
        require(last, where, contract, norms)
        power = 0 < self.shared_scale <= 1 and math.frexp(self.shared_scale)[0] == 0.5
        require(power, where, "shared_scale must be 1 / a power of two", self.shared_scale)
        require(self.weight_bits in (1, 2), where, "weight_bits must be 1 or 2", self.weight_bits)
        own = self.weight_scale is not WeightScale.SHARED
        require(own, where, "weight_scale must be mean or learned", self.weight_scale.value)
        check_range(self.embedded, MOST_CHANNELS, where, "channels after embedding")
        counts = [math.prod(layer.shape) for layer in convolutions(self)]
        check_range(max(counts), MOST_LAYER_WEIGHTS, where, "weights of one convolution")
        check_range(sum(counts), MOST_WEIGHTS, where, "weights of all convolutions")

    @property
    def embedded(self) -> int:
        """Channels after pixel embedding."""
        return self.image[2] * self.embedding.length


@dataclass(frozen=True, kw_only=True)
class ConvLayer:
    """One convolution: its place in the module tree, geometry, and scale and bits of its weights.

    ``real``: its weights are not quantized; only the first layer after a FLOAT embedding is so.
    """

    name: str
    cin: int
    cout: int
    kernel: int
    stride: int
    scale: WeightScale
    bits: int = 1
    real: bool = False

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of the latent weights: O, C, KH, KW, as torch stores them."""
        return (self.cout, self.cin, self.kernel, self.kernel)


@dataclass(frozen=True, kw_only=True)
class BlockLayers:
    """A residual block: norm and activation ``i`` feed ``convs[i]``; ``down`` replaces identity."""

    name: str
    convs: tuple[ConvLayer, ...]
    down: ConvLayer | None


def stem_layers(network: Network) -> tuple[ConvLayer, ...]:
    """Convolutions of the stem, first to last."""
    cin, out = network.embedded, []
    real = network.embedding.kind is EmbeddingKind.FLOAT
    for index, conv in enumerate(network.stem):
        out.append(
            ConvLayer(
                name=f"stem.{index}.conv",
                cin=cin,
                cout=conv.width,
                kernel=conv.kernel,
                stride=conv.stride,
                scale=network.weight_scale,
                bits=network.weight_bits,
                real=real and index == 0,
            )
        )
        cin = conv.width
    return tuple(out)


def blocks(network: Network) -> Iterator[BlockLayers]:
    """Residual blocks, first to last.

    A basic block's first block of every stage has a downsample convolution; a bottleneck's wherever
    the stride is not 1 or the channels change.
    """
    cin = network.stem[-1].width
    for number, stage in enumerate(network.stages):
        for index in range(stage.blocks):
            name, stride = f"stages.{number}.{index}", stage.stride if index == 0 else 1
            width, cout = stage.width, stage.width * network.block.expansion
            own, shared, bits = network.weight_scale, WeightScale.SHARED, network.weight_bits
            if network.block is Block.BASIC:
                plan = [(cin, width, 3, stride, own), (width, cout, 3, 1, shared)]
                has_down = index == 0
            else:
                plan = [
                    (cin, width, 1, 1, own),
                    (width, width, 3, stride, own),
                    (width, cout, 1, 1, shared),
                ]
                first = number == index == 0  # the stem's scale is not the shared one
                has_down = first or stride != 1 or cin != cout
            convs = tuple(
                ConvLayer(
                    name=f"{name}.convs.{i}", cin=c, cout=o, kernel=k, stride=s, scale=w, bits=bits
                )
                for i, (c, o, k, s, w) in enumerate(plan)
            )
            down = None
            if has_down:
                down = ConvLayer(
                    name=f"{name}.down",
                    cin=cin,
                    cout=cout,
                    kernel=1,
                    stride=stride,
                    scale=shared,
                    bits=bits,
                )
            yield BlockLayers(name=name, convs=convs, down=down)
            cin = cout


def tail_layer(network: Network) -> ConvLayer:
    """The 1x1 classifier."""
    cin = network.stages[-1].width * network.block.expansion
    return ConvLayer(
        name="tail.conv",
        cin=cin,
        cout=network.classes,
        kernel=1,
        stride=1,
        scale=network.weight_scale,
        bits=network.weight_bits,
    )


def convolutions(network: Network) -> Iterator[ConvLayer]:
    """Every convolution."""
    yield from stem_layers(network)
    for block in blocks(network):
        yield from block.convs
        if block.down:
            yield block.down
    yield tail_layer(network)


def weight_count(network: Network) -> int:
    """Quantized weights of all convolutions."""
    return sum(math.prod(layer.shape) for layer in convolutions(network) if not layer.real)


def array_shapes(network: Network) -> dict[str, tuple[int, ...]]:
    """Name and shape of every array that a checkpoint of ``network`` holds."""
    shapes: dict[str, tuple[int, ...]] = {}

    def conv(layer: ConvLayer) -> None:
        shapes[f"{layer.name}.weight"] = layer.shape
        if layer.scale is WeightScale.LEARNED and not layer.real:
            shapes[f"{layer.name}.level"] = (layer.cout,)

    def norm(name: str, act: str, channels: int) -> None:
        parts = ("weight", "bias", "running_mean", "running_var")
        for part in parts if network.norm is Norm.BATCH else ("bias",):
            shapes[f"{name}.{part}"] = (channels,)
        if network.activation.rule is not StepRule.FIXED:
            shapes[f"{act}.width"] = (1,)

    if network.embedding.kind is EmbeddingKind.LEARNED:
        tables = 1 if network.embedding.shared else network.image[2]
        shapes["embedding.table"] = (tables, 256, network.embedding.length)
    for index, layer in enumerate(stem_layers(network)):
        conv(layer)
        if network.stem[index].norm:
            norm(f"stem.{index}.norm", f"stem.{index}.act", layer.cout)
    for block in blocks(network):
        for index, layer in enumerate(block.convs):
            norm(f"{block.name}.norms.{index}", f"{block.name}.acts.{index}", layer.cin)
            conv(layer)
        if block.down:
            conv(block.down)
    tail = tail_layer(network)
    norm("tail.norm", "tail.act", tail.cin)
    conv(tail)
    return shapes


def ern(variant: str, classes: int = 1000, size: int = 256) -> Network:
    """A published ImageNet network: ``18-0.75x``, ``18``, ``34``, ``50`` or ``101``.

    The fourth stem convolution is the 1x1 of the released configuration, not the 3x3 of the paper's
    text. Source: Takahashi et al. 2024, table of networks and released configurations.
    """
    known = {
        "18-0.75x": (Block.BASIC, (2, 2, 2, 2), 384),
        "18": (Block.BASIC, (2, 2, 2, 2), 512),
        "34": (Block.BASIC, (3, 4, 6, 3), 512),
        "50": (Block.BOTTLENECK, (3, 4, 6, 3), 512),
        "101": (Block.BOTTLENECK, (3, 4, 23, 3), 512),
    }
    one_of(variant, known, "ern", f"variant must be one of {', '.join(known)}")
    block, counts, last = known[variant]
    stages = zip((64, 128, 256, last), counts, (1, 2, 2, 2), strict=True)
    return Network(
        name=f"ERNs{variant}",
        image=(size, size, 3),
        classes=classes,
        embedding=Embedding(kind=EmbeddingKind.THERMOMETER, length=10),
        stem=(
            StemConv(width=64, stride=2),
            StemConv(width=64),
            StemConv(width=64, stride=2),
            StemConv(width=64, kernel=1, norm=False),
        ),
        block=block,
        stages=tuple(Stage(width=w, blocks=n, stride=s) for w, n, s in stages),
    )
