"""Quantizers of ONNX graphs as thresholds on the integers before them.

A quantizer's codes grow with its input, so each is a count of levels. Levels are found in float64;
the reference computes in float32, so a sum on the very edge of a level may fall otherwise there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.values import Feature

__all__ = ["Steps", "integer_range", "quantizer_steps"]

TIE = 1e-6  # relative distance to an integer below which a level counts as that integer


@dataclass(frozen=True, kw_only=True, eq=False)
class Steps:
    """A quantizer: code = number of ``edges`` reached; value = scale * code + shift.

    edges       C or 1,T: real values, ascending
    exclusive   C or 1,T: the edge itself does not reach the upper code
    """

    edges: np.ndarray
    exclusive: np.ndarray
    scale: float
    shift: float

    @property
    def bits(self) -> int:
        """Width of a code."""
        return max(self.edges.shape[1].bit_length(), 1)

    def levels(self, x: Feature) -> tuple[np.ndarray, np.ndarray]:
        """Levels t (C,2**bits - 1) and signs s (C): code = number of t with s * x >= t."""
        shape = (x.channels, self.edges.shape[1])
        edges, open_ = (np.broadcast_to(a, shape) for a in (self.edges, self.exclusive))
        scale, shift = x.scale[:, None], x.shift[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (edges - shift) / np.abs(scale)
        near = np.rint(t)
        with np.errstate(invalid="ignore"):
            tied = np.abs(t - near) <= TIE * np.maximum(1, np.abs(near))
        t = np.where(tied, near + open_, t)
        reached = np.where(open_, shift > edges, shift >= edges)
        t = np.where(scale == 0, np.where(reached, -np.inf, np.inf), t)
        if x.floor is not None:  # what the Relu gives reaches these without any x
            floor = x.floor[:, None]
            always = np.where(open_, floor > edges, floor >= edges)
            t = np.where(always, -np.inf, t)
        if x.ceiling is not None:  # and no x reaches these
            ceiling = x.ceiling[:, None]
            never = np.where(open_, ceiling <= edges, ceiling < edges)
            t = np.where(never, np.inf, t)
        missing = 2**self.bits - 1 - t.shape[1]
        t = np.pad(t, ((0, 0), (0, missing)), constant_values=np.inf)
        return t, np.where(x.scale < 0, -1, 1).astype(np.int8)

    def codes(self, x: np.ndarray, feature: Feature) -> np.ndarray:
        """Codes of integers x (C,N) themselves."""
        levels, sign = self.levels(feature)
        return (sign[:, None, None] * x[:, :, None] >= levels[:, None]).sum(axis=2)


def integer_range(bits: float, signed: bool, narrow: bool, where: str) -> tuple[int, int]:
    """Lowest and highest integer of a Quant node."""
    whole = float(bits).is_integer() and 1 <= bits <= 8
    require(whole, where, "bit width must be a whole number in 1..8", bits, kind=GraphError)
    half = 2 ** (int(bits) - 1)
    return (-half + narrow, half - 1) if signed else (0, 2 * half - 1 - narrow)


def quantizer_steps(
    scale: np.ndarray, zero: np.ndarray, bits: float, attributes: dict, where: str
) -> Steps:
    """A Quant node on activations: one positive scale and one zero point for the tensor."""
    contract = "an activation needs one scale for the whole tensor (per-tensor quantization)"
    require(scale.size == 1 and zero.size == 1, where, contract, scale.shape, kind=GraphError)
    step, origin = float(scale.reshape(())), float(zero.reshape(()))
    require(step > 0, where, "scale must be positive", step, kind=GraphError)
    signed, narrow = bool(attributes.get("signed", 1)), bool(attributes.get("narrow", 0))
    if bits == 1 and signed:  # qonnx executes it as -1 or +1
        edge = np.array([[-origin * step]])
        shift = (-1 - origin) * step
        return Steps(edges=edge, exclusive=np.zeros((1, 1), bool), scale=2 * step, shift=shift)
    low, high = integer_range(bits, signed, narrow, where)
    require(high > low, where, "must have more than one code", (low, high), kind=GraphError)
    upper = np.arange(low + 1, high + 1)
    mode = attributes.get("rounding_mode", b"ROUND").decode().upper()
    below = {"ROUND": 0.5, "HALF_EVEN": 0.5, "FLOOR": 0.0, "CEIL": 1.0}
    contract = f"rounding_mode must be one of {sorted(below)}"
    require(mode in below, where, contract, mode, kind=GraphError)
    half_even = below[mode] == 0.5
    exclusive = upper % 2 == 1 if half_even else np.full(upper.shape, mode == "CEIL")
    edges = (upper - below[mode] - origin) * step
    return Steps(
        edges=edges[None], exclusive=exclusive[None], scale=step, shift=(low - origin) * step
    )
