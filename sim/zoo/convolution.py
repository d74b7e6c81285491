"""Windows of pixels, and the engine that multiplies them."""

from __future__ import annotations

from typing import Any

import numpy as np

from fq_hw import ir
from fq_hw.golden.ops import evaluate
from fq_hw.ir import Axis
from fq_hw.schedule.units import ConvUnit, ProductUnit, Unit, WindowUnit
from sim.vectors import Vectors, in_lanes, make, noise, pack, with_blanks
from sim.windows import OUTSIDE, windows

__all__ = ["UNITS"]


def window(
    size: tuple[int, int],
    channels: int,
    lanes: int,
    kernel: int = 1,
    stride: int = 1,
    padding: int = 0,
    repeats: int = 1,
    down: Axis | None = None,
    across: Axis | None = None,
    in_bits: int = 2,
    **more: Any,
) -> WindowUnit:
    axis = Axis(kernel=kernel, stride=stride, before=padding, after=padding)
    return WindowUnit(
        height=size[0],
        width=size[1],
        channels=channels,
        lanes=lanes,
        in_bits=in_bits,
        down=down or axis,
        across=across or axis,
        repeats=repeats,
        **more,
    )


@make.register
def _(unit: WindowUnit, dice, frames) -> Vectors:
    words = noise(dice, unit.i, frames, unit.height, unit.width, unit.slices, unit.lanes)
    lanes = np.repeat(windows(unit, words)[:, :, :, :, None], unit.repeats, axis=4)
    outside = lanes == OUTSIDE
    blank = outside[..., :: unit.lanes][..., : unit.o.blanks]
    out = with_blanks(np.where(outside, 0, lanes), unit.in_bits, blank)
    ignored = pack(outside * (2**unit.in_bits - 1), unit.in_bits)
    i = {"i": pack(words, unit.in_bits)}
    late = {"o": unit.o.late}
    return Vectors(i=i, o={"o": out}, ignore={"o": ignored}, late=late, frames=frames)


def conv(
    cin: int, cout: int, taps: int, pe: int, simd: int, act_bits: int = 2, **more: Any
) -> ConvUnit:
    return ConvUnit(
        cin=cin,
        cout=cout,
        taps=taps,
        pixels=more.pop("pixels", 2),
        pe=pe,
        simd=simd,
        act_bits=act_bits,
        **more,
    )


def product(
    cin: int, cout: int, taps: int, pe: int, simd: int, act_bits: int = 8, **more: Any
) -> ProductUnit:
    fields = {"pixels": 2, "weight_bits": 8, **more}
    return ProductUnit(cin=cin, cout=cout, taps=taps, pe=pe, simd=simd, act_bits=act_bits, **fields)


@make.register
def _(unit: ConvUnit, dice, frames) -> Vectors:
    weight = dice.choice(np.array([-1, 1]), weight_shape(unit))
    weight[-1] = 1
    bits, offset = weight < 0, -(2**unit.act_bits - 1) * (weight < 0).sum(axis=(1, 2, 3))
    if unit.masked:
        bits, offset = weight > 0, 0 * offset
        weight = bits.astype(int)
    return convolved(unit, dice, frames, weight, bits, 1, offset)


@make.register
def _(unit: ProductUnit, dice, frames) -> Vectors:
    most = 2 ** (unit.weight_bits - 1)
    weight = dice.integers(-most, most, weight_shape(unit))
    weight[0], weight[-1] = -most, most - 1  # the least and the largest sum there are
    offset = np.full(len(weight), -unit.start)
    return convolved(unit, dice, frames, weight, weight % (2 * most), unit.weight_bits, offset)


def weight_shape(unit: ConvUnit | ProductUnit) -> tuple[int, int, int, int]:
    """Of all PEs' channels."""
    kernel = round(unit.taps**0.5)
    return unit.nf * unit.pe, kernel, kernel, unit.cin


