"""Units that pass beats on: wider, narrower, twice, later, joined."""

from __future__ import annotations

import math

import numpy as np

from fq_hw import ir
from fq_hw.golden.ops import evaluate
from fq_hw.ir import Places
from fq_hw.schedule.units import (
    AddUnit,
    ConcatUnit,
    ConvertUnit,
    FifoUnit,
    ForkUnit,
    PadUnit,
    PickUnit,
    ReorderUnit,
    RomUnit,
    SelectUnit,
    SpreadUnit,
    Unit,
)
from sim.vectors import Vectors, in_lanes, make, noise, pack

__all__ = ["UNITS"]


def convert(channels: int, lanes_in: int, lanes_out: int, signed: bool = False) -> ConvertUnit:
    return ConvertUnit(
        channels=channels,
        pixels=4,
        lanes_in=lanes_in,
        lanes_out=lanes_out,
        bits=5 if signed else 2,
        signed=signed,
    )


@make.register
def _(unit: ConvertUnit, dice, frames) -> Vectors:
    pixels = frames * unit.pixels
    beats = noise(dice, unit.i, pixels, unit.beats_in, unit.lanes_in)
    channels = beats.reshape(pixels, -1)[:, : unit.channels]
    out = in_lanes(channels, unit.lanes_out)
    i, o = {"i": pack(beats, unit.bits)}, {"o": pack(out, unit.bits)}
    return Vectors(i=i, o=o, frames=frames)


def reorder(columns: int, folds: int, slices: int, **more: int) -> ReorderUnit:
    return ReorderUnit(
        columns=columns, folds=folds, slices=slices, lanes=2, bits=3, groups=4, **more
    )


@make.register
def _(unit: ReorderUnit, dice, frames) -> Vectors:
    shape = (frames * unit.groups, unit.folds, unit.columns, unit.slices, unit.lanes)
    beats = noise(dice, unit.i, *shape)
    pixels = beats.swapaxes(1, 2).reshape(-1, unit.folds * unit.slices, unit.lanes)
    i, o = {"i": pack(beats, unit.bits)}, {"o": pack(pixels[:, : unit.pixel_beats], unit.bits)}
    return Vectors(i=i, o=o, frames=frames)


@make.register
def _(unit: PickUnit, dice, frames) -> Vectors:
    x = noise(dice, unit.i, frames, unit.height, unit.width, unit.slices, unit.lanes)
    slices, columns, rows = (places.indices for places, _ in unit.sides.values())
    o = x[:, rows][:, :, columns][:, :, :, slices]
    return Vectors(i={"i": pack(x, unit.in_bits)}, o={"o": pack(o, unit.in_bits)}, frames=frames)


@make.register
def _(unit: PadUnit, dice, frames) -> Vectors:
    x = noise(dice, unit.i, frames, unit.height, unit.width, unit.slices * unit.lanes)
    (top, left, bottom, right), sizes = unit.pads, (unit.height, unit.width)
    rows, columns = (
        Places(count=size, before=before, after=after).indices
        for size, before, after in zip(sizes, (top, left), (bottom, right), strict=True)
    )
    o = evaluate(ir.Grid(name="pad", rows=rows, columns=columns, level=unit.level), x)
    o = o.reshape(-1, unit.lanes)
    return Vectors(i={"i": pack(x.reshape(-1, unit.lanes), unit.in_bits)},
                   o={"o": pack(o, unit.in_bits)}, frames=frames)  # fmt: skip


@make.register
def _(unit: SelectUnit, dice, frames) -> Vectors:
    x = noise(dice, unit.i, frames, 1, unit.pixels, unit.channels)
    o = evaluate(ir.Select(name="select", order=np.array(unit.order), level=unit.level), x)
    i, o = ({name: pack(beats, unit.in_bits)} for name, beats in (("i", x), ("o", o)))
    return Vectors(i=i, o=o, frames=frames)


@make.register
def _(unit: SpreadUnit, dice, frames) -> Vectors:
    inside = math.prod(unit.block) if unit.deep else 1
    channels = inside * unit.slices * unit.lanes
    x = noise(dice, unit.i, frames, unit.groups, unit.width, channels)
    op: ir.Op = ir.DepthToSpace(name="spread", block=unit.block)
    if not unit.deep:
        sizes = zip((unit.groups, unit.width), unit.block, strict=True)
        rows, columns = (Places(count=size, times=times).indices for size, times in sizes)
        op = ir.Grid(name="spread", rows=rows, columns=columns)
    i, o = ({name: pack(beats.reshape(-1, unit.lanes), unit.bits)}
            for name, beats in (("i", x), ("o", evaluate(op, x))))  # fmt: skip
    return Vectors(i=i, o=o, frames=frames)


