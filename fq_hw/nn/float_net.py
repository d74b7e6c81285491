"""The torch network of a float record; parameter names are those of its ``array_shapes``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fq_hw.float_network import IMAGE, FloatNetwork, FloatNode, Op, nodes
from fq_hw.nn.layers import as_images

__all__ = ["FloatNet", "Observed", "loaded", "observe"]


class Step(nn.Module):
    """One layer: N,C,H,W of its inputs to N,C,H,W."""

    def __init__(self, node: FloatNode, norm_eps: float):
        super().__init__()
        self.node = node
        self.conv = self.norm = None
        if node.weighted:
            width, cin = node.weight_shape[:2]
            self.conv = nn.Conv2d(
                cin,
                width,
                node.kernel,
                stride=node.layer.steps,
                padding=node.pad,
                bias=not node.layer.norm,
            )
            if node.layer.norm:
                self.norm = nn.BatchNorm2d(width, eps=norm_eps)

    def forward(self, *inputs: Tensor) -> Tensor:
        node, x = self.node, inputs[0]
        if self.conv is not None:
            x = self.conv(x)
        elif node.op is Op.ADD:
            x = torch.stack(inputs).sum(0)
        elif node.op is Op.CONCAT:
            x = torch.cat(inputs, dim=1)
        elif node.op is Op.AVERAGE_POOL:
            x = F.avg_pool2d(x, node.kernel, node.layer.steps)
        elif node.op is Op.MAX_POOL:
            x = F.max_pool2d(x, node.kernel, node.layer.steps)
        else:
            x = x.amax((2, 3), keepdim=True)
        if self.norm is not None:
            x = self.norm(x)
        return x.relu() if node.layer.relu else x


class FloatNet(nn.Module):
    """A float network: uint8 images N,H,W,C to logits N,classes."""

    def __init__(self, network: FloatNetwork):
        super().__init__()
        self.record = network
        self.layers = nn.ModuleList(Step(node, network.norm_eps) for node in nodes(network))

    def forward(self, images: Tensor, see=lambda name, x: None) -> Tensor:
        x = images.permute(0, 3, 1, 2).float() / 256
        values = {IMAGE: x.contiguous(memory_format=torch.channels_last)}
        see(IMAGE, values[IMAGE])
        for step in self.layers:
            values[step.node.name] = step(*(values[name] for name in step.node.inputs))
            see(step.node.name, values[step.node.name])
        return values[self.layers[-1].node.name].flatten(1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Observed:
    """What a float network does: logits N,classes; largest |x| of the image and of every layer."""

    logits: np.ndarray
    largest: Mapping[str, float]


def loaded(network: FloatNetwork, arrays: Mapping[str, np.ndarray]) -> FloatNet:
    """The network of a checkpoint, to be run."""
    model = FloatNet(network).eval()
    counts = {k: v for k, v in model.state_dict().items() if k not in arrays}
    model.load_state_dict({k: torch.from_numpy(v) for k, v in arrays.items()} | counts)
    return model.to(memory_format=torch.channels_last)


@torch.no_grad()
def observe(
    network: FloatNetwork, arrays: Mapping[str, np.ndarray], images: np.ndarray, batch: int = 500
) -> Observed:
    """Run the float network of a checkpoint's ``arrays`` on uint8 images N,H,W,C."""
    model = loaded(network, arrays)
    largest: dict[str, float] = {}

    def see(name: str, x: Tensor) -> None:
        largest[name] = max(largest.get(name, 0.0), float(x.abs().max()))

    parts = [images[start : start + batch] for start in range(0, len(images), batch)]
    logits = [model(as_images(part), see).numpy() for part in parts]
    return Observed(logits=np.concatenate(logits), largest=largest)
