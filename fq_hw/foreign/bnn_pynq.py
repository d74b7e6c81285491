"""Xilinx's CNV of BNN-PYNQ with 1-bit weights and activations -1, 0, +1: the graph of its weights.

Six valid 3x3 convolutions, max pools behind the second and fourth, three dense layers. Source:
Umuroglu et al. 2017, FINN; the released parameters' layout as ../shared/peers.md describes it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fq_hw.foreign.packed import array, signs
from fq_hw.ir import Graph
from fq_hw.passes import lower_graph

__all__ = ["KEY", "cnv"]

KEY = "l0.w_packed"
IMAGE = (32, 32, 3)
CLASSES = 10  # the last layer has 64 rows, the rest of them unused
CONVS, LAYERS = 6, 9
POOLED = (1, 3)  # layers with a max pool behind them
MIDDLE = 128  # of the first layer's codes: what stands for 0


def pixel_table() -> np.ndarray:
    """A byte as a code 0..255: 128 more than the signed fixed-point pixel of the model."""
    signed = np.clip(np.rint((np.arange(256) / 127.5 - 1) * 128), -128, 127)
    return (signed + MIDDLE).astype(np.uint8)[None, :, None]


def levels(sums: np.ndarray, thresholds: np.ndarray, zero: int, gain: int) -> np.ndarray:
    """Levels on sums x of codes: gain * (x - zero * sum(w)) > threshold.

    The fourth code never comes.
    """
    real = (thresholds + 1) / gain + zero * sums[:, None]
    return np.pad(real, ((0, 0), (0, 1)), constant_values=np.inf)


def cnv(arrays: Mapping[str, np.ndarray]) -> Graph:
    """The network, ready for golden model and hardware: codes 0, 1, 2 stand for -1, 0, +1."""
    nodes: list[dict[str, object]] = []

    def add(op: str, name: str, **fields: object) -> None:
        inputs = [nodes[-1]["name"]] if nodes else []
        nodes.append({"op": op, "name": name, "inputs": inputs, **fields})

    add("input", "pixels", shape=list(IMAGE))
    add("embed", "signed", table=pixel_table(), out_bits=8)
    for index in range(LAYERS):
        rows, synapses = (int(n) for n in array(arrays, f"l{index}.shape"))
        kernel = 3 if index < CONVS else 1
        shape = (rows, kernel, kernel, synapses // kernel**2)
        weight = signs(array(arrays, f"l{index}.w_packed"), shape)
        last = index == LAYERS - 1
        if last:
            weight = weight[:CLASSES]
        sums = weight.sum(axis=(1, 2, 3), dtype=np.int64)
        add("conv", f"l{index}", weight=weight, stride=1, padding=0, scale=None)
        if last:
            add("bias", f"l{index}.bias", bias=-sums)
            break
        zero, gain = (MIDDLE, 2) if index == 0 else (1, 1)
        found = levels(sums, array(arrays, f"l{index}.thr"), zero, gain)
        sign = np.ones(rows, np.int8)
        add("threshold", f"l{index}.act", levels=found, sign=sign, out_bits=2)
        if index in POOLED:
            add("max_pool", f"l{index}.pool", kernel=[2, 2])
    add("pixel_sum", "sum")
    add("class_scale", "scores", multiplier=np.ones(CLASSES, np.int64))
    add("argmax", "label")
    return lower_graph(Graph.from_nodes("cnv-w1a2", nodes))
