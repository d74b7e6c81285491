"""A model that is being drawn: its nodes so far, the dice, and what is known of a tensor."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st
from onnx_models import Maker

from fq_hw.foreign.pixels import PIXELS

__all__ = ["Layout", "Net", "Tensor"]

OPSETS = 13, 24
LEVELS = 1024  # of all channels of a quantizer behind sums: each is a comparator in hardware


class Layout(enum.Enum):
    """How ONNX lays a tensor out."""

    NCHW = "N,C,H,W"
    NHWC = "N,H,W,C"
    FLAT = "N,F"


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """A tensor on its way, as far as later draws must know it.

    shape    H,W,C
    unit     what one integer is worth, where one number serves all channels, else None
    spread   about how large the values are
    levels   whether it comes from a quantizer or is the image, as a convolution needs it
    zero     whether the value 0 is one of its levels, as padding needs it
    rising   whether values grow with the integers, as a maximum needs it
    clamped  whether a Relu or Clip stands behind the last quantizer
    turns    whether a function does whose values both rise and fall
    """

    name: str
    shape: tuple[int, int, int]
    layout: Layout
    unit: float | None
    spread: float
    levels: bool
    zero: bool = True
    rising: bool = True
    clamped: bool = False
    turns: bool = False

    @property
    def channels(self) -> int:
        return self.shape[2]

    @property
    def pixel(self) -> bool:
        """Whether it is one pixel."""
        return self.shape[:2] == (1, 1)

    @property
    def dims(self) -> list[int]:
        h, w, c = self.shape
        return {
            Layout.NCHW: [1, c, h, w],
            Layout.NHWC: [1, h, w, c],
            Layout.FLAT: [1, h * w * c],
        }[self.layout]

    def become(self, name: str, **changes: object) -> Tensor:
        """What a node called ``name`` makes of it."""
        return replace(self, name=name, **changes)


class Net(Maker):
    """Nodes, with every choice drawn by hypothesis and every array from one seed.

    ``exact`` nets have powers of two for scales and gains and few binary digits elsewhere: sums
    then lie on the very edges of quantizers, and nothing is rounded by float32. Behind sums no
    quantizer has more than ``bits`` bits.
    """

    def __init__(self, draw: Callable, bits: int):
        self.draw, self.bits = draw, bits
        self.traits: set[str] = set()
        super().__init__(seed=self.whole(0, 9999))
        self.exact = self.chance()
        self.opset = self.pick(*OPSETS)
        self.pixels = self.pick(*PIXELS)
        self.trait("scales: powers of two" if self.exact else "scales: any")

    def trait(self, text: str) -> None:
        """Note what the model has; ``kind: which``."""
        self.traits.add(text)

    def pick(self, *choices: object) -> object:
        """One of ``choices``; the first is the simplest."""
        return self.draw(st.sampled_from(choices))

    def chance(self, of: int = 2) -> bool:
        """True once in ``of`` times."""
        return self.draw(st.integers(0, of - 1)) == of - 1

    def whole(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def widths(self, x: Tensor, *choices: int) -> int:
        """A number of bits for a quantizer of ``x``."""
        few = (LEVELS // x.channels).bit_length() - 1
        most = 8 if x.name == "image" else min(self.bits, max(2, few))
        return self.pick(*[bits for bits in choices if bits <= most])

    def factor(self, size: float, count: int | None = None) -> float | np.ndarray:
        """Positive numbers of about ``size``; powers of two in exact nets."""
        spread = self.dice.uniform(-1, 1, count)
        if self.exact:
            return 2.0 ** np.round(math.log2(size) + spread)
        return np.float32(size * 2.0**spread).astype(np.float64)

    def numbers(self, size: float, count: int) -> np.ndarray:
        """Numbers of any sign of about ``size``; few binary digits in exact nets."""
        found = self.dice.normal(size=count) * size
        if self.exact:
            digit = 2.0 ** (math.floor(math.log2(size)) - 3)
            return np.round(found / digit) * digit
        return np.float32(found).astype(np.float64)

    def per_channel(self, x: Tensor, values: Sequence[float]) -> str:
        """A constant that broadcasts along the channels of ``x``."""
        shape = {
            Layout.NCHW: [(-1, 1, 1), (1, -1, 1, 1)],
            Layout.NHWC: [(-1,), (1, 1, 1, -1)],
            Layout.FLAT: [(-1,), (1, -1)],
        }[x.layout]
        return self.const(np.reshape(values, self.pick(*shape)))
