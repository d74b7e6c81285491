"""Small units in corner cases: what every test of a component runs over."""

from __future__ import annotations

from fq_hw.schedule.units import (
    AddUnit,
    ConcatUnit,
    ConvertUnit,
    ConvUnit,
    EmbedUnit,
    FifoUnit,
    ForkUnit,
    PixelSumUnit,
    PlaneUnit,
    Pooling,
    PoolUnit,
    ReorderUnit,
    RequantizeUnit,
    RomUnit,
    ScoreUnit,
    ThresholdUnit,
    Unit,
    WindowUnit,
)

__all__ = ["ZOO"]


def embed(colours: int, length: int, bits: int, tables: int) -> EmbedUnit:
    return EmbedUnit(colours=colours, length=length, bits=bits, tables=tables, pixels=8)


def convert(channels: int, lanes_in: int, lanes_out: int, signed: bool = False) -> ConvertUnit:
    return ConvertUnit(
        channels=channels,
        pixels=4,
        lanes_in=lanes_in,
        lanes_out=lanes_out,
        bits=5 if signed else 2,
        signed=signed,
    )


def window(
    size: tuple[int, int],
    channels: int,
    lanes: int,
    kernel: int,
    stride: int = 1,
    padding: int = 0,
    repeats: int = 1,
    columns: int = 1,
) -> WindowUnit:
    return WindowUnit(
        height=size[0],
        width=size[1],
        channels=channels,
        lanes=lanes,
        bits=2,
        kernel=kernel,
        stride=stride,
        padding=padding,
        repeats=repeats,
        columns=columns,
    )


def conv(
    cin: int, cout: int, taps: int, pe: int, simd: int, act_bits: int = 2, **more: int
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


def reorder(columns: int, folds: int, slices: int) -> ReorderUnit:
    return ReorderUnit(columns=columns, folds=folds, slices=slices, lanes=2, bits=3, groups=4)


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


def plane(channels: int, lanes: int, planes: int, in_bits: int, inverted: bool) -> PlaneUnit:
    return PlaneUnit(
        channels=channels, pixels=5, lanes=lanes, planes=planes, in_bits=in_bits, inverted=inverted
    )


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
        rows=kernel[0],
        columns=kernel[1],
        signed=signed,
    )


def pixel_sum(channels: int, lanes: int, pixels: int, in_bits: int, sum_bits: int) -> PixelSumUnit:
    return PixelSumUnit(
        channels=channels, pixels=pixels, lanes=lanes, in_bits=in_bits, sum_bits=sum_bits
    )


def score(
    classes: int, sum_bits: int, multiplier_bits: int, biased: bool = False, falling: bool = False
) -> ScoreUnit:
    return ScoreUnit(
        classes=classes,
        sum_bits=sum_bits,
        multiplier_bits=multiplier_bits,
        score_bits=sum_bits + multiplier_bits + biased,
        biased=biased,
        falling=falling,
    )


