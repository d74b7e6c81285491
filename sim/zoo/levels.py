"""Units that make levels: of pixels, of sums, of other levels."""

from __future__ import annotations

from typing import Any

import numpy as np

from fq_hw import ir
from fq_hw.golden.ops import evaluate
from fq_hw.schedule.lines import Line
from fq_hw.schedule.units import (
    Beat,
    EmbedUnit,
    LateEmbedUnit,
    LineUnit,
    LookupUnit,
    PlaneUnit,
    Pooling,
    PoolUnit,
    RequantizeUnit,
    ThresholdUnit,
    Unit,
    ceil_div,
)
from fq_hw.schedule.words import bits_of
from sim.vectors import Vectors, make, noise, pack, with_blanks

__all__ = ["UNITS"]


def embed(colours: int, length: int, bits: int, tables: int) -> EmbedUnit:
    return EmbedUnit(colours=colours, length=length, bits=bits, tables=tables, pixels=8)


@make.register
def _(unit: EmbedUnit, dice, frames) -> Vectors:
    shape = (unit.tables, 256, unit.length)
    table = dice.integers(0, 2**unit.bits, shape).astype(np.uint8)
    pixels = noise(dice, unit.i, frames, 1, unit.pixels, unit.colours)
    out = evaluate(ir.Embed(name="embed", table=table, out_bits=unit.bits), pixels)
    i, o = {"i": pack(pixels, 8)}, {"o": pack(out.astype(np.int64), unit.bits)}
    return Vectors(i=i, o=o, frames=frames, contents=table)


