"""The network as formulas, for whatever computes real numbers.

Source: Takahashi et al. 2024, Efficiera Residual Networks: pre-activation blocks; sign(w) by the
mean |w| of a channel, or by a constant before a residual sum; Q(x) = round(clamp(x, 0, 2) 3/2),
whose value is 2/3 of it unless the next convolution feeds a sum; classifier before the mean.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping

import numpy as np

__all__ = ["Maker", "network", "tensors_of"]

TOP, LEVELS = 2.0, 3  # of an activation: its largest value, and the levels above 0
EARLY = 1e-4  # a pixel on the edge of a code belongs to the lower one


class Maker(ABC):
    """What makes tensors N,H,W,C of real numbers; ``name`` is asked for later."""

    @abstractmethod
    def lookup(self, tables: np.ndarray):
        """The pixels by ``tables``: colours or 1, 256, length."""

    @abstractmethod
    def conv(self, x, weight: np.ndarray, scale: np.ndarray, stride: int):
        """With sign(weight) times ``scale`` of its output channel; zeros around it."""

    @abstractmethod
    def affine(self, x, gain: np.ndarray, offset: np.ndarray):
        """gain x + offset, by the channel."""

    @abstractmethod
    def level(self, x, name: str):
        """Q(x), an integer of 0..3."""

    @abstractmethod
    def times(self, x, factor: float): ...

    @abstractmethod
    def add(self, a, b, name: str): ...

    @abstractmethod
    def mean(self, x, name: str):
        """Over all pixels: N,C."""


def network(record: Mapping, arrays: Mapping[str, np.ndarray], make: Maker) -> None:
    """Make every tensor of the network that ``record`` describes, with weights of ``arrays``."""
    shared = record.get("shared_scale", 1 / 32)
    eps = record.get("norm_eps", 1e-5)

    def conv(x, name: str, stride: int = 1, *, sums: bool = False):
        weight = arrays[f"{name}.weight"].astype(np.float64)
        scale = np.full(len(weight), shared) if sums else np.abs(weight).mean((1, 2, 3))
        return make.conv(x, weight, scale, stride)

    def quantized(x, norm: str, act: str, *, bare: bool = False):
        gamma, beta, mean, var = (
            arrays[f"{norm}.{name}"].astype(np.float64)
            for name in ("weight", "bias", "running_mean", "running_var")
        )
        gain = gamma / np.sqrt(var + eps)
        level = make.level(make.affine(x, gain, beta - mean * gain), act)
        return level if bare else make.times(level, TOP / LEVELS)

    def block(x, name: str, stride: int, down: bool, strides: list[int]):
        for index, step in enumerate(strides):
            sums = index == len(strides) - 1
            bare = sums or (index == 0 and down)
            level = quantized(x, f"{name}.norms.{index}", f"{name}.acts.{index}", bare=bare)
            if index == 0:
                skip = conv(level, f"{name}.down", stride, sums=True) if down else x
            x = conv(level, f"{name}.convs.{index}", step, sums=sums)
        return make.add(x, skip, name)

    x = make.lookup(tables_of(record["embedding"], arrays))
    for index, layer in enumerate(record["stem"]):
        x = conv(x, f"stem.{index}.conv", layer.get("stride", 1))
        if layer.get("norm", True):
            x = quantized(x, f"stem.{index}.norm", f"stem.{index}.act")
    channels = record["stem"][-1]["width"]
    basic = record["block"] == "basic"
    for number, stage in enumerate(record["stages"]):
        out = stage["width"] * (1 if basic else 4)
        for index in range(stage["blocks"]):
            stride = stage["stride"] if index == 0 else 1
            down = index == 0 if basic else stride != 1 or channels != out
            strides = [stride, 1] if basic else [1, stride, 1]
            x = block(x, f"stages.{number}.{index}", stride, down, strides)
            channels = out
    x = conv(quantized(x, "tail.norm", "tail.act"), "tail.conv")
    make.mean(x, "scores")


def tables_of(embedding: Mapping, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Codes of every pixel value: colours or 1, 256, length."""
    if embedding["kind"] == "learned":
        table = arrays["embedding.table"]
        return np.floor(np.clip(table, 0, TOP) * np.float32(LEVELS / TOP) + np.float32(0.5))
    assert embedding["kind"] == "thermometer", embedding
    length = embedding["length"]
    step = max(1, 255 // (LEVELS * length))
    place = 1 - (np.arange(length) + 1) / length
    value = np.arange(256)[:, None] / (step * length) + place - EARLY
    return np.clip(np.floor(value), 0, LEVELS)[None]


def tensors_of(graph) -> Iterator[tuple[str, float]]:
    """What can be compared exactly: activations and residual sums, with what one is worth."""
    for op in graph.ops:
        kind = type(op).__name__
        if kind == "Threshold":
            yield op.name, 1.0
        elif kind == "Add":
            yield op.name, 1 / 32
