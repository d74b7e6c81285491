"""Beats for a lone unit: random input, and the output that the integer meaning says.

Expected beats come from the golden model where an op corresponds, else from numpy on whole tensors;
nothing here knows how a component works. Lanes that nothing reads hold noise, not zeros.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from fq_hw import ir
from fq_hw.errors import GraphError
from fq_hw.golden.ops import evaluate
from fq_hw.schedule import units
from fq_hw.schedule.units import Beat, ceil_div

__all__ = ["Vectors", "pack", "random_vectors"]

Beats = tuple[int, ...]
OUTSIDE = -1  # stands for a tap outside the image


@dataclass(frozen=True, kw_only=True)
class Vectors:
    """Beats in and out by port, as integers; ``contents`` fills the component's ROM or table.

    ``frames`` is the number of frames back to back, for units that know frames; ``ignore`` the
    bits of an output, beat by beat, that may be anything; ``late`` the cycles by which a port's
    payloads come after their transfers, where they do.
    """

    i: Mapping[str, Beats]
    o: Mapping[str, Beats]
    ignore: Mapping[str, Beats] = field(default_factory=dict)
    late: Mapping[str, int] = field(default_factory=dict)
    frames: int = 1
    contents: np.ndarray | None = None

    @property
    def endless(self) -> bool:
        """Whether the output goes on for ever: nothing goes in."""
        return not self.i

    @property
    def limit(self) -> int:
        """Cycles within which all beats move, whatever the stalls; more mean a deadlock."""
        return 500 + 40 * sum(len(beats) for beats in (*self.i.values(), *self.o.values()))


def pack(lanes: np.ndarray, bits: int) -> Beats:
    """Beats of shape (...,lanes) as integers, lane 0 lowest, two's complement."""
    rows = lanes.reshape(-1, lanes.shape[-1]).tolist()
    mask = (1 << bits) - 1
    return tuple(sum((v & mask) << (n * bits) for n, v in enumerate(row)) for row in rows)


def with_blanks(lanes: np.ndarray, bits: int, blank: np.ndarray) -> Beats:
    """Beats of shape (...,lanes) with ``blank`` (...,blanks, or 0) above them."""
    if not blank.shape[-1]:
        return pack(lanes, bits)
    above = lanes.shape[-1] * bits
    both = zip(pack(lanes, bits), pack(blank, 1), strict=True)
    return tuple(levels | blanks << above for levels, blanks in both)


def noise(dice: np.random.Generator, beat: Beat, *shape: int) -> np.ndarray:
    """Random lanes, the extreme values among them more often than by chance."""
    low = -(2 ** (beat.bits - 1)) if beat.signed else 0
    high = low + 2**beat.bits - 1
    even = dice.integers(low, high + 1, shape)
    edge = dice.choice(np.array([low, high]), shape)
    return np.where(dice.random(shape) < 0.25, edge, even)


def in_lanes(channels: np.ndarray, lanes: int) -> np.ndarray:
    """Channels (...,C) as beats (...,folds,lanes); lanes beyond the last channel hold 0."""
    folds = ceil_div(channels.shape[-1], lanes)
    padded = np.zeros((*channels.shape[:-1], folds * lanes), np.int64)
    padded[..., : channels.shape[-1]] = channels
    return padded.reshape(*channels.shape[:-1], folds, lanes)


@functools.singledispatch
def make(unit: units.Unit, dice: np.random.Generator, frames: int) -> Vectors:
    """Vectors of ``unit`` for ``frames`` frames back to back."""
    raise GraphError(f"{type(unit).__name__}: has no vectors; teach sim/vectors.py")


def random_vectors(unit: units.Unit, frames: int = 3, seed: int = 1) -> Vectors:
    """Vectors of ``unit``: ``frames`` frames back to back, the same for a seed everywhere."""
    return make(unit, np.random.default_rng(seed), frames)


@make.register
def _(unit: units.EmbedUnit, dice, frames) -> Vectors:
    shape = (unit.tables, 256, unit.length)
    table = dice.integers(0, 2**unit.bits, shape).astype(np.uint8)
    pixels = noise(dice, unit.i, frames, 1, unit.pixels, unit.colours)
    out = evaluate(ir.Embed(name="embed", table=table, out_bits=unit.bits), pixels)
    i, o = {"i": pack(pixels, 8)}, {"o": pack(out.astype(np.int64), unit.bits)}
    return Vectors(i=i, o=o, frames=frames, contents=table)


