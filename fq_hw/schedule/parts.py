"""What each unit is made of: what is known exactly, and quantities whose price is measured.

A unit's LUT4 (or flip-flops) are ``exact`` plus, for each of its terms, price times quantity; the
prices are fitted by ``make calibrate`` and stand in calibration.json. Block RAMs are exact.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from fq_hw.errors import GraphError
from fq_hw.schedule import units
from fq_hw.schedule.memories import (
    block_muxed,
    blocks,
    distinct,
    distributed,
    logic_rom,
    ram_in_blocks,
)
from fq_hw.schedule.two_tree import build
from fq_hw.schedule.units import ceil_div, in_block_ram

__all__ = ["Parts", "parts"]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Exact counts, and quantities by the names of their prices."""

    lut: Mapping[str, float]
    ff: Mapping[str, float]
    exact_lut: int = 0
    exact_ff: int = 0
    ebr: int = 0


def bits(limit: int) -> int:
    """Width of a counter of 0..limit-1."""
    return (limit - 1).bit_length()


def ring(depth: int, width: int) -> tuple[int, int, int]:
    """LUT4, flip-flops and blocks of a RAM whose read port is synchronous."""
    if in_block_ram(depth, width) or ram_in_blocks(depth, width):
        return 0, 0, blocks(depth, width, rom=False)
    return distributed(depth, width), width, 0


@functools.singledispatch
def parts(unit: units.Unit) -> Parts:
    """What ``unit`` is made of."""
    raise GraphError(f"{type(unit).__name__}: has no cost; teach fq_hw/schedule/parts.py")


@parts.register
def _(unit: units.EmbedUnit) -> Parts:
    width = unit.length * unit.bits
    block = in_block_ram(256, width)
    return Parts(
        lut={"fixed": 1, "logic": 0 if block else unit.colours * width},
        ff={"fixed": 1, "words": 0 if block else unit.colours * width},
        ebr=unit.colours * blocks(256, width, rom=True) if block else 0,
    )


@parts.register
def _(unit: units.ConvertUnit) -> Parts:
    low, high = sorted((unit.lanes_in, unit.lanes_out))
    wide, ratio = high * unit.bits, high // low
    counts = bits(ratio) + bits(min(unit.beats_in, unit.beats_out))
    if unit.lanes_out < unit.lanes_in:
        masked = unit.o.width if unit.channels % unit.lanes_out else 0
        return Parts(
            lut={
                "narrow": 1,
                "shifted": wide - unit.o.width,
                "narrow counts": counts,
                "narrow masked": masked,
            },
            ff={"narrow": 1, "shifted": wide, "narrow counts": counts},
        )
    masked = unit.i.width if unit.channels % unit.lanes_in else 0
    return Parts(
        lut={
            "wide": 1,
            "placed": wide - low * unit.bits,
            "places": ratio * bits(ratio),
            "wide counts": counts,
            "wide masked": masked,
        },
        ff={"wide": 1, "placed": wide, "wide counts": counts},
    )


@parts.register
def _(unit: units.WindowUnit) -> Parts:
    width, address = unit.i.width, bits(unit.depth)
    lut, ff, ebr = ring(unit.depth, width)
    loops = (
        unit.folds, unit.width, unit.folds, unit.kernel, unit.kernel, unit.repeats, unit.groups,
        unit.out_height,
    )  # fmt: skip
    pixels = max(bits(unit.height * unit.width) - 5, 0)
    padded, more = 1 if unit.padding else 0, unit.columns - 1
    uneven = unit.width & (unit.width - 1) != 0
    frees = max(unit.freed(oy) for oy in range(unit.out_height))
    request = unit.columns * address + unit.o.blanks + frees.bit_length()
    return Parts(
        lut={
            "fixed": 1,
            "ring": unit.columns * lut,
            "folds": bits(unit.folds),
            "pixels": pixels,
            "uneven": pixels if uneven else 0,
            "padded": padded,
            "padded pixels": pixels * padded,
            "columns": more,
            "column address": more * address,
            "column padding": more * padded * bits(unit.width),
            "requests": request,
        },
        ff={
            "fixed": 1,
            "words": unit.o.width,
            "requests": request,
            "ring": unit.columns * ff,
            "counts": sum(bits(limit) for limit in loops),
            "address": address,
        },
        ebr=unit.columns * ebr,
    )


