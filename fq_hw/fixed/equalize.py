"""Move channel scales from layer to layer, so that one format fits all channels of a tensor.

A merged norm leaves channels of very different size, and a tensor has one step for all of them.
Source: Nagel et al., Data-free quantization through weight equalization and bias correction, 2019.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fq_hw.checkpoint import Checkpoint
from fq_hw.fixed.merge_norms import merge_norms
from fq_hw.float_network import FloatNetwork, FloatNode, Op, nodes

__all__ = ["equalize"]

ROUNDS = 20  # over all layers; powers of two settle within a few


def pairs(network: FloatNetwork) -> list[tuple[FloatNode, FloatNode]]:
    """Layers with a ReLU, each with the one weighted layer that reads it, through maxima or not."""
    found, readers = [], {}
    for node in nodes(network):
        for name in node.inputs:
            readers.setdefault(name, []).append(node)
    for node in nodes(network):
        if not (node.weighted and node.layer.relu):
            continue
        after = readers[node.name]
        while len(after) == 1 and after[0].op in (Op.MAX_POOL, Op.GLOBAL_MAX_POOL):
            after = readers[after[0].name]
        if len(after) == 1 and after[0].weighted:
            found.append((node, after[0]))
    return found


def equalize(checkpoint: Checkpoint) -> Checkpoint:
    """The same float function, bit for bit, of weights with evener channels.

    rewrite:  output channel c of a layer divided by s[c], the next layer's input channel c times it
    because:  ReLU and maxima commute with a positive factor; s is a power of two, so floats do, too
    with:     s near sqrt(r / q), r and q the largest merged weights that give and read the channel
    """
    arrays = {name: array.copy() for name, array in checkpoint.arrays.items()}
    network = checkpoint.network
    merged = merge_norms(checkpoint)
    largest = {name: layer.weight.copy() for name, layer in merged.items()}
    chosen = pairs(network)
    for _ in range(ROUNDS):
        for first, second in chosen:
            given = np.abs(largest[first.name]).max((1, 2, 3))
            read = np.abs(largest[second.name]).max((0, 2, 3))
            live = (given > 0) & (read > 0)
            ratio = np.where(live, given, 1) / np.where(live, read, 1)
            scale = np.exp2(np.rint(np.log2(ratio) / 2))
            largest[first.name] /= scale[:, None, None, None]
            largest[second.name] *= scale[:, None, None]
            small = scale.astype(np.float32)
            parts = (
                ("norm.weight", "norm.bias") if first.layer.norm else ("conv.weight", "conv.bias")
            )
            for part in parts:
                array = arrays[f"layers.{first.index}.{part}"]
                array /= small.reshape(-1, *(1,) * (array.ndim - 1))
            arrays[f"layers.{second.index}.conv.weight"] *= small[:, None, None]
    return replace(checkpoint, arrays=arrays)