@make.register
def _(unit: units.ConvertUnit, dice, frames) -> Vectors:
    pixels = frames * unit.pixels
    beats = noise(dice, unit.i, pixels, unit.beats_in, unit.lanes_in)
    channels = beats.reshape(pixels, -1)[:, : unit.channels]
    out = in_lanes(channels, unit.lanes_out)
    i, o = {"i": pack(beats, unit.bits)}, {"o": pack(out, unit.bits)}
    return Vectors(i=i, o=o, frames=frames)


@make.register
def _(unit: units.WindowUnit, dice, frames) -> Vectors:
    words = noise(dice, unit.i, frames, unit.height, unit.width, unit.folds, unit.lanes)
    k, p = unit.kernel, unit.padding
    padded = np.pad(words, ((0, 0), (p, p), (p, p), (0, 0), (0, 0)), constant_values=OUTSIDE)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k), axis=(1, 2))
    windows = windows[:, :: unit.stride, :: unit.stride].transpose(0, 1, 2, 5, 6, 3, 4)
    grouped = windows.reshape(*windows.shape[:2], unit.groups, unit.columns, *windows.shape[3:])
    side_by_side = np.moveaxis(grouped, 3, -2)  # lanes of a beat: column, lane
    beats = side_by_side.reshape(*side_by_side.shape[:-2], -1)
    lanes = np.repeat(beats[:, :, :, None], unit.repeats, axis=3)
    outside = lanes == OUTSIDE
    blank = outside[..., :: unit.lanes][..., : unit.o.blanks]
    out = with_blanks(np.where(outside, 0, lanes), unit.bits, blank)
    ignored = pack(outside * (2**unit.bits - 1), unit.bits)
    i = {"i": pack(words, unit.bits)}
    late = {"o": unit.o.late}
    return Vectors(i=i, o={"o": out}, ignore={"o": ignored}, late=late, frames=frames)


@make.register
def _(unit: units.ReorderUnit, dice, frames) -> Vectors:
    shape = (frames * unit.groups, unit.folds, unit.columns, unit.slices, unit.lanes)
    beats = noise(dice, unit.i, *shape)
    i, o = {"i": pack(beats, unit.bits)}, {"o": pack(beats.swapaxes(1, 2), unit.bits)}
    return Vectors(i=i, o=o, frames=frames)


@make.register
def _(unit: units.RomUnit, dice, frames) -> Vectors:
    bits = dice.integers(0, 2, (unit.depth, unit.width)).astype(np.uint8)
    words = tuple(sum(int(bit) << n for n, bit in enumerate(row)) for row in bits)
    return Vectors(i={}, o={"o": words * frames}, late={"o": unit.o.late}, contents=bits)


@make.register
def _(unit: units.ConvUnit, dice, frames) -> Vectors:
    kernel, pixels, channels = round(unit.taps**0.5), frames * unit.pixels, unit.nf * unit.pe
    weight = dice.choice(np.array([-1, 1]), (channels, kernel, kernel, unit.cin))
    x = noise(dice, unit.i, pixels, kernel, kernel, unit.cin)
    x[0] = 2**unit.act_bits - 1  # the largest sum there is, in a channel of +1 alone
    if unit.padded:
        x[dice.random(x.shape[:3]) < 0.3] = unit.pad_level  # taps that will be blank
    weight[-1] = 1
    bits, offset = weight < 0, -(2**unit.act_bits - 1) * (weight < 0).sum(axis=(1, 2, 3))
    if unit.masked:
        bits, offset = weight > 0, 0 * offset
        weight = bits.astype(int)
    conv = ir.Conv(name="conv", weight=weight, stride=1, padding=0, scale=None)
    raw = evaluate(conv, x).reshape(pixels, unit.nf, unit.pe) - offset.reshape(unit.nf, unit.pe)
    groups = pixels // unit.columns
    raw = np.moveaxis(raw.reshape(groups, unit.columns, unit.nf, unit.pe), 1, 2)
    raw = raw.reshape(groups, unit.nf, -1)
    acts = in_lanes(x, unit.simd).reshape(groups, unit.columns, unit.sf, unit.simd)
    acts = np.moveaxis(acts, 1, 2).reshape(groups, 1, unit.sf, unit.columns, unit.simd)
    blank = (acts == unit.pad_level).all(axis=-1, keepdims=True) & unit.padded
    acts = np.where(blank, dice.integers(0, 2**unit.act_bits, acts.shape), acts)
    acts, blank = (np.repeat(part, unit.nf, axis=1) for part in (acts, blank))
    acts, blank = acts.reshape(*acts.shape[:3], -1), blank[..., 0]
    # Lanes beyond the last input channel hold level 0 under weight bit 0 and add nothing.
    bits = in_lanes(bits.reshape(channels, unit.taps, unit.cin), unit.simd)
    rows = np.array(pack(bits, 1), object).reshape(unit.nf, unit.pe, unit.sf)
    words = pack(rows.transpose(0, 2, 1), unit.simd)
    return Vectors(
        i={
            "i": with_blanks(acts, unit.act_bits, blank[..., : unit.i.blanks]),
            "i_weight": words * groups,
        },
        o={"o": pack(raw, unit.raw_bits)},
        late={"i": unit.i.late, "i_weight": unit.weight.late},
        frames=frames,
    )


