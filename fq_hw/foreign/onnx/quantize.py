"""Quantizers of ONNX graphs as thresholds on the integers before them.

A quantizer's codes grow with its input, so each is a count of edges. Sums are compared with exact
edges; weights and pixels, of which each has one value, get the code that the reference's float32
gives them. Rounding modes as in qonnx.custom_op.general.intquant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from qonnx.custom_op.general.intquant import resolve_rounding_mode

from fq_hw.errors import GraphError, require
from fq_hw.exact import FAR, ceilings, exact
from fq_hw.foreign.onnx.values import Feature
from fq_hw.foreign.onnx.weights import broadcasts

__all__ = ["MOST_BITS", "ROUNDING", "Quantizer", "Steps"]

MOST_BITS = 8  # of activations, and of weights where they are used
MOST_CONSTANT_BITS = 32  # of a bias
HALF = Fraction(1, 2)
# For the code u of the rounded y: the distance b below u from which on y becomes u or more, and
# whether u - b itself does not, for codes above 0 and for the others.
ROUNDING = {
    "ROUND": ((HALF, None), (HALF, None)),  # None: the even one of the two codes has the edge
    "HALF_EVEN": ((HALF, None), (HALF, None)),
    "FLOOR": ((0, False), (0, False)),
    "CEIL": ((1, True), (1, True)),
    "UP": ((1, True), (0, False)),
    "DOWN": ((0, False), (1, True)),
    "HALF_UP": ((HALF, False), (HALF, True)),
    "HALF_DOWN": ((HALF, True), (HALF, False)),
}


@dataclass(frozen=True, kw_only=True)
class Steps:
    """A quantizer: code = number of ``edges`` reached; value = scale * code + shift.

    edges       C or 1,T: fractions, ascending
    exclusive   C or 1,T: the edge itself does not reach the upper code
    scale, shift   fractions: one each, or C
    reference   codes of float32 values C,N as the reference computes them
    """

    edges: np.ndarray
    exclusive: np.ndarray
    scale: Fraction | np.ndarray
    shift: Fraction | np.ndarray
    reference: Callable[[np.ndarray], np.ndarray]

    @property
    def bits(self) -> int:
        """Width of a code."""
        return max(self.edges.shape[1].bit_length(), 1)

    def worth(self, channels: int) -> np.ndarray:
        """What each code is worth, C,2**bits as fractions."""
        scale, shift = (np.full(channels, part)[:, None] for part in (self.scale, self.shift))
        return scale * np.arange(2**self.bits).astype(object) + shift

    def edges_of(self, channels: int) -> np.ndarray:
        """The edges, for each of ``channels``."""
        return np.broadcast_to(self.edges, (channels, self.edges.shape[1]))

    def levels(self, x: Feature) -> tuple[np.ndarray, np.ndarray]:
        """Levels t (C,2**bits - 1) and signs s (C): code = number of t with s * x >= t."""
        edges = self.edges_of(x.channels)
        exclusive = np.broadcast_to(self.exclusive, edges.shape)
        t = ceilings(edges, x.shift, x.scale, exclusive)
        for bound, level in ((x.floor, -FAR), (x.ceiling, FAR)):
            if bound is None:
                continue
            reached = np.where(exclusive, bound[:, None] > edges, bound[:, None] >= edges)
            # What the floor reaches needs no x; what the ceiling does not reach no x can.
            t = np.where(reached.astype(bool) == (level < 0), level, t)
        missing = 2**self.bits - 1 - t.shape[1]
        t = np.pad(t, ((0, 0), (0, missing)), constant_values=FAR)
        return t, np.where(x.scale < 0, -1, 1).astype(np.int8)


@dataclass(frozen=True, kw_only=True)
class Quantizer:
    """A Quant node: scale and zero point as float32, bit width, and how it rounds.

    Raises GraphError, naming the node, for what is no quantizer of 1 to 8 bits.
    """

    scale: np.ndarray
    zero: np.ndarray
    bits: float
    signed: bool
    narrow: bool
    mode: str
    where: str

    def __post_init__(self) -> None:
        positive = self.scale.size and (self.scale > 0).all()
        least = float(self.scale.min(initial=np.inf))
        require(positive, self.where, "scale must be positive", least, kind=GraphError)
        known = self.mode in ROUNDING
        contract = f"rounding_mode must be one of {', '.join(ROUNDING)}"
        require(known, self.where, contract, self.mode, kind=GraphError)

    @classmethod
    def of(
        cls,
        scale: np.ndarray,
        zero: np.ndarray,
        bits: float,
        attributes: Mapping[str, object],
        where: str,
    ) -> Quantizer:
        """With the attributes of a node."""
        mode = str(attributes["rounding_mode"]).upper()
        signed, narrow = (bool(attributes[name]) for name in ("signed", "narrow"))
        scale, zero = (np.asarray(values, np.float32) for values in (scale, zero))
        return cls(scale=scale, zero=zero, bits=bits, signed=signed, narrow=narrow, mode=mode,
                   where=where)  # fmt: skip

    @property
    def bipolar(self) -> bool:
        """Whether it gives -1 and +1 instead of whole codes, as qonnx executes one signed bit."""
        return self.bits == 1 and self.signed

    def range(self, most: int = MOST_BITS) -> tuple[int, int]:
        """Lowest and highest code, of at most so many bits."""
        whole = float(self.bits).is_integer() and 1 <= self.bits <= most
        contract = f"bit width must be a whole number in 1..{most}"
        require(whole, self.where, contract, self.bits, kind=GraphError)
        half = 2 ** (int(self.bits) - 1)
        low, high = (-half + self.narrow, half - 1) if self.signed else (0, 2 * half - 1)
        high -= self.narrow and not self.signed
        require(high > low or self.bipolar, self.where, "must have more than one code", (low, high),
                kind=GraphError)  # fmt: skip
        return low, high

    def codes(self, real: np.ndarray) -> np.ndarray:
        """Codes of float32 values, in float32 as the reference computes them."""
        low, high = self.range(MOST_CONSTANT_BITS)
        real = np.asarray(real, np.float32)
        for name, part in (("scale", self.scale), ("zero point", self.zero)):
            contract = f"{name} must broadcast to the {real.shape} of the constant"
            fits = broadcasts(part.shape, real.shape)
            require(fits, self.where, contract, part.shape, kind=GraphError)
        with np.errstate(over="ignore"):  # what is too large for float32 is clipped below
            y = real / self.scale + self.zero
        if self.bipolar:
            return np.where(y >= 0, 1, -1).astype(np.int64)
        rounded = resolve_rounding_mode(self.mode)(y.clip(np.float32(low), np.float32(high)))
        return rounded.astype(np.int64)

    def steps(self, x: Feature) -> Steps:
        """As edges, on ``x``: one scale and one zero point for the tensor, or for each channel."""
        values = [part.reshape(-1) if part.size == 1 else x.per_channel(part, self.where)
                  for part in (self.scale, self.zero)]  # fmt: skip
        step, zero = np.broadcast_arrays(*(exact(part) for part in values))
        whole = replace(self, scale=values[0][:, None], zero=values[1][:, None])
        low, high = self.range()
        if self.bipolar:
            return Steps(
                edges=(-zero * step)[:, None],
                exclusive=np.zeros((1, 1), bool),
                scale=2 * step,
                shift=(-1 - zero) * step,
                reference=lambda real: (whole.codes(real) + 1) // 2,
            )
        edges, exclusive = [], []
        for code in range(low + 1, high + 1):
            below, open_ = ROUNDING[self.mode][code <= 0]
            edges.append((code - below - zero) * step)
            exclusive.append(code % 2 == 1 if open_ is None else open_)
        return Steps(
            edges=np.stack(edges, axis=1),
            exclusive=np.array([exclusive]),
            scale=step,
            shift=(low - zero) * step,
            reference=lambda real: whole.codes(real) - low,
        )