@make.register
def _(unit: LateEmbedUnit, dice, frames) -> Vectors:
    table = dice.integers(0, 2**unit.bits, unit.contents).astype(np.uint8)
    pixels = noise(dice, unit.i, frames, 2, unit.colours // unit.lanes, unit.hold, unit.i.lanes)
    colour = np.arange(unit.colours).reshape(-1, 1, unit.lanes) % unit.tables
    rows = pixels.reshape(*pixels.shape[:-1], unit.columns, unit.lanes)
    out = table[colour[:, :, None], rows].reshape(*pixels.shape[:-1], -1)
    blank = dice.integers(0, 2, (*pixels.shape[:-1], unit.blanks))
    return Vectors(
        i={"i": with_blanks(pixels, 8, blank)},
        o={"o": with_blanks(out.astype(np.int64), unit.bits, blank)},
        late={"o": unit.o.late},
        frames=frames,
        contents=table,
    )


def threshold(
    channels: int, lanes: int, in_bits: int, level_bits: int, out_bits: int
) -> ThresholdUnit:
    return ThresholdUnit(
        channels=channels,
        pixels=6,
        lanes=lanes,
        in_bits=in_bits,
        level_bits=level_bits,
        out_bits=out_bits,
    )


@make.register
def _(unit: ThresholdUnit, dice, frames) -> Vectors:
    pixels, channels = frames * unit.pixels, unit.slices * unit.lanes
    levels = noise(dice, Beat(lanes=1, bits=unit.level_bits), channels, unit.steps)
    reached = dice.random(levels.shape) < 0.75
    levels = np.sort(np.where(reached, levels % 2**unit.in_bits, levels), axis=1)
    sign = dice.choice(np.array([-1, 1]), channels)
    # x on a level, one below, one above, and anywhere.
    near = dice.choice(levels.T, pixels) + dice.integers(-1, 2, (pixels, channels))
    far = noise(dice, unit.i, pixels, channels)
    x = np.where(dice.random(near.shape) < 0.7, near.clip(0, 2**unit.in_bits - 1), far)
    # A falling channel counts down: steps - #{x >= level} is #{-x >= 1 - level}.
    falling = np.where(sign[:, None] < 0, 1 - levels[:, ::-1], levels)
    golden = ir.Threshold(name="threshold", levels=falling, sign=sign, out_bits=unit.out_bits)
    out = evaluate(golden, x).astype(np.int64).reshape(pixels, unit.slices, unit.lanes)
    numbers = np.array(pack(levels, unit.level_bits), object)
    signed = numbers + ((sign < 0).astype(object) << (unit.i_level.bits - 1))
    words = pack(signed.reshape(unit.slices, unit.lanes), unit.i_level.bits)
    return Vectors(
        i={
            "i": pack(x.reshape(-1, unit.lanes), unit.in_bits),
            "i_level": words * pixels,
        },
        o={"o": pack(out, unit.out_bits)},
        frames=frames,
    )


def plane(channels: int, lanes: int, planes: int, in_bits: int, inverted: bool) -> PlaneUnit:
    return PlaneUnit(
        channels=channels, pixels=5, lanes=lanes, planes=planes, in_bits=in_bits, inverted=inverted
    )


@make.register
def _(unit: PlaneUnit, dice, frames) -> Vectors:
    pixels, folds = frames * unit.pixels, ceil_div(unit.channels, unit.lanes)
    raw = noise(dice, unit.i, pixels, folds, unit.lanes, unit.planes)
    worth = 2 ** np.arange(unit.planes)
    if unit.inverted:  # the top plane counts negative; what that leaves out stays out
        worth[-1] *= -1
    out = (raw * worth).sum(axis=-1) + unit.left_out
    i = {"i": pack(raw.reshape(pixels, folds, -1), unit.in_bits)}
    return Vectors(i=i, o={"o": pack(out, unit.o.bits)}, frames=frames)


def requantize(
    channels: int, lanes: int, in_bits: int, constant_bits: int, shift: int, out_bits: int
) -> RequantizeUnit:
    return RequantizeUnit(
        channels=channels,
        pixels=6,
        lanes=lanes,
        in_bits=in_bits,
        constant_bits=constant_bits,
        shift=shift,
        out_bits=out_bits,
    )


@make.register
def _(unit: RequantizeUnit, dice, frames) -> Vectors:
    pixels, channels = frames * unit.pixels, unit.slices * unit.lanes
    constant = noise(dice, unit.i_constant, channels)
    x = noise(dice, unit.i, pixels, channels)
    # Sums near the ends and the steps of the result: a constant that cancels x, and a bit more.
    top = 2**unit.out_bits << max(unit.shift, 0)
    near = dice.integers(-2, top + 2, x.shape) - constant
    x = np.where(dice.random(x.shape) < 0.7, near.clip(0, 2**unit.in_bits - 1), x)
    half = 1 << unit.shift >> 1 if unit.shift > 0 else 0
    golden = ir.Requantize(name="requantize", shift=unit.shift, out_bits=unit.out_bits)
    out = evaluate(golden, x + constant - half).astype(np.int64)
    words = pack(constant.reshape(unit.slices, unit.lanes), unit.constant_bits)
    return Vectors(
        i={"i": pack(x.reshape(-1, unit.lanes), unit.in_bits), "i_constant": words * pixels},
        o={"o": pack(out.reshape(-1, unit.lanes), unit.out_bits)},
        frames=frames,
    )


def line(
    channels: int, lanes: int, in_bits: int, slope_bits: int, shift: int, **more: Any
) -> LineUnit:
    return LineUnit(
        channels=channels, pixels=6, lanes=lanes, in_bits=in_bits, slope_bits=slope_bits,
        shift=shift,
        **{"out_bits": 8, "origin_bits": in_bits + 1, "bias_bits": shift + 9, "low": 0,
           "high": 255, **more},
    )  # fmt: skip


@make.register
def _(unit: LineUnit, dice, frames) -> Vectors:
    pixels, channels = frames * unit.pixels, unit.slices * unit.lanes
    slope = dice.integers(0, 2**unit.slope_bits, channels)
    slope[-1] = 2**unit.slope_bits - 1
    ends = [2 ** (bits - 1) for bits in (unit.origin_bits, unit.bias_bits)]
    origin = dice.integers(-ends[0], min(ends[0], 1), channels)
    biases = dice.integers(-ends[1], ends[1], (2 if unit.two_sided else 1, channels))
    x = noise(dice, unit.i, pixels, channels)
    # Sums near a step of the result: what brings x close to one.
    steps = dice.integers(unit.low - 1, unit.high + 2, x.shape) << unit.shift
    near = (steps - biases[0]) // np.maximum(slope, 1) - origin + dice.integers(-1, 2, x.shape)
    x = np.where(dice.random(x.shape) < 0.7, near.clip(0, 2**unit.in_bits - 1), x)
    found = Line(slope=slope, bias=biases[0], below=biases[-1], shift=unit.shift, low=unit.low,
                 high=unit.high)  # fmt: skip
    fields = [(origin, unit.origin_bits), (slope, unit.slope_bits)]
    fields += [(bias, unit.bias_bits) for bias in biases]
    words = pack(np.concatenate([bits_of(*each) for each in fields], axis=1)
                 .reshape(unit.slices, -1), 1)  # fmt: skip
    return Vectors(
        i={"i": pack(x.reshape(-1, unit.lanes), unit.in_bits), "i_constant": words * pixels},
        o={"o": pack(found.levels(x + origin).reshape(-1, unit.lanes), unit.out_bits)},
        frames=frames,
    )


def lookup(channels: int, lanes: int, in_bits: int, out_bits: int) -> LookupUnit:
    return LookupUnit(channels=channels, pixels=9, lanes=lanes, in_bits=in_bits, out_bits=out_bits)


@make.register
def _(unit: LookupUnit, dice, frames) -> Vectors:
    table = dice.integers(0, 2**unit.out_bits, unit.depth)
    x = noise(dice, unit.i, frames * unit.pixels, unit.slices * unit.lanes)
    out = evaluate(ir.Lookup(name="lookup", table=table), x)
    return Vectors(
        i={"i": pack(x.reshape(-1, unit.lanes), unit.in_bits)},
        o={"o": pack(out.reshape(-1, unit.lanes), unit.out_bits)},
        frames=frames,
        contents=table,
    )


def pool(
    pooling: Pooling,
    size: tuple[int, int],
    kernel: tuple[int, int],
    channels: int,
    lanes: int,
    bits: int = 3,
    signed: bool = False,
) -> PoolUnit:
    return PoolUnit(
        pooling=pooling,
        height=size[0],
        width=size[1],
        channels=channels,
        lanes=lanes,
        in_bits=bits,
        kernel=kernel,
        signed=signed,
    )


@make.register
def _(unit: PoolUnit, dice, frames) -> Vectors:
    x = noise(dice, unit.i, frames, unit.height, unit.width, unit.slices * unit.lanes)
    kind = ir.MaxPool if unit.pooling is Pooling.MAX else ir.SumPool
    sign = dice.choice(np.array([-1, 1]), x.shape[-1]) if unit.signed else None
    more: dict[str, Any] = {"sign": sign} if unit.signed else {}
    out = evaluate(kind(name="pool", kernel=unit.kernel, **more), x)
    return Vectors(
        i={"i": pack(x.reshape(-1, unit.lanes), unit.in_bits)},
        o={"o": pack(out.reshape(-1, unit.lanes), unit.o.bits)},
        frames=frames,
        contents=sign,
    )


UNITS: dict[str, Unit] = {
    "late_embed": LateEmbedUnit(colours=3, length=4, bits=2, tables=1, lanes=1),
    "late_embed_colours": LateEmbedUnit(
        colours=3, length=5, bits=2, tables=3, lanes=1, columns=2, hold=2, padded=True
    ),
    "late_embed_lanes": LateEmbedUnit(colours=4, length=4, bits=3, tables=4, lanes=2, padded=True),
    "late_embed_whole": LateEmbedUnit(colours=2, length=8, bits=1, tables=2, lanes=2, hold=3),
    "embed_grey": embed(1, 1, 1, 1),
    "embed_shared": embed(3, 4, 2, 1),
    "embed_apart": embed(3, 3, 2, 3),
    "plane_1": plane(3, 1, planes=1, in_bits=4, inverted=True),
    "plane_2": plane(4, 2, planes=2, in_bits=5, inverted=False),
    "plane_3": plane(5, 5, planes=3, in_bits=4, inverted=True),
    "plane_8": plane(2, 1, planes=8, in_bits=6, inverted=True),
    "requantize": requantize(4, 2, in_bits=8, constant_bits=7, shift=3, out_bits=4),
    "requantize_uneven": requantize(5, 2, in_bits=6, constant_bits=9, shift=1, out_bits=2),
    "requantize_as_is": requantize(2, 1, in_bits=5, constant_bits=4, shift=0, out_bits=5),
    "requantize_up": requantize(3, 3, in_bits=4, constant_bits=5, shift=-2, out_bits=8),
    "requantize_low": requantize(1, 1, in_bits=9, constant_bits=1, shift=9, out_bits=1),
    "line": line(4, 2, in_bits=12, slope_bits=8, shift=11),
    "line_limbs": line(3, 1, in_bits=20, slope_bits=25, shift=32),
    "line_two_sided": line(4, 1, in_bits=19, slope_bits=18, shift=24, two_sided=True),
    "line_clamped": line(2, 2, in_bits=9, slope_bits=17, shift=16, low=7, high=200),
    "line_logic": line(3, 1, in_bits=20, slope_bits=25, shift=32, logic=True),
    "line_narrow": line(2, 1, in_bits=3, slope_bits=1, shift=0, bias_bits=2, out_bits=2, high=3),
    "lookup": lookup(4, 2, in_bits=8, out_bits=21),
    "lookup_small": lookup(3, 3, in_bits=2, out_bits=5),
    "lookup_bit": lookup(2, 1, in_bits=1, out_bits=1),
    "pool_max": pool(Pooling.MAX, (4, 6), (2, 2), channels=4, lanes=2),
    "pool_max_left_over": pool(Pooling.MAX, (5, 7), (2, 3), channels=3, lanes=3),
    "pool_max_all": pool(Pooling.MAX, (3, 3), (3, 3), channels=5, lanes=2),
    "pool_min": pool(Pooling.MAX, (4, 6), (2, 2), channels=4, lanes=2, signed=True),
    "pool_min_1": pool(Pooling.MAX, (3, 4), (1, 2), channels=3, lanes=3, bits=5, signed=True),
    "pool_min_all": pool(Pooling.MAX, (4, 4), (2, 2), channels=2, lanes=2, signed=True),
    "pool_sum": pool(Pooling.SUM, (6, 4), (3, 2), channels=4, lanes=4),
    "pool_sum_left_over": pool(Pooling.SUM, (3, 5), (2, 2), channels=2, lanes=1),
    "pool_as_is": pool(Pooling.MAX, (2, 3), (1, 1), channels=2, lanes=2),
    "pool_row": pool(Pooling.SUM, (2, 6), (1, 4), channels=1, lanes=1),
    "threshold_bit": threshold(1, 1, 4, 4, 1),
    "threshold_lanes": threshold(4, 2, 6, 6, 2),
    "threshold_uneven": threshold(5, 2, 5, 6, 2),
    "threshold_low": threshold(3, 3, 7, 5, 2),
    "threshold_falling": threshold(1, 1, 5, 5, 2),
    "threshold_bits_3": threshold(2, 2, 4, 7, 3),
}