@make.register
def _(unit: units.ThresholdUnit, dice, frames) -> Vectors:
    pixels, channels = frames * unit.pixels, unit.folds * unit.lanes
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
    out = evaluate(golden, x).astype(np.int64).reshape(pixels, unit.folds, unit.lanes)
    numbers = np.array(pack(levels, unit.level_bits), object)
    signed = numbers + ((sign < 0).astype(object) << (unit.level.bits - 1))
    words = pack(signed.reshape(unit.folds, unit.lanes), unit.level.bits)
    return Vectors(
        i={
            "i": pack(x.reshape(-1, unit.lanes), unit.in_bits),
            "i_level": words * pixels,
        },
        o={"o": pack(out, unit.out_bits)},
        frames=frames,
    )


@make.register
def _(unit: units.PlaneUnit, dice, frames) -> Vectors:
    pixels, folds = frames * unit.pixels, ceil_div(unit.channels, unit.lanes)
    raw = noise(dice, unit.i, pixels, folds, unit.lanes, unit.planes)
    worth = 2 ** np.arange(unit.planes)
    if unit.inverted:  # the top plane counts negative; what that leaves out stays out
        worth[-1] *= -1
    out = (raw * worth).sum(axis=-1) + unit.left_out
    i = {"i": pack(raw.reshape(pixels, folds, -1), unit.in_bits)}
    return Vectors(i=i, o={"o": pack(out, unit.o.bits)}, frames=frames)


@make.register
def _(unit: units.RequantizeUnit, dice, frames) -> Vectors:
    pixels, channels = frames * unit.pixels, unit.folds * unit.lanes
    constant = noise(dice, unit.constant, channels)
    x = noise(dice, unit.i, pixels, channels)
    # Sums near the ends and the steps of the result: a constant that cancels x, and a bit more.
    top = 2**unit.out_bits << max(unit.shift, 0)
    near = dice.integers(-2, top + 2, x.shape) - constant
    x = np.where(dice.random(x.shape) < 0.7, near.clip(0, 2**unit.in_bits - 1), x)
    half = 1 << unit.shift >> 1 if unit.shift > 0 else 0
    golden = ir.Requantize(name="requantize", shift=unit.shift, out_bits=unit.out_bits)
    out = evaluate(golden, x + constant - half).astype(np.int64)
    words = pack(constant.reshape(unit.folds, unit.lanes), unit.constant_bits)
    return Vectors(
        i={"i": pack(x.reshape(-1, unit.lanes), unit.in_bits), "i_constant": words * pixels},
        o={"o": pack(out.reshape(-1, unit.lanes), unit.out_bits)},
        frames=frames,
    )


@make.register
def _(unit: units.PoolUnit, dice, frames) -> Vectors:
    x = noise(dice, unit.i, frames, unit.height, unit.width, unit.folds * unit.lanes)
    kind = ir.MaxPool if unit.pooling is units.Pooling.MAX else ir.SumPool
    sign = dice.choice(np.array([-1, 1]), x.shape[-1]) if unit.signed else None
    more = {"sign": sign} if unit.signed else {}
    out = evaluate(kind(name="pool", kernel=(unit.rows, unit.columns), **more), x)
    return Vectors(
        i={"i": pack(x.reshape(-1, unit.lanes), unit.in_bits)},
        o={"o": pack(out.reshape(-1, unit.lanes), unit.o.bits)},
        frames=frames,
        contents=sign,
    )