@parts.register
def _(unit: units.ReorderUnit) -> Parts:
    lut, ff, ebr = ring(unit.depth, unit.i.width)
    counts = sum(map(bits, (unit.group_beats, unit.parts, unit.folds, unit.columns)))
    muxed = 0 if ebr else unit.i.width * (ceil_div(unit.depth, 16) - 1)
    request = bits(unit.depth) + 1
    return Parts(
        lut={"fixed": 1, "ram": lut, "muxed": muxed, "counts": counts, "requests": request},
        ff={
            "fixed": 1,
            "words": unit.i.width,
            "ram": ff,
            "counts": counts,
            "requests": request,
        },
        ebr=ebr,
    )


@parts.register
def _(unit: units.RomUnit) -> Parts:
    depth, width, address = unit.depth, unit.width, bits(unit.depth)
    block = unit.in_block_ram
    columns = 0 if block or depth == 1 else distinct(depth, width)
    return Parts(
        lut={
            "fixed": 1,
            "address": address,
            "muxed": block_muxed(depth, width, rom=True) if block else 0,
            **logic_rom(1 if block else depth, width),
        },
        ff={
            "fixed": 1,
            "block words": width if block else 0,
            "logic words": columns,
            "address": address,
        },
        ebr=blocks(depth, width, rom=True) if block else 0,
    )


@functools.cache
def delayed(simd: int, act_bits: int, levels_per_stage: int) -> tuple[int, int]:
    """Registers on the way of a dot product's signs, and of its activations' bits."""
    delays = build(simd, act_bits, levels_per_stage).delays
    signs = sum(1 + max(lane) for lane in zip(*delays, strict=True))
    return signs, sum(1 + delay for plane in delays for delay in plane)


@parts.register
def _(unit: units.ConvUnit) -> Parts:
    tree, dots = unit.tree, unit.pe * unit.columns
    signs, acts = delayed(unit.simd, unit.act_bits, unit.levels_per_stage)
    sums, summed = dots * unit.raw_bits, unit.sf > 1
    deep = unit.slots > 2  # a queue of two places is made of registers
    return Parts(
        exact_lut=dots * tree.positions,
        lut={
            "fixed": 1,
            "sum bits": sums if summed else 0,
            "sums": dots if summed else 0,
            "queued": distributed(unit.slots - 1, unit.o.width) if deep else 0,
            "queue": 1 if unit.slots > 1 else 0,
            "beats": bits(unit.sf),
        },
        ff={
            "fixed": 1,
            "signs": unit.pe * (signs + unit.SPREAD * unit.simd),
            "acts": unit.columns
            * (unit.act_copies * acts + unit.SPREAD * unit.simd * unit.act_bits),
            "tree": dots * len(tree.registers),
            "sum bits": sums if summed else 0,
            "out": sums,
            "queued": sums if unit.slots == 2 else 0,
            "stages": unit.sum_cycles,
            "beats": bits(unit.sf),
        },
    )


@parts.register
def _(unit: units.ThresholdUnit) -> Parts:
    compared = unit.lanes * unit.steps
    return Parts(
        lut={
            "fixed": 1,
            "compared bits": compared * unit.level_bits,
            "compared": compared,
            "odd": compared * (unit.level_bits % 2),  # the carry ends amid a pair of positions
            "out": unit.o.width,
        },
        ff={"fixed": 1, "out": 2 * unit.o.width},
        exact_ff=compared + unit.lanes,
    )


@parts.register
def _(unit: units.PlaneUnit) -> Parts:
    before, chains = (unit.in_bits,) * unit.planes, 0
    for widths in unit.levels:  # a chain of carries for every pair, as long as the upper one
        chains += sum(n + n % 2 for n in before[1::2])
        before = widths
    return Parts(
        lut={"fixed": 1, "carry": unit.lanes * chains, "added": unit.lanes * (unit.planes - 1)},
        ff={"fixed": 1, "sums": unit.lanes * sum(map(sum, unit.levels))},
    )