@make.register
def _(unit: RomUnit, dice, frames) -> Vectors:
    bits = dice.integers(0, 2, (unit.depth, unit.width)).astype(np.uint8)
    words = tuple(sum(int(bit) << n for n, bit in enumerate(row)) for row in bits)
    return Vectors(i={}, o={"o": words * frames}, late={"o": unit.o.late}, contents=bits)


@make.register
def _(unit: ForkUnit, dice, frames) -> Vectors:
    beats = pack(noise(dice, unit.i, 16 * frames, unit.lanes), unit.bits)
    return Vectors(i={"i": beats}, o={f"o_{way}": beats for way in range(unit.ways)})


@make.register
def _(unit: FifoUnit, dice, frames) -> Vectors:
    beats = pack(noise(dice, unit.i, (unit.depth + 16) * frames, unit.lanes), unit.bits)
    return Vectors(i={"i": beats}, o={"o": beats})


@make.register
def _(unit: AddUnit, dice, frames) -> Vectors:
    a, b = (noise(dice, beat, 1, 1, 24 * frames, unit.lanes) for beat in unit.ins.values())
    total = evaluate(ir.Add(name="add", times=unit.times), a, b)
    return Vectors(
        i={"i_a": pack(a, unit.bits[0]), "i_b": pack(b, unit.bits[1])},
        o={"o": pack(total, unit.out_bits)},
    )


@make.register
def _(unit: ConcatUnit, dice, frames) -> Vectors:
    beats = [
        noise(dice, beat, frames * unit.pixels, slices, unit.lanes)
        for beat, slices in zip(unit.ins.values(), unit.slices, strict=True)
    ]
    op = ir.Concat(name="concat", swapped=unit.swapped)
    flat = [x.reshape(1, 1, len(x), -1) for x in beats]
    out = evaluate(op, *flat).reshape(-1, unit.lanes)
    return Vectors(
        i={"i_a": pack(beats[0], unit.bits[0]), "i_b": pack(beats[1], unit.bits[1])},
        o={"o": pack(out, unit.o.bits)},
        frames=frames,
    )


def pick(height: int, width: int, channels: int, **more: Places) -> PickUnit:
    return PickUnit(height=height, width=width, channels=channels, lanes=2, in_bits=2, **more)


def pad(
    height: int, width: int, channels: int, pads: tuple[int, int, int, int], level: int
) -> PadUnit:
    return PadUnit(height=height, width=width, channels=channels, lanes=2, in_bits=2, pads=pads,
                   level=level)  # fmt: skip


def select(channels: int, *order: int, level: int = 0) -> SelectUnit:
    return SelectUnit(channels=channels, lanes=channels, in_bits=3, pixels=6, order=order,
                      level=level)  # fmt: skip


def spread(
    height: int, width: int, slices: int, block: tuple[int, int], deep: bool = False, banks: int = 4
) -> SpreadUnit:
    return SpreadUnit(groups=height, width=width, slices=slices, block=block, deep=deep, lanes=2,
                      bits=3, banks=banks)  # fmt: skip


