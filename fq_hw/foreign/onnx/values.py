"""What is known of a tensor of an ONNX graph while it is turned into integers.

Scales, shifts and bounds are fractions (``fq_hw.exact``): a constant of the file is the number that
it is. Beside them stands what the reference's float32 makes of it, where that decides: the values
of an image that is not quantized yet, and how large sums grow, which tells their rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.exact import exact, inverse_roots
from fq_hw.foreign.onnx.curves import ROUNDS, Change, Curve, ordered

__all__ = ["BEYOND", "NOT_AFFINE", "Feature", "Ranking", "Twin", "tiled", "uniform"]

BEYOND = Fraction(2**200)  # every float32: an end that is none
NOT_AFFINE = "a quantizer must stand between a function that is no line and what follows it"
NEAR = 2.0**-22  # relative distance below which two scales are one: files hold float32


def uniform(values: np.ndarray) -> Fraction | None:
    """The one value of some fractions, or None where they differ by more than float32 rounds."""
    first = values.flat[0]
    near = all(value == first or abs(value - first) <= abs(first) * NEAR for value in values.flat)
    return first if near else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Feature:
    """A tensor on its way: scale * x + shift within floor and ceiling, x the integers of op ``op``;
    or the ``curve`` of x, behind a function that is not affine.

    shape            H,W,C of the op's result
    scale, shift     fractions, per channel
    floor, ceiling   fractions per channel, or None where nothing is clamped
    peak             float64 per channel: the largest magnitude that any step on the way can have
    levels           whether x is unsigned levels, as convolutions read them
    edges            C,T fractions on which the quantizer that made it decides, in ascending order
    source           what that quantizer read; None where none made it
    last             whether ONNX has the channels last
    flat             whether ONNX sees N,(C*H*W) or N,(H*W*C)
    row              whether ONNX has one axis for height and width, one of which is 1: N,C,W, N,W,C
    pixels           float32 C,256: what the reference has for each byte of an image that is not
                     quantized yet; None for every other tensor
    known            float32 C,N: what it has for each level 0..N-1 of a quantizer, until sums are
                     computed of them; None for every other tensor
    curve            what x is worth where that is not affine: scale, shift, peak, floor and ceiling
                     then say nothing
    """

    op: str
    shape: tuple[int, int, int]
    scale: np.ndarray
    shift: np.ndarray
    peak: np.ndarray
    floor: np.ndarray | None = None
    ceiling: np.ndarray | None = None
    levels: bool = False
    edges: np.ndarray | None = None
    source: Feature | None = None
    last: bool = False
    flat: bool = False
    row: bool = False
    pixels: np.ndarray | None = None
    known: np.ndarray | None = None
    curve: Curve | None = None

    @property
    def channels(self) -> int:
        return self.shape[2]

    @property
    def free(self) -> bool:
        """Whether nothing is clamped, and it is affine."""
        return self.floor is None and self.ceiling is None and self.curve is None

    @property
    def dims(self) -> tuple[int, ...]:
        """The shape in ONNX, for one image."""
        h, w, c = self.shape
        if self.flat:
            return (1, h * w * c)
        sides = (h * w,) if self.row else (h, w)
        return (1, *sides, c) if self.last else (1, c, *sides)

    @property
    def layout(self) -> str:
        """The axes in ONNX, in the usual letters: NCHW and so on."""
        if self.flat:
            return "NC"
        sides = "W" if self.row else "HW"
        return f"N{sides}C" if self.last else f"NC{sides}"

    @property
    def upright(self) -> bool:
        """Whether what ONNX has for one axis are rows."""
        return self.row and self.shape[0] > 1

    def per_channel(self, constant: np.ndarray, where: str) -> np.ndarray:
        """A constant that ONNX broadcasts against the tensor, as one value for each channel."""
        constant = np.asarray(constant, np.float32)
        if constant.size == 1:
            return np.full(self.channels, constant.reshape(()))
        axis = self.layout.index("C")
        shape = [1] * (len(self.dims) - constant.ndim) + list(constant.shape)
        others = [n for i, n in enumerate(shape) if i != axis]
        single = not self.flat or self.shape[:2] == (1, 1)
        fits = single and shape[axis] == self.channels and set(others) <= {1}
        contract = f"a constant must be one number or one for each of {self.channels} channels"
        require(fits, where, contract, constant.shape, kind=GraphError)
        return constant.reshape(-1)

    def tables(self, change: Change) -> dict[str, np.ndarray | None]:
        """What the reference makes of its values by a step that it computes in float32."""
        kept = {"pixels": self.pixels, "known": self.known}
        return {name: None if old is None else change(old) for name, old in kept.items()}

    def step(self, change: Change, gain: np.ndarray, term: np.ndarray, where: str) -> Feature:
        """gain * tensor + term, fractions per channel; ``change`` is how the reference does it."""
        if self.curve is not None:
            least = np.abs(term.astype(np.float64))[:, None]
            return self.on_curve(self.curve.then(change, least), change)
        return replace(self.affine(gain, term, where), **self.tables(change))

    def on_curve(self, curve: Curve, change: Change) -> Feature:
        """What ``change`` makes of it, in values of its integers that are given as a curve."""
        return replace(self, curve=curve, floor=None, ceiling=None, levels=False, edges=None,
                       source=None, **self.tables(change))  # fmt: skip

    @property
    def as_curve(self) -> Curve:
        """Its own curve, or scale * x + shift as one."""
        if self.curve is not None:
            return self.curve
        scale, shift = (part.astype(np.float64)[:, None] for part in (self.scale, self.shift))
        ends = [None if end is None else end.astype(np.float64)[:, None]
                for end in (self.floor, self.ceiling)]  # fmt: skip

        def value(x: np.ndarray, off: int) -> np.ndarray:
            found = scale * x + shift + off * ROUNDS * self.peak[:, None]
            return (found if self.free else found.clip(*ends)).astype(np.float32)

        return Curve(value=value, bounds=lambda *ends: ordered(*(value(x, 0) for x in ends)))

    def times(self, factor: np.ndarray, where: str) -> Feature:
        """Multiplied by a float32 constant per channel."""
        gain = exact(factor)
        return self.step(lambda old: old * factor[:, None], gain, 0 * gain, where)

    def over(self, divisor: np.ndarray, where: str) -> Feature:
        """Divided by a float32 constant per channel, none of them 0."""
        gain = 1 / exact(divisor)
        return self.step(lambda old: old / divisor[:, None], gain, 0 * gain, where)

    def plus(self, term: np.ndarray, where: str) -> Feature:
        """With a float32 constant per channel added."""
        bias = exact(term)
        return self.step(lambda old: old + term[:, None], 0 * bias + 1, bias, where)

    def taken_from(self, term: np.ndarray, where: str) -> Feature:
        """A float32 constant per channel minus the tensor."""
        bias = exact(term)
        return self.step(lambda old: term[:, None] - old, 0 * bias - 1, bias, where)

    def normed(
        self,
        gain: np.ndarray,
        bias: np.ndarray,
        mean: np.ndarray,
        var: np.ndarray,
        epsilon: float,
        where: str,
    ) -> Feature:
        """gain * (tensor - mean) / sqrt(var + epsilon) + bias, float32 constants per channel."""
        slope = gain * (1 / np.sqrt(var + np.float32(epsilon)))  # as onnxruntime computes it
        exactly = exact(gain) * inverse_roots(exact(var) + Fraction(epsilon))
        term = exact(bias) - exactly * exact(mean)
        return self.step(
            lambda old: old * slope[:, None] + (bias - mean * slope)[:, None], exactly, term, where
        )

    def affine(self, gain: np.ndarray, bias: np.ndarray, where: str) -> Feature:
        """gain * tensor + bias, fractions per channel; never an image that is not quantized."""
        floor, ceiling = self.floor, self.ceiling
        if not self.free:  # a falling factor swaps the two
            ends = ((self.floor, -BEYOND), (self.ceiling, BEYOND))
            bounds = (np.full(self.channels, far) if end is None else end for end, far in ends)
            one, other = (gain * bound + bias for bound in bounds)
            floor, ceiling = np.minimum(one, other), np.maximum(one, other)
        slope, term = (np.abs(values.astype(np.float64)) for values in (gain, bias))
        return replace(
            self,
            scale=gain * self.scale,
            shift=gain * self.shift + bias,
            peak=np.maximum(slope * self.peak + term, term),
            floor=floor,
            ceiling=ceiling,
            edges=None,
            source=None,
            pixels=None,
            known=None,
        )

    def clamped(self, low: float, high: float) -> Feature:
        """Clamped to low..high, either of which may be infinite."""

        def change(old: np.ndarray) -> np.ndarray:
            return np.clip(old, np.float32(low), np.float32(high))

        if self.curve is not None:
            return self.on_curve(self.curve.then(change), change)
        floor, ceiling = self.floor, self.ceiling
        if np.isfinite(low):
            bound = exact(np.full(self.channels, low))
            floor = bound if floor is None else np.maximum(floor, bound)
            ceiling = None if ceiling is None else np.maximum(ceiling, bound)
        if np.isfinite(high):
            bound = exact(np.full(self.channels, high))
            ceiling = bound if ceiling is None else np.minimum(ceiling, bound)
            floor = None if floor is None else np.minimum(floor, bound)
        return replace(self, floor=floor, ceiling=ceiling, edges=None, source=None,
                       **self.tables(change))  # fmt: skip

    def unclamped(self, where: str) -> Feature:
        """The same where nothing is clamped: what sums and averages need."""
        contract = "a quantizer must stand between a Relu or Clip and what follows it"
        require(self.curve is None, where, NOT_AFFINE, kind=GraphError)
        require(self.free, where, contract, kind=GraphError)
        return self

    def real(self, x: np.ndarray) -> np.ndarray:
        """Integers N,H,W,C of the op as the real values of the tensor, in float64."""
        if self.curve is not None:
            return self.rows(x, lambda row: self.curve.value(row, 0)).astype(np.float64)
        value = self.scale.astype(np.float64) * x + self.shift.astype(np.float64)
        for bound, clamp in ((self.floor, np.maximum), (self.ceiling, np.minimum)):
            value = value if bound is None else clamp(value, bound.astype(np.float64))
        return value

    def rows(self, x: np.ndarray, function: Change) -> np.ndarray:
        """What a function of integers C,N makes of integers N,H,W,C."""
        made = function(x.reshape(-1, self.channels).T.astype(np.float64))
        return made.T.reshape(x.shape)

    def off(self, x: np.ndarray) -> np.ndarray:
        """How far the reference may be from ``real(x)`` by what float32 rounds."""
        tiny = float(np.finfo(np.float32).tiny)
        if self.curve is not None:
            return self.rows(x, self.curve.off) + tiny
        return np.broadcast_to(ROUNDS * self.peak + tiny, x.shape)

    def in_layout(self, x: np.ndarray) -> np.ndarray:
        """1,H,W,C as ONNX lays the tensor out."""
        ordered = x if self.last else x.transpose(0, 3, 1, 2)
        return ordered.reshape(self.dims)


def tiled(x: Feature, op: str) -> Feature:
    """``x`` as one pixel of all its values, in the order of the graph, made by ``op``."""
    h, w, c = x.shape
    parts = {name: np.tile(getattr(x, name), h * w) for name in ("scale", "shift", "peak")}
    return replace(x, op=op, shape=(1, 1, h * w * c), **parts, edges=None, source=None,
                   pixels=None, known=None)  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Twin:
    """An op that is another's opposite, most - x, in the channels that fall."""

    op: str
    falls: np.ndarray
    most: int

    def of(self, x: Feature) -> Feature:
        """A tensor of the other op as one of this."""
        edges = x.edges
        if edges is not None:
            edges = np.pad(edges, ((0, 0), (0, self.most - edges.shape[1])), constant_values=BEYOND)
            edges = np.where(self.falls[:, None], edges[:, ::-1], edges)
        return replace(
            x,
            op=self.op,
            scale=np.where(self.falls, -x.scale, x.scale),
            shift=np.where(self.falls, x.shift + x.scale * self.most, x.shift),
            edges=edges,
            known=None,
            pixels=None,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """What the end of a model makes of its scores: their class, or a function that grows with them.

    scores   the tensor that ranks the classes
    feature  what is known of it
    kind     the node that made this of it, for errors
    label    whether it is the class
    """

    scores: str
    feature: Feature
    kind: str
    label: bool = False
