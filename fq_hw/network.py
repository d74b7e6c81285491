"""The network record: plain data from which torch layers, arrays and the integer graph all follow.

Source: Takahashi et al., Efficiera Residual Networks, 2024 (block layout, stem, scales);
Tokunaga et al., Pixel Embedding, 2024 (learned table). The walk over the layers is written once,
in :func:`layers`, so that training, checkpoint and export cannot disagree about a name or a shape.
"""

from __future__ import annotations

import dataclasses
import enum
import math
import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fq_hw.errors import GraphError, one_of, require

__all__ = [
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
    "ern",
    "from_plain",
    "stem_layers",
    "tail_layer",
    "to_plain",
    "weight_count",
]


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

    ``shared``: a learned table serves all colours; otherwise each colour has its own.
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
    """One convolution of the stem; ``norm`` says that a norm and an activation follow it."""

    width: int
    kernel: int = 3
    stride: int = 1
    norm: bool = True

    def __post_init__(self) -> None:
        require(self.width >= 1, "StemConv", "width must be at least 1", self.width)
        require(self.kernel in (1, 3), "StemConv", "kernel must be 1 or 3", self.kernel)
        require(self.stride in (1, 2), "StemConv", "stride must be 1 or 2", self.stride)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """``blocks`` residual blocks; the first one has the stride and the 1x1 downsample."""

    width: int
    blocks: int
    stride: int = 2

    def __post_init__(self) -> None:
        require(self.width >= 1, "Stage", "width must be at least 1", self.width)
        require(self.blocks >= 1, "Stage", "blocks must be at least 1", self.blocks)
        require(self.stride in (1, 2), "Stage", "stride must be 1 or 2", self.stride)


@dataclass(frozen=True, kw_only=True)
class Activation:
    """Half-wave quantizer: level = round(clamp(x, 0, max_value) * steps / max_value).

    Where the ``rule`` is not FIXED each layer has its own maximum, and ``max_value`` serves a
    learned embedding alone.
    """

    bits: int = 2
    max_value: float = 2.0
    rule: StepRule = StepRule.FIXED

    def __post_init__(self) -> None:
        require(self.bits == 2, "Activation", "bits must be 2", self.bits)
        finite = 0 < self.max_value < math.inf
        require(finite, "Activation", "max_value must be positive and finite", self.max_value)

    @property
    def steps(self) -> int:
        """Highest level."""
        return 2**self.bits - 1

    @property
    def step(self) -> float:
        """Real value of one level, where the quantizer is followed by its scale."""
        return self.max_value / self.steps


def check_ends(record: typing.Any, where: str) -> None:
    """Check what the record of any network has: name, image, classes, norm_eps."""
    plain = re.fullmatch(r"\w[\w.+-]*", record.name)  # it names files and folders
    require(plain, where, "name must be letters, digits and _ . + -", record.name)
    sizes = len(record.image) == 3 and all(1 <= n <= 4096 for n in record.image)
    require(sizes, where, "image must be height, width, colours, each 1..4096", record.image)
    require(2 <= record.classes <= 65536, where, "classes must be in 2..65536", record.classes)
    require(record.norm_eps > 0, where, "norm_eps must be positive", record.norm_eps)


@dataclass(frozen=True, kw_only=True)
class Network:
    """An Efficiera residual network: every convolution has 1-bit weights and 2-bit inputs.

    Fields  image: height, width, colours of the uint8 input; classes: number of scores
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
        require(self.stages, where, "stages must hold at least one stage", self.stages)
        norms = [conv.norm for conv in self.stem]
        last = norms == [True] * (len(norms) - 1) + [False]
        contract = "the last stem convolution, and no other, must have norm = false"
        require(last, where, contract, norms)
        power = 0 < self.shared_scale <= 1 and math.frexp(self.shared_scale)[0] == 0.5
        require(power, where, "shared_scale must be 1 / a power of two", self.shared_scale)
        require(self.weight_bits in (1, 2), where, "weight_bits must be 1 or 2", self.weight_bits)
        own = self.weight_scale is not WeightScale.SHARED
        require(own, where, "weight_scale must be mean or learned", self.weight_scale.value)

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


def weight_count(network: Network) -> int:
    """Quantized weights of all convolutions."""
    convs = [*stem_layers(network), tail_layer(network)]
    for block in blocks(network):
        convs += [*block.convs, *([block.down] if block.down else [])]
    return sum(c.cout * c.cin * c.kernel**2 for c in convs if not c.real)


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


def to_plain(record: object) -> object:
    """A record as dicts, lists, strings and numbers, ready for JSON or TOML."""
    if dataclasses.is_dataclass(record):
        return {f.name: to_plain(getattr(record, f.name)) for f in dataclasses.fields(record)}
    if isinstance(record, enum.Enum):
        return record.value
    if isinstance(record, tuple):
        return [to_plain(item) for item in record]
    return record


KINDS = {"int": "an integer", "float": "a number", "str": "a string", "bool": "true or false",
         "dict": "a table", "ndarray": "an array"}  # fmt: skip


def known_keys(kind: typing.Any, plain: object) -> int:
    """How many keys of a table are fields of ``kind``: of several records the best fit is meant."""
    if not dataclasses.is_dataclass(kind) or not isinstance(plain, Mapping):
        return 0
    return len({f.name for f in dataclasses.fields(kind)} & set(plain))


def from_plain(kind: typing.Any, plain: object, where: str) -> typing.Any:
    """Inverse of :func:`to_plain`: build ``kind`` from plain data, refusing what does not fit.

    Raises GraphError with the path of the field, for a missing, unknown or mistyped one.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        require(isinstance(plain, Mapping), where, "must be a table", plain, kind=GraphError)
        fields = {f.name: f for f in dataclasses.fields(kind)}
        for key in sorted(set(plain) - set(fields), key=str):
            one_of(key, fields, where, f"the keys are {', '.join(sorted(fields))}", kind=GraphError)
        needed = [
            n
            for n, f in fields.items()
            if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        ]
        missing = [n for n in needed if n not in plain]
        contract = f"lacks the keys {', '.join(missing)}"
        require(not missing, where, contract, sorted(plain), kind=GraphError)
        hints = typing.get_type_hints(kind)
        return kind(**{n: from_plain(hints[n], plain[n], f"{where}.{n}") for n in plain})
    if origin is tuple:
        require(isinstance(plain, list | tuple), where, "must be a list", plain, kind=GraphError)
        if arguments[-1] is Ellipsis:
            arguments = (arguments[0],) * len(plain)
        long = len(plain) == len(arguments)
        require(long, where, f"must have {len(arguments)} entries", plain, kind=GraphError)
        pairs = enumerate(zip(arguments, plain, strict=True))
        return tuple(from_plain(a, p, f"{where}[{i}]") for i, (a, p) in pairs)
    if origin is types.UnionType:
        if plain is None and type(None) in arguments:
            return None
        kinds = [a for a in arguments if a is not type(None)]
        return from_plain(max(kinds, key=lambda k: known_keys(k, plain)), plain, where)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        one_of(plain, [member.value for member in kind], where, kind=GraphError)
        return kind(plain)
    if kind is float and isinstance(plain, int) and not isinstance(plain, bool):
        plain = float(plain)
    fits = isinstance(plain, kind) and (kind is bool or not isinstance(plain, bool))
    require(fits, where, f"must be {KINDS[kind.__name__]}", plain, kind=GraphError)
    finite = kind is not float or math.isfinite(plain)
    require(finite, where, "must be a finite number", plain, kind=GraphError)
    return plain
