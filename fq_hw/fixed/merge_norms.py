"""A float checkpoint with every norm merged into its convolution: weights and biases remain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fq_hw.checkpoint import Checkpoint
from fq_hw.errors import ArtifactError, require
from fq_hw.float_network import FloatNetwork, nodes
from fq_hw.rounding import Moments

__all__ = ["Merged", "merge_norms"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Merged:
    """Real weights O,C,KH,KW and biases O, float64, that a layer has once its norm is merged.

    ``inputs`` tells what the weights multiply, where rounding is to heed it.
    """

    weight: np.ndarray
    bias: np.ndarray
    inputs: Moments | None = None


def merge_norms(checkpoint: Checkpoint) -> dict[str, Merged]:
    """Weights and biases by layer name.

    because  gain * (w*a - mean) / sqrt(var + eps) + beta = (g w)*a + (beta - g mean), where
             g = gain / sqrt(var + eps): a norm after a convolution is another convolution
    """
    network, arrays = checkpoint.network, checkpoint.arrays
    of_float = isinstance(network, FloatNetwork)
    contract = "must be of a float network (layers = [...]); this one is quantized already"
    require(of_float, f"checkpoint of {network.name!r}", contract, network.name, kind=ArtifactError)
    merged = {}
    for node in nodes(network):
        if not node.weighted:
            continue
        place = f"layers.{node.index}"
        weight = arrays[f"{place}.conv.weight"].astype(np.float64)
        if node.layer.norm:
            gain, beta, mean, var = (
                arrays[f"{place}.norm.{part}"].astype(np.float64)
                for part in ("weight", "bias", "running_mean", "running_var")
            )
            gain = gain / np.sqrt(var + network.norm_eps)
            weight, bias = weight * gain[:, None, None, None], beta - gain * mean
        else:
            bias = arrays[f"{place}.conv.bias"].astype(np.float64)
        merged[node.name] = Merged(weight=weight, bias=bias)
    return merged
