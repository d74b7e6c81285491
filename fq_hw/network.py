"""The record of an Efficiera residual network, which a handful of numbers describes.

Source: Takahashi et al., Efficiera Residual Networks, 2024 (block layout, stem, scales);
Tokunaga et al., Pixel Embedding, 2024 (learned table).
"""

from __future__ import annotations

import enum
import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from fq_hw.errors import one_of, require
from fq_hw.layers import (
    IMAGE,
    MOST_CHANNELS,
    Activation,
    ConvLayer,
    Embedding,
    EmbeddingKind,
    Layer,
    Norm,
    NormLayer,
    Op,
    WeightScale,
    check_ends,
    check_eps,
    check_range,
    check_weights,
)

__all__ = [
    "Block",
    "BlockLayers",
    "Network",
    "Stage",
    "StemConv",
    "blocks",
    "convolutions",
    "ern",
    "stem_layers",
    "tail_layer",
]

MOST_BLOCKS = 256  # of a stage; the deepest published network has 23
MOST_STAGES = 16
MOST_STEM = 64


class Block(enum.Enum):
    """Pre-activation residual block."""

    BASIC = "basic"
    BOTTLENECK = "bottleneck"

    @property
    def expansion(self) -> int:
        """Output channels per unit of stage width."""
        return 4 if self is Block.BOTTLENECK else 1


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
        check_eps(self.norm_eps, where)
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
        check_weights([math.prod(layer.shape) for layer in convolutions(self)], where)

    @property
    def embedded(self) -> int:
        """Channels after pixel embedding."""
        return self.image[2] * self.embedding.length

    @functools.cached_property
    def layers(self) -> tuple[Layer, ...]:
        """All of them, as its torch modules compute them."""
        return tuple(expanded(self))


@dataclass(frozen=True, kw_only=True)
class BlockLayers:
    """A residual block: norm and activation ``i`` feed ``convs[i]``; ``down`` replaces identity."""

    name: str
    convs: tuple[ConvLayer, ...]
    down: ConvLayer | None


def conv_layer(
    network: Network,
    name: str,
    cin: int,
    cout: int,
    kernel: int,
    stride: int,
    scale: WeightScale | None = None,
    real: bool = False,
) -> ConvLayer:
    """A convolution with the weights that the record says; ``scale`` by default, too."""
    return ConvLayer(
        name=name,
        cin=cin,
        cout=cout,
        kernel=kernel,
        stride=stride,
        scale=scale or network.weight_scale,
        bits=network.weight_bits,
        real=real,
        shared_scale=network.shared_scale,
    )


def stem_layers(network: Network) -> tuple[ConvLayer, ...]:
    """Convolutions of the stem, first to last."""
    cin, out = network.embedded, []
    real = network.embedding.kind is EmbeddingKind.FLOAT
    for index, conv in enumerate(network.stem):
        name, first = f"stem.{index}.conv", real and index == 0
        size = conv.width, conv.kernel, conv.stride
        out.append(conv_layer(network, name, cin, *size, real=first))
        cin = conv.width
    return tuple(out)


def blocks(network: Network) -> Iterator[BlockLayers]:
    """Residual blocks, first to last.

    A basic block's first block of every stage has a downsample convolution; a bottleneck's wherever
    the stride is not 1 or the channels change.
    """
    cin, shared = network.stem[-1].width, WeightScale.SHARED
    for number, stage in enumerate(network.stages):
        for index in range(stage.blocks):
            name, stride = f"stages.{number}.{index}", stage.stride if index == 0 else 1
            width, cout = stage.width, stage.width * network.block.expansion
            if network.block is Block.BASIC:
                plan = [(cin, width, 3, stride), (width, cout, 3, 1, shared)]
                has_down = index == 0
            else:
                plan = [(cin, width, 1, 1), (width, width, 3, stride), (width, cout, 1, 1, shared)]
                first = number == index == 0  # the stem's scale is not the shared one
                has_down = first or stride != 1 or cin != cout
            convs = tuple(
                conv_layer(network, f"{name}.convs.{i}", *one) for i, one in enumerate(plan)
            )
            down = None
            if has_down:
                down = conv_layer(network, f"{name}.down", cin, cout, 1, stride, shared)
            yield BlockLayers(name=name, convs=convs, down=down)
            cin = cout


def tail_layer(network: Network) -> ConvLayer:
    """The 1x1 classifier."""
    cin = network.stages[-1].width * network.block.expansion
    return conv_layer(network, "tail.conv", cin, network.classes, 1, 1)


def convolutions(network: Network) -> Iterator[ConvLayer]:
    """Every convolution."""
    yield from stem_layers(network)
    for block in blocks(network):
        yield from block.convs
        if block.down:
            yield block.down
    yield tail_layer(network)


def expanded(network: Network) -> Iterator[Layer]:
    """The layers, first to last.

    An activation gives bare levels where a convolution with the shared scale reads it, so that the
    skip and the branch are integers in the same unit.
    """
    kind = NormLayer(kind=network.norm, eps=network.norm_eps)
    first, learned = network.embedding, network.embedding.kind is EmbeddingKind.LEARNED
    activation = network.activation if learned else Activation()

    def conv(layer: ConvLayer, x: str) -> Layer:
        return Layer(op=Op.CONV, name=layer.name, inputs=(x,), conv=layer)

    def quantized(norm: str, act: str, x: str, bare: bool = False) -> Iterator[Layer]:
        yield Layer(op=Op.NORM, name=norm, inputs=(x,), norm=kind)
        yield Layer(op=Op.ACT, name=act, inputs=(norm,), activation=network.activation, bare=bare)

    x = "embedding"
    yield Layer(op=Op.EMBED, name=x, inputs=(IMAGE,), embedding=first, activation=activation)
    for index, layer in enumerate(stem_layers(network)):
        yield conv(layer, x)
        x = layer.name
        if network.stem[index].norm:
            yield from quantized(f"stem.{index}.norm", f"stem.{index}.act", x)
            x = f"stem.{index}.act"
    for block in blocks(network):
        skip = x
        for index, layer in enumerate(block.convs):
            act = f"{block.name}.acts.{index}"
            bare = layer.scale is WeightScale.SHARED or (index == 0 and block.down is not None)
            yield from quantized(f"{block.name}.norms.{index}", act, x, bare)
            yield conv(layer, act)
            x = layer.name
        if block.down:
            yield conv(block.down, f"{block.name}.acts.0")
            skip = block.down.name
        yield Layer(op=Op.ADD, name=block.name, inputs=(x, skip))
        x = block.name
    yield from quantized("tail.norm", "tail.act", x)
    yield conv(tail_layer(network), "tail.act")
    yield Layer(op=Op.MEAN, name="tail", inputs=("tail.conv",))


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
