"""The integers inside a torch network: what export, golden model and hardware must reproduce."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn

from fq_hw.network import EmbeddingKind
from fq_hw.nn.channel_step import ChannelStepActivation
from fq_hw.nn.layers import BinaryConv2d, HalfWaveActivation, as_images
from fq_hw.nn.network import ErnNet, ResidualBlock

__all__ = ["trace"]


def input_step(model: ErnNet, conv: str) -> Tensor | float:
    """Real value of one level at the input of the convolution called ``conv``."""
    parent, _, last = conv.rpartition(".")
    if conv == "tail.conv":
        return model.tail.act.step
    if conv.startswith("stem."):
        index = int(conv.split(".")[1])
        return 1.0 if index == 0 else model.stem[index - 1].act.step
    if last == "down":
        return model.get_submodule(parent).acts[0].step
    return model.get_submodule(parent.removesuffix(".convs")).acts[int(last)].step


@torch.no_grad()
def trace(model: ErnNet, images: np.ndarray) -> dict[str, np.ndarray]:
    """Every integer tensor of ``model`` in evaluation mode, in float64, by module name.

    Runs the model's own forward on uint8 images N,H,W,C and divides each result by its unit;
    returns int64 arrays N,H,W,C. A result that is not an integer is an AssertionError. A channel
    whose latent weights are all 0 has the unit 0; nothing tells its sums, and it reads 0 here.
    """
    model = copy.deepcopy(model).double().eval()
    found: dict[str, np.ndarray] = {}

    def record(name: str, unit: Tensor | float) -> None:
        one = torch.as_tensor(unit, dtype=torch.float64)

        def hook(module: nn.Module, inputs: tuple, output: Tensor) -> None:
            real = (output / torch.where(one == 0, 1, one)).numpy().transpose(0, 2, 3, 1)
            whole = np.rint(real)
            assert np.abs(real - whole).max() < 1e-6, f"{name} is not an integer"
            found[name] = whole.astype(np.int64)

        model.get_submodule(name).register_forward_hook(hook)

    if model.record.embedding.kind is not EmbeddingKind.EXACT:  # there it passes the pixels on
        record("embedding", 1.0)
    for name, module in list(model.named_modules()):
        if isinstance(module, HalfWaveActivation | ChannelStepActivation):
            record(name, module.step)
        elif isinstance(module, BinaryConv2d):
            record(name, (module.scale() * input_step(model, name))[:, None, None])
        elif isinstance(module, ResidualBlock):
            record(name, model.record.shared_scale)
    model(as_images(images))
    return found
