"""Convolution engine unit."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from fq_hw.schedule.memories import ceil_div, distributed
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.two_tree import TwoTree, build
from fq_hw.schedule.units.base import READ, Beat
from fq_hw.schedule.units.engine import EngineUnit

__all__ = ["ConvUnit"]


@functools.cache
def delayed(simd: int, act_bits: int, levels_per_stage: int) -> tuple[int, int]:
    """Registers on the way of a dot product's signs, and of its activations' bits."""
    delays = build(simd, act_bits, levels_per_stage).delays
    signs = sum(1 + max(lane) for lane in zip(*delays, strict=True))
    return signs, sum(1 + delay for plane in delays for delay in plane)


@dataclass(frozen=True, kw_only=True)
class ConvUnit(EngineUnit):
    """Convolution engine: for each of ``columns`` pixels ``pe`` dot products of ``simd`` synapses.

    raw = sum over bit planes p of 2**p * popcount(act_p ^ sign), the XNOR with the weight; the
    signed result for weights -1/+1 is raw + offset, one constant a channel, which others fold away.
    ``levels_per_stage`` is the pipelining: adder levels per register.
    Where it is ``masked`` a weight bit keeps an activation (1) or drops it: and instead of xor.
    Of a grouped convolution ``cin`` is what a group reads, whose folds follow each other.
    """

    cin: int
    taps: int
    simd: int
    masked: bool = False
    levels_per_stage: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(1 <= self.simd <= self.cin, f"simd must be in 1..{self.cin}", self.simd)
        used = self.masked or not (self.padded and self.pad_level) or self.cin % self.simd == 0
        contract = f"simd must divide {self.cin} channels where padding is not level 0"
        self.check(used, contract, self.simd)  # a lane without a channel would add the pad_level
        self.check(self.levels_per_stage >= 1, "levels_per_stage must be positive",
                   self.levels_per_stage)  # fmt: skip

    @property
    def lanes(self) -> int:
        return self.simd

    @property
    def i_weight(self) -> Beat:
        """A weight word: ``pe`` rows of ``simd`` bits, 1 for -1, or where masked for 1."""
        return Beat(lanes=self.pe, bits=self.simd, late=READ)

    @property
    def tree(self) -> TwoTree:
        """The adders of one dot product, and when each of its inputs is wanted."""
        return build(self.simd, self.act_bits, self.levels_per_stage)

    @property
    def act_copies(self) -> int:
        """Copies of the activations, each for ``GROUP`` PEs: bounds the fan-out of a register."""
        return ceil_div(self.pe, self.GROUP)

    @property
    def mw(self) -> int:
        """Synapses of an output channel."""
        return self.taps * self.cin

    @property
    def sf(self) -> int:
        return self.taps * ceil_div(self.cin, self.simd)

    @property
    def raw_bits(self) -> int:
        return ((2**self.act_bits - 1) * self.mw).bit_length()

    @property
    def macs(self) -> int:
        """Multiply-accumulates per cycle."""
        return self.columns * self.pe * self.simd

    @property
    def sum_cycles(self) -> int:
        return READ + self.SPREAD + self.tree.stages + 1

    PARAMETERS = ("i_weight",)

    def parts(self) -> Parts:
        tree, dots = self.tree, self.pe * self.columns
        signs, acts = delayed(self.simd, self.act_bits, self.levels_per_stage)
        sums, summed = dots * self.raw_bits, self.sf > 1
        spread = self.simd * self.act_bits
        turns = summed and self.hold > 1
        return Parts(
            exact_lut=dots * tree.positions,
            both={"fixed": 1, "sum bits": sums if summed else 0, "beats": bits(self.sf)},
            lut={
                "sums": dots if summed else 0,
                **self.queue,
                "turns": dots * distributed(self.hold, self.raw_bits) if turns else 0,
            },
            ff={
                "signs": self.pe * (signs + self.SPREAD * self.simd),
                "acts": self.columns * (self.act_copies * acts + self.SPREAD * spread),
                "tree": dots * len(tree.registers),
                "out": sums,
                "queued": self.queue_registers,
                "stages": self.sum_cycles,
            },
            wires={"acts": self.columns * spread},
        )