@parts.register
def _(unit: units.RequantizeUnit) -> Parts:
    sums = unit.lanes * unit.sum_bits
    above = unit.lanes * max(unit.sum_bits - unit.shift - unit.out_bits, 0)
    kept = unit.lanes * (unit.sum_bits - max(unit.shift - 1, 0))
    return Parts(
        lut={"fixed": 1, "sum bits": sums, "above": above, "out": unit.o.width},
        ff={"fixed": 1, "kept": kept, "out": unit.o.width},
    )


@parts.register
def _(unit: units.PoolUnit) -> Parts:
    width, depth = unit.o.width, unit.depth
    counts = sum(map(bits, (unit.folds, unit.width, unit.height, unit.rows, unit.columns, depth)))
    summed = unit.pooling is units.Pooling.SUM
    signs = unit.lanes * ceil_div(unit.folds, 16) if unit.signed else 0
    return Parts(
        lut={
            "fixed": 1,
            "ram": distributed(depth, width),
            "muxed": width * (ceil_div(depth, 16) - 1),
            "summed": width if summed else 0,
            "compared": 0 if summed else width + signs,
            "counts": counts,
        },
        ff={"fixed": 1, "out": width, "counts": counts},
    )


@parts.register
def _(unit: units.ForkUnit) -> Parts:
    pairs = unit.ways * (unit.ways - 1) // 2
    return Parts(lut={"pairs": pairs}, ff={}, exact_ff=unit.ways)


@parts.register
def _(unit: units.FifoUnit) -> Parts:
    depth, width = unit.depth - 2, unit.i.width  # two words wait in the output registers
    block = ram_in_blocks(depth, width)
    return Parts(
        lut={
            "fixed": 1,
            "ram": 0 if block else distributed(depth, width),
            "muxed": 0 if block else width * (ceil_div(depth, 16) - 1),
            "block muxed": block_muxed(depth, width, rom=False) if block else 0,
            "place": bits(depth),
        },
        ff={"fixed": 1, "word": 0 if block else 2 * width, "place": bits(depth)},
        ebr=blocks(depth, width, rom=False) if block else 0,
    )


@parts.register
def _(unit: units.AddUnit) -> Parts:
    carry = unit.lanes * (unit.out_bits + unit.out_bits % 2)
    return Parts(
        lut={"fixed": 1, "carry": carry, "lanes": unit.lanes}, ff={"fixed": 1, "out": unit.o.width}
    )


@parts.register
def _(unit: units.ConcatUnit) -> Parts:
    return Parts(
        lut={"fixed": 1, "out": unit.o.width, "counts": sum(map(bits, unit.folds))},
        ff={"fixed": 1, "out": unit.o.width, "counts": sum(map(bits, unit.folds))},
    )


@parts.register
def _(unit: units.PixelSumUnit) -> Parts:
    folded = unit.folds > 1
    width = unit.o.width
    return Parts(
        lut={
            "fixed": 1,
            "sums": distributed(unit.folds, width),
            "muxed": width * (ceil_div(unit.folds, 16) - 1),
            "starts": distinct(unit.folds, width) if folded else 0,
            "sum bits": width,
            "lanes": unit.lanes,
            "counts": bits(unit.folds) + bits(unit.pixels),
        },
        ff={"fixed": 1, "out": width, "counts": bits(unit.folds) + bits(unit.pixels)},
    )


@parts.register
def _(unit: units.ScoreUnit) -> Parts:
    return Parts(
        lut={
            "fixed": 1,
            "score bits": unit.score_bits * (1 + unit.biased) + unit.sum_bits * unit.falling,
            "kept": unit.classes * unit.score_bits,
            "classes": unit.classes,
            "multiplier bits": unit.multiplier_bits,
        },
        ff={
            "fixed": 1,
            "score bits": unit.score_bits,
            "kept": unit.classes * unit.score_bits,
            "multiplier bits": unit.multiplier_bits,
        },
    )
