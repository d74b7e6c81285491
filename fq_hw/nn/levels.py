"""The integers inside a torch network: what export, golden model and hardware must reproduce."""

from __future__ import annotations

import copy
import math

import numpy as np
import torch
from torch import Tensor, nn

from fq_hw.layers import IMAGE, EmbeddingKind, Layered, Op, WeightScale, shapes
from fq_hw.nn.layers import as_images

__all__ = ["trace"]

Unit = Tensor | float
INTEGER = (Op.EMBED, Op.CONV, Op.ACT, Op.ADD)  # what modules give as integers times a unit


def units_of(model: nn.Module, network: Layered) -> dict[str, Unit]:
    """Real value of one unit of what each layer makes: one number, or C,1,1."""
    units: dict[str, Unit] = {IMAGE: 1.0}
    made = shapes(network)
    for layer in network.layers:
        before = [units[name] for name in layer.inputs]
        found: Unit = before[0]
        if layer.op is Op.CONV:
            module = model.get_submodule(layer.name)
            shared = layer.conv.scale is WeightScale.SHARED
            own = layer.conv.shared_scale if shared else module.scale()[:, None, None]
            found = own * found
        elif layer.op is Op.ACT:
            found = model.get_submodule(layer.name).step
        elif layer.op is Op.AVERAGE_POOL:
            found = found / math.prod(layer.pool.kernel)
        elif layer.op is Op.MEAN:
            found = found / math.prod(made[layer.inputs[0]][:2])
        elif layer.op is Op.CONCAT:
            found = before[0] if all(one == before[0] for one in before) else 0.0
        units[layer.name] = found
    return units


@torch.no_grad()
def trace(model: nn.Module, network: Layered, images: np.ndarray) -> dict[str, np.ndarray]:
    """Integer tensors of ``model`` in evaluation mode, in float64, by the module that makes them.

    Runs the model's own forward on uint8 images N,H,W,C and divides each result by its unit;
    returns int64 arrays N,H,W,C. A result that is not an integer is an AssertionError. A channel
    whose latent weights are all 0 has the unit 0; nothing tells its sums, and it reads 0 here.
    """
    model = copy.deepcopy(model).double().eval()
    modules, units = dict(model.named_modules()), units_of(model, network)
    found: dict[str, np.ndarray] = {}

    def record(name: str, unit: Unit) -> None:
        one = torch.as_tensor(unit, dtype=torch.float64)

        def hook(module: nn.Module, inputs: tuple, output: Tensor) -> None:
            output = output if output.ndim == 4 else output[:, :, None, None]
            real = (output / torch.where(one == 0, 1, one)).numpy().transpose(0, 2, 3, 1)
            whole = np.rint(real)
            assert np.abs(real - whole).max() < 1e-6, f"{name} is not an integer"
            found[name] = whole.astype(np.int64)

        modules[name].register_forward_hook(hook)

    for layer in network.layers:
        # An exact embedding passes the pixels on; sums of two units have another one.
        exact = layer.embedding is not None and layer.embedding.kind is EmbeddingKind.EXACT
        alike = layer.op is not Op.ADD or len({units[name] for name in layer.inputs}) == 1
        if layer.op in INTEGER and layer.name in modules and alike and not exact:
            record(layer.name, units[layer.name])
    model(as_images(images))
    return found