def convolved(
    unit: ConvUnit | ProductUnit,
    dice: np.random.Generator,
    frames: int,
    weight: np.ndarray,
    codes: np.ndarray,
    code_bits: int,
    offset: np.ndarray,
) -> Vectors:
    """Vectors of an engine whose words have ``codes`` for ``weight``; its sums lack ``offset``."""
    channels, kernel, *_ = weight.shape
    pixels = frames * unit.pixels
    x = noise(dice, unit.i, pixels, kernel, kernel, unit.cin)
    x[0] = 2**unit.act_bits - 1  # the largest sum there is, in a channel of the largest weights
    if unit.padded:
        x[dice.random(x.shape[:3]) < 0.3] = unit.pad_level  # taps that will be blank
    conv = ir.Conv(name="conv", weight=weight, stride=1, padding=0, scale=None)
    raw = evaluate(conv, x).reshape(pixels, unit.nf, unit.pe) - offset.reshape(unit.nf, unit.pe)
    groups = pixels // unit.group
    raw = np.moveaxis(raw.reshape(groups, unit.group, unit.nf, unit.pe), 1, 2)
    raw = raw.reshape(groups, unit.nf, unit.hold, -1)
    acts = in_lanes(x, unit.simd).reshape(groups, unit.group, unit.sf, unit.simd)
    beats = unit.sf * unit.hold
    acts = np.moveaxis(acts, 1, 2).reshape(groups, 1, beats, unit.columns, unit.simd)
    blank = (acts == unit.pad_level).all(axis=-1, keepdims=True) & unit.padded
    acts = np.where(blank, dice.integers(0, 2**unit.act_bits, acts.shape), acts)
    acts, blank = (np.repeat(part, unit.nf, axis=1) for part in (acts, blank))
    acts, blank = acts.reshape(*acts.shape[:3], -1), blank[..., 0]
    # Lanes beyond the last input channel hold level 0 under weight 0 and add nothing.
    lanes = in_lanes(codes.reshape(channels, unit.taps, unit.cin), unit.simd)
    rows = np.array(pack(lanes, code_bits), object).reshape(unit.nf, unit.pe, unit.sf)
    words = pack(rows.transpose(0, 2, 1), unit.simd * code_bits)
    return Vectors(
        i={
            "i": with_blanks(acts, unit.act_bits, blank[..., : unit.i.blanks]),
            "i_weight": words * groups,
        },
        o={"o": pack(raw, unit.raw_bits)},
        late={"i": unit.i.late, "i_weight": unit.i_weight.late},
        frames=frames,
    )


