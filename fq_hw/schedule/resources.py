"""Estimated resources of every unit on a LUT4 fabric with 18 kbit block RAMs (ECP5).

Rules of thumb with constants fitted to synthesis of the shipped network; an estimate, printed as
such. Block RAM counts follow the shapes that a block can take.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from fq_hw.errors import GraphError
from fq_hw.schedule import units
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.units import ceil_div, in_block_ram

__all__ = ["Resources", "memory", "plan_resources", "resources"]

EBR_SHAPES = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))
LUT_PER_MAC = 7.2  # plain adder tree of XNORed 2-bit values and its accumulator


@dataclass(frozen=True, kw_only=True)
class Resources:
    """LUT4 positions (carry and distributed RAM included), flip-flops, block RAMs of 18 kbit."""

    lut: int = 0
    ff: int = 0
    ebr: int = 0

    def __add__(self, other: Resources) -> Resources:
        return Resources(lut=self.lut + other.lut, ff=self.ff + other.ff, ebr=self.ebr + other.ebr)


def memory(depth: int, width: int, writable: bool, block: bool | None = None) -> Resources:
    """A memory with one read port, in block RAM or in LUTs; where its size says by default."""
    if in_block_ram(depth, width) if block is None else block:
        blocks = min(ceil_div(depth, d) * ceil_div(width, w) for d, w in EBR_SHAPES)
        return Resources(ebr=blocks)
    words = ceil_div(depth, 16) * width
    return Resources(lut=2 * words if writable else words, ff=width)


def counters(*limits: int) -> Resources:
    """Nested counters: a register, an increment and a comparison each."""
    bits = sum(max(limit - 1, 1).bit_length() for limit in limits)
    return Resources(lut=2 * bits, ff=bits)


@functools.singledispatch
def resources(unit: units.Unit) -> Resources:
    """Estimated resources of ``unit``."""
    raise GraphError(f"{type(unit).__name__}: has no estimate; teach fq_hw/schedule/resources.py")


@resources.register
def _(unit: units.EmbedUnit) -> Resources:
    port = memory(256, unit.length * unit.bits, writable=False)
    return Resources(lut=port.lut * unit.colours, ff=port.ff * unit.colours + 1,
                     ebr=port.ebr * unit.colours) + Resources(lut=4)  # fmt: skip


@resources.register
def _(unit: units.ConvertUnit) -> Resources:
    wide = max(unit.i.width, unit.o.width)
    return Resources(lut=wide + 8, ff=wide) + counters(unit.beats_in, unit.beats_out)


@resources.register
def _(unit: units.WindowUnit) -> Resources:
    ring = memory(unit.depth, unit.i.width, writable=True)
    loops = counters(
        unit.folds, unit.kernel, unit.kernel, unit.repeats, unit.out_width, unit.out_height,
        unit.height, unit.width, unit.width, unit.folds, unit.rows,
    )  # fmt: skip
    address = (unit.depth - 1).bit_length()
    return ring + loops + Resources(lut=12 * address + unit.i.width + 40,
                                    ff=4 * address + unit.o.width)  # fmt: skip


@resources.register
def _(unit: units.RomUnit) -> Resources:
    rom = memory(unit.depth, unit.width, writable=False, block=unit.in_block_ram)
    return rom + counters(unit.depth) + Resources(lut=6, ff=unit.width + 3)


@resources.register
def _(unit: units.ConvUnit) -> Resources:
    sums = unit.pe * unit.raw_bits
    dot = round(LUT_PER_MAC * unit.macs)
    return counters(unit.sf) + Resources(lut=dot + 2 * sums + 6, ff=2 * sums + 1)


@resources.register
def _(unit: units.ReorderUnit) -> Resources:
    loops = counters(unit.folds, unit.columns, unit.parts, unit.folds, unit.columns, unit.parts)
    banks = memory(unit.depth, unit.i.width, writable=True)
    return banks + loops + Resources(lut=20, ff=unit.o.width + 8)


@resources.register
def _(unit: units.ThresholdUnit) -> Resources:
    compare = unit.steps * unit.level_bits + unit.out_bits + 2
    return Resources(lut=unit.lanes * compare + 4, ff=unit.lanes * unit.out_bits + 1)


@resources.register
def _(unit: units.ForkUnit) -> Resources:
    return Resources(lut=3 * unit.ways, ff=unit.ways)


@resources.register
def _(unit: units.FifoUnit) -> Resources:
    bits = unit.depth.bit_length()
    return memory(unit.depth, unit.i.width, writable=True) + Resources(lut=8 * bits, ff=3 * bits)


@resources.register
def _(unit: units.AddUnit) -> Resources:
    return Resources(lut=unit.o.width + 6, ff=unit.o.width + 1)


@resources.register
def _(unit: units.PixelSumUnit) -> Resources:
    sums = memory(unit.folds, unit.o.width, writable=True)
    starts = memory(unit.folds, unit.o.width, writable=False)
    adder = Resources(lut=2 * unit.o.width, ff=unit.o.width)
    return sums + starts + adder + counters(unit.folds, unit.pixels)


@resources.register
def _(unit: units.ScoreUnit) -> Resources:
    kept = unit.classes * unit.score_bits
    work = 2 * unit.score_bits + unit.sum_bits + unit.multiplier_bits
    return Resources(lut=kept // 2 + 3 * work, ff=kept + work) + counters(unit.classes)


def plan_resources(plan: Plan) -> Resources:
    """Sum over all units."""
    return sum((resources(node.unit) for node in plan.nodes), Resources())