@make.register
def _(unit: units.ForkUnit, dice, frames) -> Vectors:
    beats = pack(noise(dice, unit.i, 16 * frames, unit.lanes), unit.bits)
    return Vectors(i={"i": beats}, o={f"o_{way}": beats for way in range(unit.ways)})


@make.register
def _(unit: units.FifoUnit, dice, frames) -> Vectors:
    beats = pack(noise(dice, unit.i, (unit.depth + 16) * frames, unit.lanes), unit.bits)
    return Vectors(i={"i": beats}, o={"o": beats})


@make.register
def _(unit: units.AddUnit, dice, frames) -> Vectors:
    a, b = (noise(dice, beat, 1, 1, 24 * frames, unit.lanes) for beat in (unit.a, unit.b))
    total = evaluate(ir.Add(name="add", shift=unit.shift), a, b)
    return Vectors(
        i={"i_a": pack(a, unit.bits[0]), "i_b": pack(b, unit.bits[1])},
        o={"o": pack(total, unit.out_bits)},
    )


@make.register
def _(unit: units.ConcatUnit, dice, frames) -> Vectors:
    beats = [
        noise(dice, beat, frames * unit.pixels, folds, unit.lanes)
        for beat, folds in zip((unit.a, unit.b), unit.folds, strict=True)
    ]
    op = ir.Concat(name="concat", swapped=unit.swapped)
    flat = [x.reshape(1, 1, len(x), -1) for x in beats]
    out = evaluate(op, *flat).reshape(-1, unit.lanes)
    return Vectors(
        i={"i_a": pack(beats[0], unit.bits[0]), "i_b": pack(beats[1], unit.bits[1])},
        o={"o": pack(out, unit.o.bits)},
        frames=frames,
    )


@make.register
def _(unit: units.PixelSumUnit, dice, frames) -> Vectors:
    most = (2**unit.in_bits - 1) * unit.pixels
    low, high = -(2 ** (unit.sum_bits - 1)), 2 ** (unit.sum_bits - 1) - 1 - most
    start = dice.integers(low, high + 1, unit.channels)
    start[0] = low
    x = noise(dice, unit.i, frames, unit.pixels, unit.folds * unit.lanes)
    sums = evaluate(ir.PixelSum(name="sum"), x[:, None]).reshape(frames, -1)
    sums[:, : unit.channels] += start
    return Vectors(
        i={"i": pack(x.reshape(-1, unit.lanes), unit.in_bits)},
        o={"o": pack(sums.reshape(-1, unit.lanes), unit.sum_bits)},
        frames=frames,
        contents=start,
    )


@make.register
def _(unit: units.ScoreUnit, dice, frames) -> Vectors:
    frames, most = 5 * frames, 2**unit.multiplier_bits
    multiplier = dice.integers(0, most, unit.classes)
    multiplier[0] = most - 1
    if unit.falling:
        multiplier *= dice.choice(np.array([-1, 1]), unit.classes)
        multiplier[1] = 1 - most
    sums = noise(dice, unit.i, frames, 1, 1, unit.classes)
    sums[0] = 0  # all equal: the first class wins
    sums[1] = -np.abs(sums[1] // 2) - 1  # no score above 0
    if unit.classes > 2:
        multiplier[-2:] = multiplier[0], 0
        sums[2::3, ..., -2] = sums[2::3, ..., 0] = 2 ** (unit.sum_bits - 1) - 1  # two at the top
    bias = noise(dice, Beat(lanes=1, bits=unit.score_bits - 1, signed=True), unit.classes)
    bias *= unit.biased
    scores = evaluate(ir.ClassScale(name="scale", multiplier=multiplier, bias=bias), sums)
    labels = evaluate(ir.ArgMax(name="label"), scores)
    results = [
        label + (score << unit.label_bits)
        for label, score in zip(
            labels.reshape(-1).tolist(), pack(scores, unit.score_bits), strict=True
        )
    ]
    return Vectors(
        i={"i": pack(sums.reshape(-1, 1), unit.sum_bits)},
        o={"o": tuple(results)},
        frames=frames,
        contents=np.stack([multiplier, bias]),
    )
