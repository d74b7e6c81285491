"""Convolution engine unit."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from fq_hw.schedule.events import room
from fq_hw.schedule.memories import ceil_div, distributed
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.steps import Channels, Process, Put, Repeat, Steps, Take
from fq_hw.schedule.two_tree import TwoTree, build
from fq_hw.schedule.units.base import READ, Beat, Unit

__all__ = ["ConvUnit"]


@functools.cache
def delayed(simd: int, act_bits: int, levels_per_stage: int) -> tuple[int, int]:
    """Registers on the way of a dot product's signs, and of its activations' bits."""
    delays = build(simd, act_bits, levels_per_stage).delays
    signs = sum(1 + max(lane) for lane in zip(*delays, strict=True))
    return signs, sum(1 + delay for plane in delays for delay in plane)


@dataclass(frozen=True, kw_only=True)
class ConvUnit(Unit):
    """Convolution engine: for each of ``columns`` pixels ``pe`` dot products of ``simd`` synapses.

    raw = sum over bit planes p of 2**p * popcount(act_p ^ sign), the XNOR with the weight; the
    signed result for weights -1/+1 is raw + offset, one constant a channel, which others fold away.
    ``sf`` beats give one output beat. A weight word serves ``hold`` beats in turn, each of
    ``columns`` other pixels, and these are ended one after the other; ``nf`` times as many output
    beats make a group of ``columns`` x ``hold`` pixels, which share every weight word.
    ``levels_per_stage`` is the pipelining: adder levels per register.
    Where it is ``masked`` a weight bit keeps an activation (1) or drops it: and instead of xor.
    What is outside the image counts as the level ``pad_level``.
    """

    cin: int
    cout: int
    taps: int
    pixels: int
    pe: int
    simd: int
    act_bits: int
    columns: int = 1
    padded: bool = False
    pad_level: int = 0
    masked: bool = False
    levels_per_stage: int = 1
    hold: int = 1

    def __post_init__(self) -> None:
        self.check(1 <= self.pe <= self.cout, f"pe must be in 1..{self.cout}", self.pe)
        self.check(1 <= self.simd <= self.cin, f"simd must be in 1..{self.cin}", self.simd)
        whole = self.columns >= 1 and self.pixels % self.columns == 0
        self.check(whole, f"columns must divide {self.pixels} pixels", self.columns)
        turns = self.pixels // self.columns
        whole = self.hold >= 1 and turns % self.hold == 0
        self.check(whole, f"hold must divide {turns} pixels side by side", self.hold)
        level = 0 <= self.pad_level < 2**self.act_bits
        self.check(level, f"pad_level must fit {self.act_bits} bits", self.pad_level)
        used = self.masked or not (self.padded and self.pad_level) or self.cin % self.simd == 0
        contract = f"simd must divide {self.cin} channels where padding is not level 0"
        self.check(used, contract, self.simd)  # a lane without a channel would add the pad_level
        self.check(self.levels_per_stage >= 1, "levels_per_stage must be positive",
                   self.levels_per_stage)  # fmt: skip

    @property
    def i(self) -> Beat:
        """Column by column ``simd`` levels, and whether they are padding."""
        blanks = self.columns if self.padded else 0
        lanes = self.columns * self.simd
        return Beat(lanes=lanes, bits=self.act_bits, blanks=blanks, late=READ)

    @property
    def i_weight(self) -> Beat:
        """A weight word: ``pe`` rows of ``simd`` bits, 1 for -1, or where masked for 1."""
        return Beat(lanes=self.pe, bits=self.simd, late=READ)

    @property
    def o(self) -> Beat:
        """Column by column ``pe`` sums."""
        return Beat(lanes=self.columns * self.pe, bits=self.raw_bits)

    @property
    def group(self) -> int:
        """Pixels that share their weight words."""
        return self.columns * self.hold

    @property
    def every(self) -> int:
        return self.hold

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
        """Synapse fold: beats per output beat."""
        return self.taps * ceil_div(self.cin, self.simd)

    @property
    def nf(self) -> int:
        """Neuron fold: output beats per group of pixels."""
        return ceil_div(self.cout, self.pe)

    @property
    def raw_bits(self) -> int:
        """Width of the unsigned sum."""
        return ((2**self.act_bits - 1) * self.mw).bit_length()

    @property
    def macs(self) -> int:
        """Multiply-accumulates per cycle."""
        return self.columns * self.pe * self.simd

    @property
    def beats(self) -> int:
        return self.pixels // self.columns * self.nf * self.sf

    @property
    def sum_cycles(self) -> int:
        """Cycles from accepting an output beat's last input to its finished sum."""
        return READ + self.SPREAD + self.tree.stages + 1

    @property
    def slots(self) -> int:
        """Output beats that may be under way at once: enough for a beat in every cycle.

        Those that share their weights come together, and may be taken evenly. A queue of two places
        takes none in the cycle after one.
        """
        if self.hold == 1 and self.sf >= self.sum_cycles + 2:
            return 1
        under_way = self.hold - 1 + ceil_div(self.sum_cycles + 4 - self.hold, self.sf)
        return under_way if self.hold == 1 else max(under_way, 3)

    def latency(self) -> int:
        """Cycles from the first accepted beat to offering the first output, unstalled."""
        return (self.sf - 1) * self.hold + 1 + self.sum_cycles + (self.slots > 1)

    PARAMETERS = ("i_weight",)
    GROUP = 8  # PEs that share a copy of the activations
    SPREAD = 1  # registers between what was read and its copies

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        acts, sums = i[0], o[0]
        queued = self.slots > 1  # a queue takes a cycle more than a register
        last = (
            room(sums, self.slots, 1),  # a finished sum needs a place to wait
            Take(acts),
            Put(sums.offers, self.sum_cycles + queued),
        )
        return [Steps(Take(acts, (self.sf - 1) * self.hold), Repeat(self.hold, last))]

    def parts(self) -> Parts:
        tree, dots = self.tree, self.pe * self.columns
        signs, acts = delayed(self.simd, self.act_bits, self.levels_per_stage)
        sums, summed = dots * self.raw_bits, self.sf > 1
        spread = self.simd * self.act_bits
        deep = self.slots > 2  # a queue of two places is made of registers
        turns = summed and self.hold > 1
        return Parts(
            exact_lut=dots * tree.positions,
            both={"fixed": 1, "sum bits": sums if summed else 0, "beats": bits(self.sf)},
            lut={
                "sums": dots if summed else 0,
                "queued": distributed(self.slots - 1, self.o.width) if deep else 0,
                "queue": 1 if self.slots > 1 else 0,
                "turns": dots * distributed(self.hold, self.raw_bits) if turns else 0,
            },
            ff={
                "signs": self.pe * (signs + self.SPREAD * self.simd),
                "acts": self.columns * (self.act_copies * acts + self.SPREAD * spread),
                "tree": dots * len(tree.registers),
                "out": sums,
                "queued": sums if self.slots == 2 else 0,
                "stages": self.sum_cycles,
            },
            wires={"acts": self.columns * spread},
        )