UNITS: dict[str, Unit] = {
    # Going wider: pixels that end inside an output beat, and ones smaller than it.
    "convert_10_4_16": convert(10, 4, 16),
    "convert_30_4_16": convert(30, 4, 16),
    "convert_32_4_16": convert(32, 4, 16),
    "convert_18_4_16": convert(18, 4, 16),
    "convert_9_1_2": convert(9, 1, 2),
    "convert_3_1_8": convert(3, 1, 8),
    "convert_1_1_2": convert(1, 1, 2),
    "convert_6_2_6_signed": convert(6, 2, 6, signed=True),
    # Going narrower: input beats that hold more lanes than the pixel has channels left.
    "convert_10_16_4": convert(10, 16, 4),
    "convert_30_16_4": convert(30, 16, 4),
    "convert_32_16_4": convert(32, 16, 4),
    "convert_5_8_2": convert(5, 8, 2),
    "convert_9_4_1": convert(9, 4, 1),
    "convert_1_2_1": convert(1, 2, 1),
    "convert_12_6_2_signed": convert(12, 6, 2, signed=True),
    "reorder_2_3": reorder(2, 3, 1),
    "reorder_3_2_2": reorder(3, 2, 2),
    "reorder_4_8_2": reorder(4, 8, 2),
    "reorder_1": reorder(1, 1, 1),
    "reorder_banks": reorder(8, 4, 1, banks=2),
    "reorder_banks_exact": reorder(7, 3, 2, banks=2),
    "reorder_idle": reorder(3, 2, 3, idle=2),
    "reorder_idle_banks": reorder(9, 2, 2, idle=1, banks=2),
    "reorder_idle_little": reorder(3, 3, 4, idle=1),
    "pick_2": pick(5, 4, 4, rows=Places(step=2, count=3), columns=Places(step=2, count=2)),
    "pick_3": pick(3, 7, 2, rows=Places(count=1), columns=Places(step=3, count=3)),
    "pick_inside": pick(
        6, 9, 2, rows=Places(start=1, step=2, count=2), columns=Places(start=2, count=5)
    ),
    "pick_last": pick(3, 3, 4, rows=Places(start=2, count=1), columns=Places(start=2, count=1)),
    "pick_channels": pick(
        2,
        3,
        10,
        rows=Places(count=2),
        columns=Places(count=3),
        beats_kept=Places(start=1, step=2, count=2),
    ),
    "pick_of_all": pick(
        4,
        3,
        6,
        rows=Places(start=1, count=2),
        columns=Places(start=1, count=2),
        beats_kept=Places(start=1, count=1),
    ),
    "pad": pad(3, 4, 4, (1, 2, 3, 1), 2),
    "pad_below": pad(2, 3, 2, (0, 0, 2, 1), 0),
    "pad_above": pad(1, 2, 6, (2, 0, 0, 0), 3),
    "pad_left": pad(3, 1, 2, (0, 1, 0, 0), 1),
    "pad_pixel": pad(1, 1, 2, (1, 1, 1, 1), 1),
    "select": select(4, 3, 2, 0, 1),
    "select_some": select(5, 4, -1, 1, 1, level=6),
    "select_none": select(2, -1, -1, level=1),
    "select_one": select(1, 0, 0, 0),
    "spread": spread(3, 5, 2, (2, 2)),
    "spread_columns": spread(2, 3, 1, (1, 3)),
    "spread_rows": spread(3, 2, 3, (3, 1)),
    "spread_pixel": spread(2, 1, 1, (2, 2)),
    "spread_nothing": spread(3, 4, 1, (1, 1)),
    "spread_banks": spread(3, 17, 2, (2, 2), banks=2),
    "spread_deep": spread(2, 3, 2, (2, 2), deep=True),
    "spread_deep_uneven": spread(3, 2, 1, (2, 3), deep=True),
    "spread_deep_banks": spread(4, 9, 1, (2, 2), deep=True, banks=2),
    "rom_1": RomUnit(depth=1, width=5),
    "rom_2": RomUnit(depth=2, width=1),
    "rom_7": RomUnit(depth=7, width=70),
    "rom_7_late": RomUnit(depth=7, width=70, late=True),
    "rom_16": RomUnit(depth=16, width=9),
    "rom_pieces": RomUnit(depth=3, width=70, late=True, pieces=4),
    "rom_pieces_2": RomUnit(depth=5, width=6, late=True, pieces=2),
    "rom_pieces_layers": RomUnit(depth=600, width=63, late=True, pieces=2),
    "rom_layers_late": RomUnit(depth=1100, width=32, late=True),  # 512, 512 and 76 words
    "fork_2": ForkUnit(lanes=2, bits=3, ways=2),
    "fork_3": ForkUnit(lanes=1, bits=5, ways=3),
    "fifo_3": FifoUnit(lanes=2, bits=3, depth=3),
    "fifo_4": FifoUnit(lanes=1, bits=4, depth=4),
    "fifo_5": FifoUnit(lanes=1, bits=7, depth=5),
    "fifo_64": FifoUnit(lanes=1, bits=6, depth=64),
    "add_even": AddUnit(lanes=1, bits=(4, 4), out_bits=5),
    "add_shifted": AddUnit(lanes=2, bits=(5, 3), out_bits=9, times=(1, 32)),
    "add_both_shifted": AddUnit(lanes=1, bits=(3, 4), out_bits=6, times=(4, 2)),
    "add_times": AddUnit(lanes=2, bits=(3, 5), out_bits=12, times=(77, 119)),
    "add_uneven": AddUnit(lanes=3, bits=(3, 6), out_bits=7),
    "concat": ConcatUnit(pixels=4, lanes=2, bits=(3, 5), slices=(2, 3), swapped=False),
    "concat_swapped": ConcatUnit(pixels=5, lanes=1, bits=(4, 2), slices=(1, 2), swapped=True),
    "concat_beats": ConcatUnit(pixels=6, lanes=3, bits=(2, 2), slices=(1, 1), swapped=False),
}
