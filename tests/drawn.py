"""Integer graphs that nobody chose, drawn by hypothesis: branches, joins, pools, any size.

What is drawn is what ``fq-hw import`` may give: sums and levels, joined wherever shapes allow, also
where branches share something or somebody outside reads what is inside.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from fq_hw import ir
from fq_hw.ir.types import TensorType, infer
from fq_hw.schedule.folding import Fold, divisors

__all__ = ["folds_of", "graphs"]

WEIGHTS = ((-1, 1), (-1, 0, 1), (-3, -1, 1, 3), tuple(range(-4, 4)))
MOST_FLAT = 24  # values of a tensor that is flattened
MOST_BITS = 6  # of levels that a convolution reads, lest simulations grow slow


@dataclass
class Sketch:
    """Ops so far and their types; ``readable`` are the levels that a convolution may read."""

    draw: st.DrawFn
    dice: np.random.Generator
    ops: list[ir.Op] = field(default_factory=list)
    types: dict[str, TensorType] = field(default_factory=dict)
    readable: set[str] = field(default_factory=set)

    def pick(self, choices: Iterable):
        return self.draw(st.sampled_from(list(choices)))

    def add(self, kind: type[ir.Op], *inputs: str, **fields: object) -> str:
        op = kind(name=f"t{len(self.ops)}", inputs=inputs, **fields)
        self.types[op.name] = made = infer(op, *(self.types[source] for source in inputs))
        self.ops.append(op)
        levels = isinstance(op, ir.Embed | ir.Threshold | ir.Requantize)
        alike = isinstance(op, ir.Pool | ir.Join | ir.Flatten) and self.readable.issuperset(inputs)
        if (levels or alike) and made.bits <= MOST_BITS:
            self.readable.add(op.name)
        return op.name

    def conv(self, x: str, cout: int, *, same: bool = False) -> str:
        """A convolution that fits; of unchanged height and width where ``same``."""
        x = x if x in self.readable else self.levels(x)
        h, w, c = self.types[x].shape
        most = min(h, w)
        fits = [(k, p) for k in (1, 2, 3, 5) for p in range(k // 2 + 1) if k <= most + 2 * p]
        kernel, padding = self.pick((k, p) for k, p in fits if not same or k == 2 * p + 1)
        weight = self.dice.choice(np.array(self.pick(WEIGHTS)), (cout, kernel, kernel, c))
        weight.flat[0] = 1
        stride = 1 if same else self.pick((1, 1, 2, 3))
        return self.add(
            ir.Conv, x, weight=weight, stride=stride, padding=padding,
            scale=self.pick((1.0, 1.0, 0.25, 8.0)), pad_level=self.pick((0, 0, 1)),
        )  # fmt: skip

    def levels(self, x: str) -> str:
        """Few bits of whatever ``x`` is, by thresholds or by a shift."""
        kind, bits = self.types[x], self.pick((1, 2, 3))
        if self.pick((True, False, False, False)):
            shift = int(kind.high.max()).bit_length() - bits - 1
            return self.add(ir.Requantize, x, shift=shift, out_bits=bits)
        size = kind.shape[2], 2**bits - 1
        sign = self.dice.choice([-1, 1], size[0])
        levels = self.dice.integers(kind.low[:, None] - 1, kind.high[:, None] + 2, size)
        levels = np.sort(levels * sign[:, None], axis=1)
        return self.add(ir.Threshold, x, levels=levels, sign=sign, out_bits=bits, scale=1.0)

    def pool(self, x: str) -> str:
        h, w, _ = self.types[x].shape
        kernel = self.pick(range(1, min(h, 3) + 1)), self.pick(range(1, min(w, 3) + 1))
        if self.pick((True, False)):
            return self.add(ir.SumPool, x, kernel=kernel)
        return self.maximum(x, kernel)

    def maximum(self, x: str, kernel: tuple[int, int]) -> str:
        """The largest values, or of some channels the smallest."""
        signs = self.dice.choice([-1, 1], self.types[x].shape[2])
        return self.add(ir.MaxPool, x, kernel=kernel, sign=self.pick((None, signs)))

    def bias(self, x: str) -> str:
        most = self.pick((20, 20, 2**31))
        return self.add(ir.Bias, x, bias=self.dice.integers(-most, most, self.types[x].shape[2]))

    def branch(self, x: str, cout: int) -> str:
        """A few ops that keep height and width; where it does anything, ``cout`` channels."""
        for _ in range(self.pick((0, 1, 1, 2, 2, 3))):
            step = self.pick(("conv", "conv", "bias", "levels", "max"))
            if step == "conv":
                x = self.conv(x, cout, same=True)
            elif step == "max":
                x = self.maximum(x, (1, 1))
            else:
                x = getattr(self, step)(x)
        return x

    def join(self, first: str, second: str) -> str:
        """The sum where there can be one, or the channels of both."""
        a, b = (self.types[name] for name in (first, second))
        if a.shape == b.shape and a.scale and b.scale and self.pick((True, True, False)):
            powers = [int(np.log2(x.scale)) for x in (a, b)]
            shift = [power - min(powers) for power in powers]
            return self.add(ir.Add, first, second, shift=shift)
        return self.add(ir.Concat, first, second, swapped=self.pick((False, True)))

    def module(self, x: str) -> str:
        """Two to four branches of ``x``, joined in any order."""
        cout = self.pick((1, 2, 3))
        ends = [self.branch(x, cout) for _ in range(self.pick((2, 2, 3, 4)))]
        while len(ends) > 1:
            ends.append(self.join(ends.pop(self.pick(range(len(ends)))), ends.pop()))
        return ends[0]

    def step(self, x: str) -> str:
        """Any op behind ``x``, or a join with any tensor of its height and width."""
        kinds = ["conv", "levels", "bias", "pool", "module", "module", "join", "join"]
        kinds += ["flatten"] * (math.prod(self.types[x].shape) <= MOST_FLAT)
        do = self.pick(kinds)
        if do == "conv":
            return self.conv(x, self.pick((1, 2, 3, 4)))
        if do == "flatten":
            return self.add(ir.Flatten, x)
        if do != "join":
            return getattr(self, do)(x)
        size = self.types[x].shape[:2]
        alike = [name for name, kind in self.types.items() if kind.shape[:2] == size]
        return self.join(x, self.pick(alike))

    def finish(self, x: str, classes: int) -> ir.Graph:
        """Scores of ``x``; what they do not need is left out."""
        x = self.conv(x, classes, same=True)
        x = self.bias(x)
        x = self.add(ir.PixelSum, x)
        most, wide = self.pick(((9, 9), (9, 9), (2**24, 2**40)))
        multiplier = self.dice.integers(self.pick((0, -most)), most, classes)
        bias = self.pick((None, self.dice.integers(-wide, wide, classes)))
        x = self.add(ir.ClassScale, x, multiplier=multiplier, bias=bias)
        used, kept = {self.add(ir.ArgMax, x)}, []
        for op in reversed(self.ops):
            if op.name in used or isinstance(op, ir.Input):
                kept.append(op)
                used.update(op.inputs)
        return ir.Graph("drawn", tuple(reversed(kept)))


@st.composite
def graphs(draw, largest: int = 7) -> ir.Graph:
    """A graph of integers on images of at most ``largest`` rows and columns."""
    sketch = Sketch(draw, np.random.default_rng(draw(st.integers(0, 99))))
    sides = st.integers(1, largest)
    x = sketch.add(ir.Input, shape=(draw(sides), draw(sides), draw(st.integers(1, 2))))
    colours = sketch.types[x].shape[2]
    table = sketch.dice.integers(0, 4, (1, 256, 4 // colours))
    embeds = draw(st.booleans())
    x = sketch.add(ir.Embed, x, table=table, out_bits=2) if embeds else sketch.levels(x)
    for _ in range(draw(st.integers(1, 7))):
        if sketch.types[x].bits > 20:
            x = sketch.levels(x)
        x = sketch.step(x)
        if sketch.types[x].shape[2] > 12:  # too many channels for a quick simulation
            x = sketch.conv(x, draw(st.integers(1, 4)))
    return sketch.finish(x, draw(st.integers(1, 3)))


@st.composite
def folds_of(draw, graph: ir.Graph) -> dict[str, Fold]:
    """Any fold of every convolution: lanes that divide or do not, columns, hold, adder levels."""
    folds = {}
    for op in graph.ops:
        if isinstance(op, ir.Conv):
            cout, _, _, cin = op.weight.shape
            width = graph.types[op.name].shape[1]
            columns = draw(st.sampled_from(divisors(width)))
            hold = draw(st.sampled_from(divisors(width // columns)))
            pe = draw(st.integers(1, cout))
            lanes = st.sampled_from(divisors(cin)) if op.pad_level else st.integers(1, cin)
            simd, levels = draw(lanes), draw(st.integers(1, 3))
            folds[op.name] = Fold(
                pe=pe, simd=simd, columns=columns, levels_per_stage=levels, hold=hold
            )
    return folds