UNITS: dict[str, Unit] = {
    # Height and width differ, widths are no powers of two, three frames wrap the ring.
    "window_3x3": window((5, 4), 3, 3, kernel=3, padding=1),
    "window_3x3_repeats": window((3, 5), 4, 2, kernel=3, padding=1, repeats=2),
    "window_3x3_bare": window((4, 5), 2, 1, kernel=3, repeats=3),
    "window_3x3_stride": window((6, 5), 4, 2, kernel=3, stride=2, padding=1),
    "window_3x3_stride_bare": window((8, 6), 2, 2, kernel=3, stride=2, repeats=2),
    "window_3x3_stride_over": window((6, 9), 1, 1, kernel=3, stride=4, padding=1),
    "window_3x3_exact": window((3, 3), 3, 1, kernel=3),
    "window_3x3_low": window((2, 5), 3, 2, kernel=3, padding=1),
    "window_3x3_row": window((1, 5), 2, 2, kernel=3, padding=1),
    "window_3x3_column": window((4, 1), 2, 1, kernel=3, padding=1, repeats=2),
    "window_3x3_pixel": window((1, 1), 3, 2, kernel=3, padding=1),
    "window_3x3_low_stride": window((2, 3), 1, 1, kernel=3, stride=2, padding=1, repeats=3),
    "window_5x5": window((3, 4), 1, 1, kernel=5, padding=2),
    "window_1x1": window((4, 6), 5, 2, kernel=1, repeats=2),
    "window_1x1_plain": window((3, 3), 2, 2, kernel=1),
    "window_1x1_pixel": window((1, 1), 1, 1, kernel=1),
    "window_3x3_trailing": window((6, 7), 1, 1, kernel=3, stride=2),
    "window_1x1_words": window((9, 1), 1, 1, kernel=1, spare=3),
    "window_1x1_groups": window((3, 4), 3, 2, kernel=1, repeats=2, columns=2, hold=2, spare=1),
    "window_1x1_stride": window((5, 5), 3, 1, kernel=1, stride=2),
    "window_1x1_stride_over": window((7, 8), 2, 2, kernel=1, stride=3, repeats=2),
    "window_columns": window((5, 6), 4, 2, kernel=3, padding=1, repeats=2, columns=3),
    "window_columns_stride": window((6, 8), 3, 3, kernel=3, stride=2, padding=1, columns=2),
    "window_columns_row": window((4, 5), 2, 1, kernel=3, padding=1, columns=5),
    "window_columns_bare": window((5, 10), 2, 2, kernel=3, repeats=2, columns=4),
    "window_columns_1x1": window((3, 6), 3, 2, kernel=1, stride=2, columns=3),
    "window_hold": window((4, 6), 4, 2, kernel=3, padding=1, repeats=2, hold=3),
    "window_hold_columns": window((3, 8), 3, 2, kernel=3, padding=1, columns=2, hold=2),
    "window_hold_stride": window((6, 8), 2, 1, kernel=3, stride=2, padding=1, repeats=3, hold=4),
    "window_hold_1x1": window((2, 6), 3, 2, kernel=1, stride=2, hold=3),
    "window_held": window((5, 4), 3, 1, kernel=3, stride=2, padding=1, held=True, in_bits=8),
    "window_held_columns": window(
        (4, 6), 2, 2, kernel=3, padding=1, repeats=2, columns=3, hold=2, held=True
    ),
    "window_held_bare": window((3, 4), 3, 3, kernel=3, held=True),
    # Height and width apart, gaps between taps, more padding on one side, channels in parts.
    "window_1x9": window((3, 7), 3, 2, across=Axis(kernel=9, before=4, after=4), repeats=2),
    "window_5x1": window((6, 4), 2, 2, down=Axis(kernel=5, before=2, after=1)),
    "window_2x3_strides": window(
        (7, 8), 4, 2, down=Axis(kernel=2, stride=3), across=Axis(kernel=3, stride=2, after=1)
    ),
    "window_dilated": window(
        (7, 6),
        4,
        2,
        repeats=2,
        down=Axis(kernel=3, dilation=2, before=2, after=2),
        across=Axis(kernel=2, dilation=3, before=1, after=2),
    ),
    "window_dilated_hold": window(
        (6, 10),
        4,
        2,
        columns=2,
        hold=2,
        repeats=2,
        down=Axis(kernel=2, dilation=2, stride=2),
        across=Axis(kernel=3, dilation=2, before=1, after=1),
    ),
    "window_wide_padding": window(
        (4, 4),
        3,
        3,
        down=Axis(kernel=3, before=2, after=2),
        across=Axis(kernel=3, before=2, after=2),
    ),
    "window_top_only": window(
        (5, 5), 2, 1, down=Axis(kernel=3, before=2), across=Axis(kernel=3, stride=2, before=1)
    ),
    "window_parts": window((4, 5), 6, 2, kernel=3, padding=1, channel_parts=3),
    "window_parts_repeats": window(
        (4, 6), 8, 2, kernel=3, stride=2, padding=1, repeats=3, channel_parts=2, columns=3
    ),
    "window_parts_hold": window(
        (3, 6), 4, 1, kernel=3, padding=1, repeats=2, channel_parts=2, columns=2, hold=3
    ),
    "window_parts_1x1": window((3, 4), 6, 1, repeats=2, channel_parts=3),
    "conv_1_1": conv(1, 1, 1, pe=1, simd=1),
    "conv_1_1_taps": conv(1, 1, 9, pe=1, simd=1),
    "conv_sf_1": conv(5, 4, 1, pe=2, simd=5),
    "conv_pe_1": conv(4, 3, 1, pe=1, simd=2),
    "conv_simd_1": conv(3, 4, 1, pe=4, simd=1),
    "conv_taps": conv(4, 4, 9, pe=2, simd=4),
    "conv_uneven": conv(5, 5, 9, pe=2, simd=3),
    "conv_bits_1": conv(3, 3, 9, pe=3, simd=3, act_bits=1),
    "conv_bits_3": conv(4, 2, 1, pe=2, simd=2, act_bits=3),
    "conv_columns": conv(4, 6, 9, pe=3, simd=4, pixels=6, columns=3),
    "conv_padded": conv(4, 3, 9, pe=2, simd=2, padded=True),
    "conv_columns_padded": conv(3, 4, 9, pe=2, simd=3, pixels=4, columns=2, padded=True),
    "conv_columns_uneven": conv(5, 3, 1, pe=2, simd=3, pixels=4, columns=2),
    "conv_columns_fast": conv(3, 2, 1, pe=2, simd=3, pixels=4, columns=4),
    "conv_wide": conv(20, 2, 9, pe=1, simd=20),
    "conv_stages": conv(18, 18, 9, pe=18, simd=9, levels_per_stage=2),
    "conv_one_stage": conv(7, 2, 9, pe=2, simd=7, levels_per_stage=9),
    "conv_masked": conv(4, 3, 9, pe=2, simd=2, masked=True, padded=True),
    "conv_masked_uneven": conv(5, 4, 1, pe=2, simd=3, act_bits=4, masked=True),
    "conv_bits_8": conv(3, 2, 9, pe=2, simd=3, act_bits=8),
    "conv_hold": conv(4, 3, 9, pe=1, simd=2, pixels=6, hold=3),
    "conv_hold_2": conv(4, 4, 1, pe=2, simd=2, pixels=4, hold=2),
    "conv_hold_2_long": conv(8, 2, 1, pe=1, simd=1, pixels=6, hold=2, levels_per_stage=3),
    "conv_hold_fast": conv(5, 4, 1, pe=2, simd=5, pixels=8, hold=4),
    "conv_hold_columns": conv(3, 18, 9, pe=9, simd=3, pixels=8, columns=2, hold=4, padded=True),
    "conv_hold_long": conv(2, 2, 1, pe=2, simd=1, pixels=16, hold=16),
    "conv_hold_uneven": conv(5, 3, 9, pe=2, simd=3, pixels=6, hold=3, levels_per_stage=2),
    "product_1": product(1, 1, 1, pe=1, simd=1),
    "product_taps": product(4, 4, 9, pe=2, simd=4),
    "product_uneven": product(5, 3, 9, pe=2, simd=3),
    "product_sf_1": product(6, 4, 1, pe=2, simd=6),
    "product_padded": product(4, 3, 9, pe=3, simd=2, padded=True, pad_level=7, pixels=4, columns=2),
    "product_hold": product(3, 4, 9, pe=2, simd=3, pixels=8, columns=2, hold=4),
    "product_hold_fast": product(4, 2, 1, pe=2, simd=4, pixels=6, hold=3),
    "product_pairs_columns": product(3, 2, 9, pe=2, simd=3, act_bits=4, pixels=6, columns=3),
    "product_pairs_widest": product(2, 2, 1, pe=2, simd=2, act_bits=4, weight_bits=9, columns=2),
    "product_pairs_pe": product(4, 6, 1, pe=3, simd=2, weight_bits=4),
    "product_pairs_pe_hold": product(2, 5, 9, pe=5, simd=2, weight_bits=4, pixels=4, hold=2),
    "product_bits_2": product(4, 4, 1, pe=2, simd=4, act_bits=2, weight_bits=2, columns=2),
    "conv_pad_level": conv(3, 4, 9, pe=2, simd=3, padded=True, pad_level=1),
}
