"""Xilinx's CNV of BNN-PYNQ with 1-bit weights: the graph of its weights.

Six valid 3x3 convolutions, max pools behind the second and fourth, three dense layers. Activations
have one threshold a row, for -1 and +1 (W1A1), or two, for -1, 0 and +1 (W1A2). Source: Umuroglu et
al. 2017, FINN; the released parameters' layout as ../shared/peers.md describes it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fq_hw.errors import ArtifactError, require
from fq_hw.exact import FAR
from fq_hw.foreign.packed import array, signs
from fq_hw.ir import Graph
from fq_hw.passes import lower_graph

__all__ = ["KEY", "cnv"]

KEY = "l0.w_packed"
IMAGE = (32, 32, 3)
CLASSES = 10  # the last layer may have more rows, which are unused
CONVS, LAYERS = 6, 9
POOLED = (1, 3)  # layers with a max pool behind them
FURTHEST = 2**31  # of a threshold: what is added to it must not wrap
MIDDLE = 128  # of the first layer's codes: what stands for 0


def pixel_table() -> np.ndarray:
    """A byte as a code 0..255: 128 more than the signed fixed-point pixel of the model."""
    signed = np.clip(np.rint((np.arange(256) / 127.5 - 1) * 128), -128, 127)
    return (signed + MIDDLE).astype(np.uint8)[None, :, None]


def layer_shape(arrays: Mapping[str, np.ndarray], index: int, depth: int) -> tuple[int, int]:
    """Rows of a layer, and its kernel, where it reads ``depth`` channels."""
    name, kernel = f"l{index}.shape", 3 if index < CONVS else 1
    found, synapses = array(arrays, name), depth * kernel**2
    fits = found.shape == (2,) and np.issubdtype(found.dtype, np.integer)
    fits = fits and found[0] >= (CLASSES if index == LAYERS - 1 else 1) and found[1] == synapses
    contract = f"{name} must be the number of rows and {synapses} synapses"
    require(fits, "packed model", contract, found.tolist(), kind=ArtifactError)
    return int(found[0]), kernel


def thresholds(arrays: Mapping[str, np.ndarray], index: int, rows: int) -> np.ndarray:
    """A layer's thresholds, rows by one or two, ascending; all layers have as many."""
    name = f"l{index}.thr"
    found, first = array(arrays, name), array(arrays, "l0.thr")
    fits = found.ndim == 2 and len(found) == rows and np.issubdtype(found.dtype, np.integer)
    fits = fits and found.shape[1] in (1, 2) and found.shape[1:] == first.shape[1:]
    contract = f"{name} must hold 1 (W1A1) or 2 (W1A2) integers for each of {rows} rows"
    hint = "other widths, as W2A2, are not supported"
    got = f"{found.dtype} {found.shape}"
    require(fits, "packed model", contract, got, hint=hint, kind=ArtifactError)
    ends = int(found.min(initial=0)), int(found.max(initial=0))
    fits = ends[0] >= -FURTHEST and ends[1] < FURTHEST
    contract = f"{name} must be of 32 bits, signed"
    require(fits, "packed model", contract, ends, kind=ArtifactError)
    rises = (found[:, 1:] >= found[:, :-1]).all()
    require(rises, "packed model", f"{name} must ascend in every row", kind=ArtifactError)
    return found.astype(np.int64)


def levels(weight: np.ndarray, found: np.ndarray, index: int) -> np.ndarray:
    """Levels on sums x of codes; what the model compares with its thresholds is of values.

    The first layer's pixels are code - 128, in halves of a threshold's unit. Codes 0, 1, 2 are the
    values -1, 0, +1. Codes 0, 1 are -1, +1, and there the model counts the products that are +1.
    """
    sums = weight.sum(axis=(1, 2, 3), dtype=np.int64)[:, None]
    if index == 0:
        return -(-(found + 1) // 2) + MIDDLE * sums  # 2 * (x - 128 * sum) > threshold
    if found.shape[1] == 2:
        return found + 1 + sums  # x - sum > threshold
    return found + 1 - (weight[0].size - sums) // 2  # x + (count of -1) > threshold


def cnv(arrays: Mapping[str, np.ndarray]) -> Graph:
    """The network, ready for golden model and hardware."""
    nodes: list[dict[str, object]] = []

    def add(op: str, name: str, **fields: object) -> None:
        inputs = [nodes[-1]["name"]] if nodes else []
        nodes.append({"op": op, "name": name, "inputs": inputs, **fields})

    add("input", "pixels", shape=list(IMAGE))
    add("embed", "signed", table=pixel_table(), out_bits=8)
    depth = IMAGE[2]
    for index in range(LAYERS):
        rows, kernel = layer_shape(arrays, index, depth)
        weight = signs(array(arrays, f"l{index}.w_packed"), (rows, kernel, kernel, depth))
        depth = rows
        if index == LAYERS - 1:
            break
        add("conv", f"l{index}", weight=weight, stride=1, padding=0, scale=None)
        found = thresholds(arrays, index, rows)
        bits = found.shape[1]
        real = np.pad(levels(weight, found, index), ((0, 0), (0, bits - 1)), constant_values=FAR)
        add("threshold", f"l{index}.act", levels=real, sign=np.ones(rows, np.int8), out_bits=bits)
        if index in POOLED:
            add("max_pool", f"l{index}.pool", kernel=[2, 2])
    last = weight[:CLASSES]
    sums = last.sum(axis=(1, 2, 3), dtype=np.int64)
    add("conv", f"l{index}", weight=last, stride=1, padding=0, scale=None)
    # A sum of values is x - sum, or 2 * x - sum where the codes 0, 1 are -1, +1.
    if bits == 2:
        add("bias", f"l{index}.bias", bias=-sums)
    add("pixel_sum", "sum")
    scores = {} if bits == 2 else {"bias": sums.max() - sums}
    add("class_scale", "scores", multiplier=np.full(CLASSES, 3 - bits), **scores)
    add("argmax", "label")
    return lower_graph(Graph.from_nodes(f"cnv-w1a{bits}", nodes))
