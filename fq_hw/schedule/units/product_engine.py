"""Convolution engine unit whose products lie on multipliers."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from fq_hw.schedule.memories import ceil_div, distributed
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.units.base import READ, Beat
from fq_hw.schedule.units.engine import EngineUnit, Shared, multiplies, shared

__all__ = ["ProductUnit"]


@dataclass(frozen=True, kw_only=True)
class ProductUnit(EngineUnit):
    """Convolution engine of numbers: for each of ``columns`` pixels ``pe`` sums of ``simd``.

    Weights are two's complement of ``weight_bits``, and raw = ``start`` + the signed sum, which is
    never negative. A product lies on one of the device's multipliers, or two on one where they have
    a factor in common and are narrow enough. Behind every adder there is a register: of two in a
    row synthesis makes something larger. Of a grouped convolution ``cin`` is what a group reads.
    """

    cin: int
    taps: int
    simd: int
    weight_bits: int

    PARAMETERS = ("i_weight",)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(1 <= self.simd <= self.cin, f"simd must be in 1..{self.cin}", self.simd)
        fits = multiplies(self.act_bits, self.weight_bits)
        contract = "multiplies levels of up to 17 bits and weights of 2..18"
        self.check(fits, contract, (self.act_bits, self.weight_bits))

    @property
    def lanes(self) -> int:
        return self.simd

    @property
    def i_weight(self) -> Beat:
        """A weight word: ``pe`` rows of ``simd`` weights."""
        return Beat(lanes=self.pe * self.simd, bits=self.weight_bits, late=READ)

    @property
    def sf(self) -> int:
        return self.taps * ceil_div(self.cin, self.simd)

    @property
    def most(self) -> int:
        """The largest sum of a window's levels."""
        return self.taps * self.cin * (2**self.act_bits - 1)

    @property
    def start(self) -> int:
        """Where sums begin: as far above 0 as weights can bring them below it."""
        return self.most << (self.weight_bits - 1)

    @property
    def raw_bits(self) -> int:
        return (self.start + self.most * (2 ** (self.weight_bits - 1) - 1)).bit_length()

    @property
    def macs(self) -> int:
        """Multiply-accumulates per cycle."""
        return self.columns * self.pe * self.simd

    @property
    def shared(self) -> Shared:
        """Which factor two products on one multiplier have in common."""
        return shared(self.act_bits, self.weight_bits, self.columns, self.pe)

    @property
    def tree(self) -> tuple[tuple[int, ...], ...]:
        """Widths of the terms of a sum: of the products, and behind each level of adders."""
        levels = [(self.act_bits + self.weight_bits,) * self.simd]
        while len(levels[-1]) > 1:
            pairs = [levels[-1][n : n + 2] for n in range(0, len(levels[-1]), 2)]
            levels.append(tuple(max(pair) + len(pair) - 1 for pair in pairs))
        return tuple(levels)

    @property
    def sum_cycles(self) -> int:
        return READ + self.SPREAD + len(self.tree)

    @property
    def multipliers(self) -> int:
        """Those of the device that it takes."""
        side, other = self.columns, self.pe
        if self.shared is Shared.WEIGHT:
            side = ceil_div(side, 2)
        if self.shared is Shared.ACT:
            other = ceil_div(other, 2)
        return side * other * self.simd

    def parts(self) -> Parts:
        dots, summed, tree = self.pe * self.columns, self.sf > 1, self.tree
        sums, product = dots * self.raw_bits, self.act_bits + self.weight_bits
        paired = dots * self.simd - self.multipliers
        turns = summed and self.hold > 1
        adders = sum(
            widths[n]
            for before, widths in itertools.pairwise(tree)
            for n in range(len(before) // 2)
        )
        return Parts(
            both={"fixed": 1, "sum bits": sums if summed else 0, "beats": bits(self.sf)},
            lut={
                "adders": dots * adders,
                "starts": 0 if summed else sums,
                "paired": paired * product,
                "sums": dots if summed else 0,
                **self.queue,
                "turns": dots * distributed(self.hold, self.raw_bits) if turns else 0,
            },
            ff={
                "acts": self.columns * self.simd * self.act_bits,
                "weights": self.pe * self.simd * self.weight_bits,
                "products": dots * self.simd * product,
                "tree": dots * sum(map(sum, tree[1:])),
                "out": sums,
                "queued": self.queue_registers,
                "stages": self.sum_cycles,
            },
            multipliers=self.multipliers,
        )
