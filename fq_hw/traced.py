"""Any other quantized network: a torch module, and its layers as they were found in it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from fq_hw.errors import require
from fq_hw.layers import Layer, WeightScale, check_ends, check_range, check_weights, shapes

__all__ = ["TorchModule", "TracedNetwork"]

MOST_LAYERS = 10_000


@dataclass(frozen=True, kw_only=True)
class TracedNetwork:
    """A network of any layers.

    Fields  name: stands in the names of files and in tables
            image: height, width, colours of the uint8 input; classes: number of scores
            layers: in the order in which they are computed
    """

    name: str
    image: tuple[int, int, int]
    classes: int
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        where = f"network {self.name!r}"
        check_ends(self, where)
        check_range(len(self.layers), MOST_LAYERS, where, "the number of layers")
        shapes(self)
        convs = [layer.conv for layer in self.layers if layer.conv is not None]
        require(convs, where, "must have a convolution", len(self.layers))
        check_weights([math.prod(conv.shape) for conv in convs], where)

    @property
    def weight_scale(self) -> WeightScale:
        """LEARNED where no convolution takes its scale from the mean of its weights."""
        scales = {layer.conv.scale for layer in self.layers if layer.conv is not None}
        return WeightScale.MEAN if WeightScale.MEAN in scales else WeightScale.LEARNED


@dataclass(frozen=True, kw_only=True)
class TorchModule:
    """What a configuration says of a network that is written in torch.

    Fields  name, image, classes: as in every network
            module: FILE.py:NAME, seen from the configuration, or PACKAGE.MODULE:NAME; NAME is a
            class or a function that gives an ``nn.Module``
            arguments: to call it with
    """

    name: str
    image: tuple[int, int, int]
    classes: int
    module: str
    arguments: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"network {self.name!r}"
        check_ends(self, where)
        file, colon, name = self.module.rpartition(":")
        fits = bool(file and colon and name.isidentifier())
        contract = "module must be FILE.py:NAME or PACKAGE.MODULE:NAME"
        require(fits, where, contract, self.module)
