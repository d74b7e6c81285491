"""The torch network of a record; parameter names are those of its layers."""

from __future__ import annotations

from torch import Tensor, nn

from fq_hw.layers import WeightScale
from fq_hw.network import BlockLayers, Network, blocks, stem_layers, tail_layer
from fq_hw.nn.embeddings import TableStart, make_embedding
from fq_hw.nn.layers import make_activation, make_conv, make_norm

__all__ = ["ErnNet", "ResidualBlock"]


class StemStep(nn.Module):
    """Convolution, then norm and activation unless it is the stem's last."""

    def __init__(self, network: Network, index: int, ewgs_delta: float):
        super().__init__()
        layer = stem_layers(network)[index]
        self.conv = make_conv(layer)
        self.norm = self.act = None
        if network.stem[index].norm:
            self.norm = make_norm(network, layer.cout)
            self.act = make_activation(network.activation, False, ewgs_delta)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return x if self.norm is None else self.act(self.norm(x))


class ResidualBlock(nn.Module):
    """Pre-activation block, basic or bottleneck: norm, activation, convolution; repeated; skip.

    An activation gives bare levels where a convolution with the shared scale reads it, so that the
    skip and the branch are integers in the same unit.
    """

    def __init__(self, network: Network, block: BlockLayers, ewgs_delta: float):
        super().__init__()
        self.norms = nn.ModuleList(make_norm(network, c.cin) for c in block.convs)
        self.convs = nn.ModuleList(make_conv(c) for c in block.convs)
        bare = [c.scale is WeightScale.SHARED for c in block.convs]
        bare[0] = bare[0] or block.down is not None
        self.acts = nn.ModuleList(
            make_activation(network.activation, levels, ewgs_delta) for levels in bare
        )
        self.down = make_conv(block.down) if block.down else None

    def forward(self, trunk: Tensor) -> Tensor:
        first = x = self.acts[0](self.norms[0](trunk))
        for index, conv in enumerate(self.convs):
            if index:
                x = self.acts[index](self.norms[index](x))
            x = conv(x)
        return x + (trunk if self.down is None else self.down(first))


class Tail(nn.Module):
    """Norm, activation, binary 1x1 classifier, mean over the pixels: N,classes."""

    def __init__(self, network: Network, ewgs_delta: float):
        super().__init__()
        layer = tail_layer(network)
        self.norm = make_norm(network, layer.cin)
        self.act = make_activation(network.activation, False, ewgs_delta)
        self.conv = make_conv(layer)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.act(self.norm(x))).mean(dim=(2, 3))


class ErnNet(nn.Module):
    """Efficiera residual network: uint8 images N,H,W,C to logits N,classes.

    ``ewgs_delta`` scales gradients in every activation during training (0: plain straight-through);
    ``table`` says how a learned pixel embedding starts.
    """

    def __init__(
        self, network: Network, ewgs_delta: float = 0.0, table: TableStart = TableStart.THERMOMETER
    ):
        super().__init__()
        self.record = network
        self.embedding = make_embedding(network, table)
        self.stem = nn.Sequential(
            *(StemStep(network, i, ewgs_delta) for i in range(len(network.stem)))
        )
        stages: list[list[ResidualBlock]] = [[] for _ in network.stages]
        for block in blocks(network):
            stage = int(block.name.split(".")[1])
            stages[stage].append(ResidualBlock(network, block, ewgs_delta))
        self.stages = nn.Sequential(*(nn.Sequential(*stage) for stage in stages))
        self.tail = Tail(network, ewgs_delta)

    def forward(self, images: Tensor) -> Tensor:
        return self.tail(self.stages(self.stem(self.embedding(images))))
