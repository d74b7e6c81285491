"""The parts of which a network of one's own is built; torch's norms, pools and glue go between.

``fq_hw.nn.tracing`` finds them in any module. Feature maps are N,C,H,W, images uint8 N,H,W,C.
"""

from __future__ import annotations

from torch import Tensor, nn

from fq_hw.layers import Activation, ConvLayer, Embedding, EmbeddingKind, StepRule, WeightScale
from fq_hw.nn.embeddings import TableStart, embedding_of
from fq_hw.nn.layers import Bias, BinaryConv2d, make_activation

__all__ = ["Bias", "BinaryLinear", "activation", "conv2d", "linear", "pixel_embedding"]


class BinaryLinear(BinaryConv2d):
    """The same for vectors N,C: to N,O."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x[:, :, None, None]).flatten(1)


def conv2d(
    cin: int,
    cout: int,
    kernel: int,
    stride: int = 1,
    *,
    padding: int | None = None,
    groups: int = 1,
    bits: int = 1,
    scale: str | WeightScale = WeightScale.MEAN,
    shared_scale: float = 1 / 32,
) -> BinaryConv2d:
    """A convolution whose weights are -1, +1, or of two ``bits`` -3, -1, +1, +3.

    ``padding`` is half a kernel where it is None. ``scale``, of a weight: "mean" of |w|, "learned",
    or "shared", the constant ``shared_scale``, wherever its result is added to another.
    Raises ParameterError for what no such layer has.
    """
    layer = ConvLayer(
        name="conv2d", cin=cin, cout=cout, kernel=kernel, stride=stride, padding=padding,
        groups=groups, bits=bits, scale=WeightScale(scale), shared_scale=shared_scale,
    )  # fmt: skip
    return BinaryConv2d(layer)


def linear(
    features: int, classes: int, *, bits: int = 1, scale: str | WeightScale = WeightScale.MEAN
) -> BinaryLinear:
    """The same weights between vectors N,features and N,classes, as behind ``flatten``."""
    layer = ConvLayer(
        name="linear", cin=features, cout=classes, kernel=1, stride=1, bits=bits,
        scale=WeightScale(scale),
    )  # fmt: skip
    return BinaryLinear(layer)


def activation(
    max_value: float = 2.0,
    *,
    rule: str | StepRule = StepRule.FIXED,
    levels: bool = False,
    ewgs_delta: float = 0.01,
) -> nn.Module:
    """The quantizer that convolutions read: four levels in 0..``max_value``; it has its own ReLU.

    ``rule`` "layer", "normalized" or "robust" fits ``max_value`` to what it gets (arithmetic in
    ``fq_hw.nn.channel_step``). ``levels``: 0..3 come out instead of real values, as a convolution
    of scale "shared" wants them. ``ewgs_delta`` scales gradients in training.
    """
    record = Activation(max_value=max_value, rule=StepRule(rule))
    return make_activation(record, levels, ewgs_delta)


def pixel_embedding(
    colours: int = 3,
    length: int = 10,
    *,
    kind: str | EmbeddingKind = EmbeddingKind.LEARNED,
    shared: bool = True,
    start: TableStart = TableStart.THERMOMETER,
) -> nn.Module:
    """What the first convolution sees: uint8 N,H,W,colours to levels N,colours*length,H,W.

    Raises ParameterError for a length that the ``kind`` does not have.
    """
    record = Embedding(kind=EmbeddingKind(kind), length=length, shared=shared)
    return embedding_of(record, colours, Activation(), start)