ZOO: dict[str, Unit] = {
    "embed_grey": embed(1, 1, 1, 1),
    "embed_shared": embed(3, 4, 2, 1),
    "embed_apart": embed(3, 3, 2, 3),
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
    "window_1x1_stride": window((5, 5), 3, 1, kernel=1, stride=2),
    "window_1x1_stride_over": window((7, 8), 2, 2, kernel=1, stride=3, repeats=2),
    "window_columns": window((5, 6), 4, 2, kernel=3, padding=1, repeats=2, columns=3),
    "window_columns_stride": window((6, 8), 3, 3, kernel=3, stride=2, padding=1, columns=2),
    "window_columns_row": window((4, 5), 2, 1, kernel=3, padding=1, columns=5),
    "window_columns_bare": window((5, 10), 2, 2, kernel=3, repeats=2, columns=4),
    "window_columns_1x1": window((3, 6), 3, 2, kernel=1, stride=2, columns=3),
    "reorder_2_3": reorder(2, 3, 1),
    "reorder_3_2_2": reorder(3, 2, 2),
    "reorder_4_8_2": reorder(4, 8, 2),
    "reorder_1": reorder(1, 1, 1),
    "rom_1": RomUnit(depth=1, width=5),
    "rom_2": RomUnit(depth=2, width=1),
    "rom_7": RomUnit(depth=7, width=70),
    "rom_7_late": RomUnit(depth=7, width=70, late=True),
    "rom_16": RomUnit(depth=16, width=9),
    "rom_layers_late": RomUnit(depth=1100, width=32, late=True),  # 512, 512 and 76 words
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
    "conv_pad_level": conv(3, 4, 9, pe=2, simd=3, padded=True, pad_level=1),
    "plane_1": plane(3, 1, planes=1, in_bits=4, inverted=True),
    "plane_2": plane(4, 2, planes=2, in_bits=5, inverted=False),
    "plane_3": plane(5, 5, planes=3, in_bits=4, inverted=True),
    "plane_8": plane(2, 1, planes=8, in_bits=6, inverted=True),
    "requantize": requantize(4, 2, in_bits=8, constant_bits=7, shift=3, out_bits=4),
    "requantize_uneven": requantize(5, 2, in_bits=6, constant_bits=9, shift=1, out_bits=2),
    "requantize_as_is": requantize(2, 1, in_bits=5, constant_bits=4, shift=0, out_bits=5),
    "requantize_up": requantize(3, 3, in_bits=4, constant_bits=5, shift=-2, out_bits=8),
    "requantize_low": requantize(1, 1, in_bits=9, constant_bits=1, shift=9, out_bits=1),
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
    "fork_2": ForkUnit(lanes=2, bits=3, ways=2),
    "fork_3": ForkUnit(lanes=1, bits=5, ways=3),
    "fifo_3": FifoUnit(lanes=2, bits=3, depth=3),
    "fifo_4": FifoUnit(lanes=1, bits=4, depth=4),
    "fifo_5": FifoUnit(lanes=1, bits=7, depth=5),
    "fifo_64": FifoUnit(lanes=1, bits=6, depth=64),
    "add_even": AddUnit(lanes=1, bits=(4, 4), out_bits=5),
    "add_shifted": AddUnit(lanes=2, bits=(5, 3), out_bits=9, shift=(0, 5)),
    "add_both_shifted": AddUnit(lanes=1, bits=(3, 4), out_bits=6, shift=(2, 1)),
    "add_uneven": AddUnit(lanes=3, bits=(3, 6), out_bits=7),
    "concat": ConcatUnit(pixels=4, lanes=2, bits=(3, 5), folds=(2, 3), swapped=False),
    "concat_swapped": ConcatUnit(pixels=5, lanes=1, bits=(4, 2), folds=(1, 2), swapped=True),
    "concat_beats": ConcatUnit(pixels=6, lanes=3, bits=(2, 2), folds=(1, 1), swapped=False),
    "sum_fold_1": pixel_sum(3, 3, pixels=5, in_bits=4, sum_bits=9),
    "sum_folds": pixel_sum(5, 2, pixels=6, in_bits=4, sum_bits=9),
    "sum_serial": pixel_sum(4, 1, pixels=3, in_bits=6, sum_bits=9),
    "sum_pixel": pixel_sum(4, 2, pixels=1, in_bits=4, sum_bits=6),
    "sum_beat": pixel_sum(1, 1, pixels=1, in_bits=4, sum_bits=6),
    "score_1": score(1, sum_bits=5, multiplier_bits=1),
    "score_2": score(2, sum_bits=6, multiplier_bits=3),
    "score_5": score(5, sum_bits=6, multiplier_bits=4),
    "score_biased": score(4, sum_bits=6, multiplier_bits=3, biased=True),
    "score_falling": score(4, sum_bits=6, multiplier_bits=3, falling=True),
    "score_wide": score(3, sum_bits=20, multiplier_bits=24, biased=True, falling=True),
    "score_10": score(10, sum_bits=8, multiplier_bits=7),
}
