"""Units that the cost model is fitted to: the range of a network of ResNet-20's size for 32 x 32.

A unit of every kind at widths, images and foldings between the smallest and the largest that such
a network has; what fills a ROM is random, for no formula can know it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np

from boards.array_samples import ARRAYS, PARAMETERS
from fq_hw.ir import Axis, Places
from fq_hw.schedule.sdram import M12L64322A, SDR_16M16, SDR_32M16, Slots
from fq_hw.schedule.units import (
    AddUnit,
    ConcatUnit,
    ConvertUnit,
    ConvUnit,
    DepthwiseUnit,
    EmbedUnit,
    FifoUnit,
    ForkUnit,
    LineUnit,
    LookupUnit,
    PadUnit,
    ParameterUnit,
    PickUnit,
    PixelSumUnit,
    PlaneUnit,
    Pooling,
    PoolUnit,
    ProductUnit,
    ReorderUnit,
    RequantizeUnit,
    ResultChainUnit,
    ResultUnit,
    Rom,
    RomUnit,
    ScorePipelineUnit,
    ScoreUnit,
    SdramUnit,
    SelectUnit,
    SpreadUnit,
    ThresholdUnit,
    Unit,
    WindowPoolUnit,
    WindowUnit,
)

__all__ = ["SAMPLES", "contents"]


def contents(unit: Unit) -> np.ndarray | None:
    """Random contents of the unit's ROM, table or constants, the same for a unit everywhere."""
    dice = np.random.default_rng(zlib.crc32(repr(unit).encode()))
    match unit:
        case RomUnit() | ParameterUnit() | SdramUnit():
            return dice.integers(0, 2, (unit.depth, unit.width)).astype(np.uint8)
        case EmbedUnit():
            shape = (unit.tables, 256, unit.length)
            return dice.integers(0, 2**unit.bits, shape).astype(np.uint8)
        case PixelSumUnit(levels=False):
            return dice.integers(-(2 ** (unit.sum_bits - 1)), 0, unit.channels)
        case LookupUnit():
            return dice.integers(0, 2**unit.out_bits, unit.depth)
        case PoolUnit(signed=True):
            return dice.choice(np.array([-1, 1]), unit.channels)
        case WindowPoolUnit(signed=True):
            return dice.choice(np.array([-1, 1]), unit.cout)
    return None


def embeddings() -> Iterator[EmbedUnit]:
    for colours, length, bits, tables in (
        (1, 1, 2, 1), (1, 4, 2, 1), (1, 10, 2, 1), (3, 4, 2, 1), (3, 10, 2, 1), (3, 10, 2, 3),
        (3, 16, 2, 1), (3, 20, 2, 3),
    ):  # fmt: skip
        yield EmbedUnit(colours=colours, length=length, bits=bits, tables=tables, pixels=1024)


def converters() -> Iterator[ConvertUnit]:
    for channels, lanes_in, lanes_out, bits in (
        (16, 1, 4, 2), (16, 2, 16, 2), (16, 4, 16, 2), (32, 1, 8, 2), (32, 4, 32, 2),
        (64, 2, 64, 2), (16, 1, 16, 2), (64, 1, 64, 2), (64, 8, 16, 2),
        (64, 16, 64, 2), (30, 6, 30, 2), (30, 2, 10, 2), (30, 30, 15, 2),
        (30, 30, 5, 2), (16, 8, 16, 9), (16, 16, 2, 9), (32, 8, 1, 10), (64, 16, 4, 11),
        (64, 8, 2, 11), (64, 4, 2, 9), (32, 16, 8, 10), (16, 16, 8, 9), (128, 32, 4, 11),
        (256, 32, 8, 11), (64, 64, 16, 10), (64, 16, 1, 9), (10, 10, 1, 14), (10, 2, 1, 14),
        (16, 2, 1, 15), (64, 2, 4, 2), (64, 16, 32, 2), (32, 2, 1, 2),
    ):  # fmt: skip
        yield ConvertUnit(
            channels=channels, pixels=64, lanes_in=lanes_in, lanes_out=lanes_out, bits=bits
        )


def windows() -> Iterator[WindowUnit]:
    for size, channels, lanes, kernel, stride, repeats, columns in (
        (32, 30, 30, 3, 1, 1, 1), (32, 30, 15, 3, 1, 2, 1), (32, 30, 10, 3, 1, 4, 2),
        (32, 30, 6, 3, 1, 8, 4), (32, 16, 16, 3, 1, 1, 1), (32, 16, 16, 3, 1, 4, 4),
        (32, 16, 8, 3, 1, 2, 2), (32, 16, 4, 3, 1, 4, 1), (32, 16, 16, 3, 2, 2, 1),
        (32, 16, 16, 1, 2, 2, 1), (32, 16, 4, 1, 2, 4, 1), (32, 16, 16, 3, 2, 8, 4),
        (16, 32, 32, 3, 1, 2, 1), (16, 32, 16, 3, 1, 4, 2), (16, 32, 8, 3, 1, 8, 4),
        (16, 32, 4, 3, 1, 4, 1), (16, 32, 32, 3, 2, 4, 2), (16, 32, 16, 1, 2, 4, 1),
        (16, 32, 32, 3, 1, 4, 8), (8, 64, 64, 3, 1, 4, 1), (8, 64, 32, 3, 1, 8, 2),
        (8, 64, 16, 3, 1, 4, 4), (8, 64, 8, 3, 1, 16, 1), (8, 64, 64, 3, 1, 16, 4),
        (8, 64, 64, 1, 1, 5, 1), (8, 64, 8, 1, 1, 10, 1), (8, 64, 4, 1, 1, 2, 1),
        (12, 8, 8, 3, 1, 2, 1), (12, 8, 2, 3, 1, 4, 1), (6, 12, 3, 3, 1, 4, 2),
        (28, 8, 4, 3, 1, 4, 1), (28, 8, 8, 3, 2, 2, 2), (14, 16, 8, 3, 1, 2, 1),
    ):  # fmt: skip
        axis = Axis.half(kernel, stride)
        yield WindowUnit(
            height=size, width=size, channels=channels, lanes=lanes, in_bits=2, down=axis,
            across=axis, repeats=repeats, columns=columns,
        )  # fmt: skip


def picks() -> Iterator[PickUnit]:
    for size, channels, lanes, bits, stride in (
        (32, 16, 4, 2, 2), (64, 64, 8, 2, 2), (16, 32, 1, 2, 2), (8, 64, 16, 4, 2),
        (9, 16, 16, 2, 3),
    ):  # fmt: skip
        places = Places(step=stride, count=-(-size // stride))
        yield PickUnit(
            height=size, width=size, channels=channels, lanes=lanes, in_bits=bits, rows=places,
            columns=places,
        )  # fmt: skip
    for size, channels, lanes, bits, places, kept in (
        (32, 32, 4, 2, None, (0, 4)), (16, 64, 8, 4, None, (4, 4)), (28, 24, 1, 8, None, (8, 9)),
        (32, 16, 4, 2, (2, 1, 28), None), (30, 8, 8, 4, (1, 2, 12), (0, 1)),
        (64, 32, 2, 8, (3, 1, 50), (3, 8)), (15, 16, 16, 4, (4, 3, 3), None),
    ):  # fmt: skip
        start, step, count = places or (0, 1, size)
        side = Places(start=start, step=step, count=count)
        yield PickUnit(
            height=size, width=size, channels=channels, lanes=lanes, in_bits=bits, rows=side,
            columns=side, beats_kept=kept and Places(start=kept[0], count=kept[1]),
        )  # fmt: skip


def pads() -> Iterator[PadUnit]:
    for size, channels, lanes, bits, around, level in (
        (32, 16, 4, 2, (1, 1, 1, 1), 0), (8, 64, 16, 4, (1, 2, 1, 2), 7),
        (30, 3, 3, 8, (0, 0, 1, 1), 128), (16, 32, 1, 2, (3, 3, 3, 3), 2),
        (64, 8, 8, 1, (2, 0, 0, 0), 1), (7, 128, 32, 4, (0, 1, 0, 1), 0),
    ):  # fmt: skip
        yield PadUnit(
            height=size, width=size, channels=channels, lanes=lanes, in_bits=bits, pads=around,
            level=level,
        )  # fmt: skip


def selects() -> Iterator[SelectUnit]:
    for channels, bits, groups in ((8, 2, 2), (16, 4, 4), (32, 2, 2), (24, 8, 3), (64, 4, 2)):
        order = np.arange(channels).reshape(groups, -1).T.reshape(-1)
        yield SelectUnit(channels=channels, lanes=channels, in_bits=bits, pixels=64,
                         order=tuple(order.tolist()))  # fmt: skip


def spreads() -> Iterator[SpreadUnit]:
    for size, slices, lanes, bits, block, deep in (
        (16, 4, 4, 2, (2, 2), False), (8, 1, 16, 4, (2, 2), False), (28, 2, 2, 8, (3, 2), False),
        (32, 8, 1, 2, (2, 2), False), (14, 1, 4, 4, (4, 4), False), (16, 2, 4, 2, (2, 2), True),
        (8, 1, 8, 4, (2, 2), True), (20, 3, 2, 8, (3, 3), True), (4, 4, 4, 2, (1, 2), False),
        (4, 1, 4, 4, (2, 2), True), (5, 2, 16, 2, (2, 2), False),
    ):  # fmt: skip
        words = size * slices * (block[0] * block[1] if deep else 1)
        yield SpreadUnit(
            groups=size, width=size, slices=slices, lanes=lanes, bits=bits, block=block, deep=deep,
            banks=2 if words >= SpreadUnit.LARGE else 4,
        )  # fmt: skip


def reorders() -> Iterator[ReorderUnit]:
    for columns, folds, parts, lanes, bits in (
        (2, 2, 1, 4, 9), (2, 4, 1, 4, 9), (4, 2, 1, 8, 9), (4, 4, 2, 4, 10), (4, 8, 1, 2, 10),
        (2, 8, 4, 2, 11), (8, 4, 1, 4, 10), (2, 16, 1, 1, 11), (4, 4, 1, 16, 9), (3, 3, 3, 2, 9),
    ):  # fmt: skip
        yield ReorderUnit(
            columns=columns, folds=folds, slices=parts, lanes=lanes, bits=bits, groups=16
        )
    for columns, folds, parts, lanes, bits, idle, banks in (
        (8, 4, 4, 4, 11, 0, 2), (16, 3, 11, 2, 12, 2, 2), (8, 6, 11, 1, 10, 2, 2),
        (4, 3, 6, 4, 9, 2, 4), (16, 8, 2, 4, 10, 0, 2), (6, 5, 3, 2, 10, 1, 2),
    ):  # fmt: skip
        yield ReorderUnit(
            columns=columns, folds=folds, slices=parts, lanes=lanes, bits=bits, groups=16,
            idle=idle, banks=banks,
        )  # fmt: skip


def roms() -> Iterator[RomUnit]:
    for depth, width in (
        (1, 64), (2, 64), (4, 112), (5, 40), (8, 60), (9, 64), (16, 31), (16, 120), (18, 60),
        (20, 40), (30, 60), (32, 30), (33, 40), (36, 36), (48, 40), (64, 28), (72, 24), (90, 20),
        (96, 16), (128, 12), (144, 12), (160, 8), (256, 6), (288, 4), (300, 6), (512, 3),
        (18, 128), (18, 300), (36, 64), (36, 512), (72, 256), (144, 64), (144, 144), (288, 128),
        (576, 36), (576, 64), (720, 24), (1024, 18), (1152, 32), (1152, 16), (2304, 16), (2304, 9),
        (4608, 8), (4608, 4), (5000, 3), (9216, 4), (10, 128), (20, 128), (640, 8),
    ):  # fmt: skip
        yield RomUnit(depth=depth, width=width)
    for depth, width, pieces in (
        (72, 512, 4), (72, 512, 5), (36, 512, 8), (144, 144, 2), (20, 1024, 16), (576, 63, 2),
        (288, 90, 3),
    ):  # fmt: skip
        yield RomUnit(depth=depth, width=width, late=True, pieces=pieces)
    for depth, width in ((36, 128), (72, 64), (144, 48), (288, 36), (576, 16)):
        yield RomUnit(depth=depth, width=width, rom=Rom.LOGIC)


def engines() -> Iterator[ConvUnit]:
    for cin, cout, taps, pe, simd, columns in (
        (30, 16, 9, 1, 30, 1), (30, 16, 9, 4, 15, 1), (30, 16, 9, 8, 10, 2), (30, 16, 9, 16, 6, 1),
        (30, 16, 9, 2, 30, 4), (16, 16, 9, 1, 4, 1), (16, 16, 9, 2, 16, 4), (16, 16, 9, 4, 8, 2),
        (16, 16, 9, 8, 16, 1), (16, 16, 9, 16, 16, 1), (16, 32, 9, 8, 4, 2), (16, 32, 1, 4, 4, 1),
        (16, 32, 1, 2, 16, 1), (16, 32, 1, 4, 8, 4), (16, 16, 1, 16, 16, 1), (16, 16, 1, 4, 16, 2),
        (32, 32, 9, 1, 32, 1), (32, 32, 9, 4, 32, 2), (32, 32, 9, 8, 16, 1), (32, 32, 9, 16, 8, 1),
        (32, 64, 9, 4, 16, 4), (32, 64, 1, 8, 4, 1), (64, 64, 9, 1, 64, 1), (64, 64, 9, 4, 64, 1),
        (64, 64, 9, 2, 32, 4), (64, 64, 9, 8, 16, 2), (64, 64, 9, 16, 4, 1), (64, 10, 1, 1, 8, 1),
        (64, 10, 1, 2, 16, 1), (64, 10, 1, 10, 4, 1), (64, 10, 1, 1, 64, 1), (8, 8, 9, 2, 4, 1),
        (8, 12, 9, 3, 2, 1), (12, 12, 1, 12, 12, 1),
    ):  # fmt: skip
        yield ConvUnit(
            cin=cin, cout=cout, taps=taps, pixels=1024, pe=pe, simd=simd, act_bits=2,
            columns=columns,
        )  # fmt: skip
    for cin, cout, taps, pe, simd, columns, hold in (
        (64, 64, 9, 8, 32, 1, 8), (64, 64, 9, 16, 16, 1, 4), (32, 32, 9, 5, 16, 2, 2),
        (16, 32, 1, 4, 8, 1, 16), (64, 128, 9, 4, 32, 1, 8), (30, 16, 9, 6, 10, 2, 4),
    ):  # fmt: skip
        yield ConvUnit(
            cin=cin, cout=cout, taps=taps, pixels=1024, pe=pe, simd=simd, act_bits=2,
            columns=columns, hold=hold,
        )  # fmt: skip


def products() -> Iterator[ProductUnit]:
    for cin, cout, taps, pe, simd, columns, act_bits, weight_bits, hold in (
        (16, 16, 9, 1, 4, 1, 8, 8, 1), (16, 16, 9, 2, 8, 1, 8, 8, 1),
        (64, 64, 1, 4, 16, 1, 8, 8, 1), (640, 128, 1, 2, 32, 1, 8, 8, 1),
        (128, 128, 1, 8, 8, 1, 8, 8, 1), (32, 32, 9, 4, 4, 2, 8, 8, 1),
        (16, 16, 1, 4, 16, 1, 8, 8, 1), (64, 64, 9, 16, 4, 1, 8, 8, 1),
        (32, 32, 9, 4, 8, 2, 4, 8, 1), (32, 32, 1, 2, 16, 4, 4, 8, 1),
        (64, 64, 9, 8, 8, 1, 8, 4, 1), (64, 64, 1, 16, 4, 1, 8, 4, 1),
        (16, 16, 9, 8, 2, 2, 4, 4, 1), (32, 32, 9, 4, 8, 1, 8, 8, 4),
        (32, 32, 9, 2, 4, 2, 8, 8, 8), (8, 16, 9, 16, 1, 1, 8, 8, 1),
        (3, 16, 9, 4, 3, 1, 8, 8, 1),
    ):  # fmt: skip
        yield ProductUnit(
            cin=cin, cout=cout, taps=taps, pixels=64, pe=pe, simd=simd, columns=columns,
            act_bits=act_bits, weight_bits=weight_bits, hold=hold,
        )  # fmt: skip


def depthwise() -> Iterator[DepthwiseUnit]:
    for channels, pe, columns, act_bits, weight_bits, taps in (
        (16, 1, 1, 2, 1, 9), (16, 4, 1, 2, 1, 9), (16, 16, 1, 2, 1, 9), (32, 8, 2, 2, 1, 9),
        (64, 16, 4, 2, 1, 9), (32, 4, 1, 4, 1, 9), (16, 2, 1, 4, 4, 9), (16, 8, 1, 4, 4, 9),
        (32, 16, 1, 4, 4, 9), (16, 4, 2, 4, 2, 9), (64, 8, 1, 2, 2, 25), (64, 1, 1, 4, 4, 25),
        (16, 4, 1, 8, 4, 9), (16, 8, 1, 4, 8, 9), (32, 4, 4, 3, 3, 9), (24, 12, 1, 2, 1, 1),
    ):  # fmt: skip
        yield DepthwiseUnit(
            cout=channels, pixels=64, pe=pe, act_bits=act_bits, columns=columns, taps=taps,
            weight_bits=weight_bits, padded=True,
        )  # fmt: skip


def depthwise_products() -> Iterator[DepthwiseUnit]:
    for channels, pe, columns, act_bits, weight_bits, taps in (
        (16, 1, 1, 8, 8, 9), (16, 4, 1, 8, 8, 9), (16, 16, 1, 8, 8, 9), (32, 8, 2, 8, 8, 9),
        (16, 4, 1, 8, 8, 25), (16, 4, 2, 4, 8, 9), (32, 8, 4, 4, 8, 9), (16, 2, 1, 4, 4, 9),
        (24, 12, 1, 8, 8, 1),
    ):  # fmt: skip
        yield DepthwiseUnit(
            cout=channels, pixels=64, pe=pe, act_bits=act_bits, columns=columns, taps=taps,
            weight_bits=weight_bits, padded=True, dsp=True,
        )  # fmt: skip


def window_pools() -> Iterator[WindowPoolUnit]:
    for channels, pe, columns, bits, taps, signed in (
        (16, 1, 1, 2, 9, False), (16, 8, 1, 2, 9, False), (64, 16, 1, 2, 9, False),
        (32, 32, 2, 2, 9, False), (64, 4, 1, 8, 9, False), (16, 16, 1, 8, 9, False),
        (64, 8, 1, 11, 25, False), (16, 4, 1, 2, 9, True), (64, 8, 1, 4, 9, True),
        (96, 4, 1, 4, 4, True), (16, 8, 4, 4, 4, False), (24, 12, 1, 3, 1, False),
    ):  # fmt: skip
        yield WindowPoolUnit(
            cout=channels, pixels=64, pe=pe, act_bits=bits, columns=columns, taps=taps,
            signed=signed, padded=True,
        )  # fmt: skip


def thresholds() -> Iterator[ThresholdUnit]:
    for lanes, in_bits, level_bits in (
        (1, 9, 9), (2, 9, 9), (3, 9, 9), (8, 9, 9), (1, 6, 6), (2, 7, 7), (1, 10, 10), (2, 11, 11),
        (8, 11, 11), (1, 12, 12), (2, 13, 13), (3, 10, 11), (6, 8, 8), (16, 9, 9), (16, 10, 10),
        (5, 8, 9), (10, 9, 9),
    ):  # fmt: skip
        yield ThresholdUnit(
            channels=64, pixels=64, lanes=lanes, in_bits=in_bits, level_bits=level_bits, out_bits=2
        )


def plane_sums() -> Iterator[PlaneUnit]:
    for lanes, planes, in_bits, inverted in (
        (1, 2, 9, False), (4, 2, 9, False), (2, 3, 10, True), (8, 3, 9, True), (1, 4, 11, True),
        (4, 5, 10, True), (1, 8, 12, True), (2, 8, 10, True), (16, 2, 10, True),
    ):  # fmt: skip
        yield PlaneUnit(
            channels=64, pixels=64, lanes=lanes, planes=planes, in_bits=in_bits, inverted=inverted
        )


def requantizers() -> Iterator[RequantizeUnit]:
    for lanes, in_bits, constant_bits, shift, out_bits in (
        (1, 12, 11, 4, 4), (2, 14, 13, 6, 4), (4, 16, 15, 8, 4), (8, 12, 12, 5, 3),
        (1, 18, 17, 9, 8), (4, 18, 17, 10, 6), (16, 10, 10, 3, 4), (2, 12, 14, 2, 8),
        (2, 9, 8, 0, 5), (4, 14, 13, 1, 2),
    ):  # fmt: skip
        yield RequantizeUnit(
            channels=64, pixels=64, lanes=lanes, in_bits=in_bits, constant_bits=constant_bits,
            shift=shift, out_bits=out_bits,
        )  # fmt: skip


def lines() -> Iterator[LineUnit]:
    for lanes, in_bits, slope_bits, shift, two_sided in (
        (1, 12, 10, 14, False), (1, 18, 17, 20, False), (2, 18, 17, 22, False),
        (4, 16, 12, 18, False), (1, 20, 24, 30, False), (2, 22, 25, 32, False),
        (1, 20, 24, 31, True), (2, 18, 22, 30, True), (1, 14, 17, 20, True),
    ):  # fmt: skip
        yield LineUnit(
            channels=64, pixels=64, lanes=lanes, in_bits=in_bits, slope_bits=slope_bits,
            origin_bits=in_bits + 1, bias_bits=shift + 9, shift=shift, low=0, high=255,
            two_sided=two_sided, out_bits=8,
        )  # fmt: skip
    for lanes, in_bits, slope_bits, shift in (
        (1, 12, 10, 14), (1, 18, 17, 20), (2, 20, 24, 30), (1, 22, 25, 32), (4, 16, 12, 18),
    ):  # fmt: skip
        yield LineUnit(
            channels=64, pixels=64, lanes=lanes, in_bits=in_bits, slope_bits=slope_bits,
            origin_bits=in_bits + 1, bias_bits=shift + 9, shift=shift, low=0, high=255,
            out_bits=8, logic=True,
        )  # fmt: skip


def lookups() -> Iterator[LookupUnit]:
    for lanes, in_bits, out_bits in (
        (1, 8, 21), (2, 8, 22), (4, 8, 18), (1, 4, 10), (4, 4, 9), (2, 2, 6), (1, 6, 12), (2, 5, 9),
    ):  # fmt: skip
        yield LookupUnit(channels=16, pixels=64, lanes=lanes, in_bits=in_bits, out_bits=out_bits)


def pools() -> Iterator[PoolUnit]:
    large, total = Pooling.MAX, Pooling.SUM
    for pooling, size, kernel, channels, lanes, in_bits in (
        (large, 28, 2, 64, 4, 2), (large, 28, 2, 64, 8, 2), (large, 14, 2, 64, 1, 4),
        (large, 10, 2, 128, 4, 2), (large, 7, 2, 64, 2, 5), (large, 3, 3, 64, 4, 4),
        (large, 32, 2, 32, 16, 4), (large, 16, 2, 32, 1, 8), (total, 8, 2, 64, 4, 2),
        (total, 16, 4, 32, 2, 3), (total, 7, 7, 64, 1, 4), (total, 28, 2, 16, 4, 4),
        (total, 32, 2, 32, 2, 8), (total, 8, 8, 128, 8, 2), (large, 9, 3, 30, 5, 3),
    ):  # fmt: skip
        yield PoolUnit(
            pooling=pooling, height=size, width=size, channels=channels, lanes=lanes,
            in_bits=in_bits, kernel=(kernel, kernel),
        )  # fmt: skip


def forks() -> Iterator[ForkUnit]:
    for lanes, bits, ways in ((1, 2, 2), (4, 2, 2), (16, 2, 2), (8, 10, 2), (2, 9, 3), (8, 2, 4)):
        yield ForkUnit(lanes=lanes, bits=bits, ways=ways)


def fifos() -> Iterator[FifoUnit]:
    for lanes, bits, depth in (
        (1, 9, 3), (1, 9, 4), (2, 9, 5), (4, 9, 8), (1, 10, 16), (2, 10, 17), (4, 9, 18),
        (4, 9, 32), (1, 10, 33), (2, 9, 34), (1, 9, 50), (1, 9, 64), (1, 10, 66), (2, 9, 70),
        (1, 10, 100), (2, 10, 129), (4, 10, 100), (4, 9, 200), (8, 9, 80), (8, 10, 300),
        (16, 10, 200), (4, 10, 600), (4, 9, 1500), (2, 10, 1100), (1, 9, 200), (1, 9, 228),
        (1, 9, 300), (2, 10, 2300), (1, 4, 400), (2, 2, 700), (1, 2, 900),
    ):  # fmt: skip
        yield FifoUnit(lanes=lanes, bits=bits, depth=depth)


def adders() -> Iterator[AddUnit]:
    for lanes, bits, out_bits in (
        (1, (9, 9), 10), (4, (9, 9), 10), (2, (10, 11), 12), (8, (9, 10), 11), (1, (11, 12), 13),
        (16, (8, 9), 10), (4, (11, 8), 11),
    ):  # fmt: skip
        yield AddUnit(lanes=lanes, bits=bits, out_bits=out_bits)
    for lanes, bits, out_bits, times in (
        (1, (9, 9), 16, (1, 85)), (2, (8, 10), 20, (683, 341)), (1, (9, 11), 28, (77777, 55555)),
        (4, (6, 7), 18, (1387, 1)), (1, (11, 12), 36, (12345679, 9876543)),
    ):  # fmt: skip
        yield AddUnit(lanes=lanes, bits=bits, out_bits=out_bits, times=times)


def concats() -> Iterator[ConcatUnit]:
    for lanes, bits, slices in (
        (1, (2, 2), (16, 32)), (4, (2, 2), (4, 8)), (8, (9, 10), (2, 2)), (2, (4, 4), (16, 8)),
        (16, (2, 2), (1, 1)), (1, (11, 9), (64, 64)),
    ):  # fmt: skip
        yield ConcatUnit(pixels=64, lanes=lanes, bits=bits, slices=slices, swapped=False)


def pixel_sums() -> Iterator[PixelSumUnit]:
    for channels, lanes, pixels, in_bits, sum_bits, planar in (
        (10, 1, 64, 8, 15, False), (10, 2, 64, 8, 15, False), (10, 5, 64, 8, 15, False),
        (10, 10, 64, 8, 15, False), (10, 1, 49, 7, 14, False), (100, 1, 64, 8, 15, False),
        (100, 4, 64, 8, 15, False), (100, 10, 64, 8, 15, False), (5, 1, 25, 6, 12, False),
        (20, 1, 64, 8, 15, False), (32, 2, 16, 8, 14, False), (10, 2, 64, 9, 15, True),
        (10, 10, 64, 9, 15, True), (100, 4, 64, 9, 15, True), (20, 1, 49, 7, 13, True),
        (100, 16, 16, 8, 14, True),
    ):  # fmt: skip
        yield PixelSumUnit(
            channels=channels, lanes=lanes, pixels=pixels, in_bits=in_bits, sum_bits=sum_bits,
            planar=planar,
        )  # fmt: skip
    for channels, lanes, pixels in ((64, 1, 64), (384, 2, 64), (384, 8, 64), (512, 1, 64),
                                    (128, 4, 16), (1000, 2, 64)):  # fmt: skip
        yield PixelSumUnit(
            channels=channels, lanes=lanes, pixels=pixels, in_bits=2, levels=True,
            sum_bits=(3 * pixels).bit_length(),
        )  # fmt: skip


def scores() -> Iterator[ScoreUnit]:
    for classes, sum_bits, multiplier_bits, whole_bits, raw, falling, biased in (
        (2, 12, 6, 0, False, False, False), (4, 14, 8, 0, False, False, False),
        (10, 15, 8, 0, False, False, False), (10, 14, 12, 0, False, False, False),
        (10, 16, 16, 0, False, False, False), (3, 16, 12, 0, False, False, False),
        (10, 15, 10, 16, False, True, False), (10, 18, 16, 19, False, True, False),
        (10, 12, 8, 13, True, False, False), (100, 17, 10, 16, True, False, False),
        (1000, 17, 16, 16, True, False, False), (100, 14, 10, 15, True, True, False),
        (10, 15, 10, 0, False, False, True), (10, 18, 16, 0, False, False, True),
        (10, 12, 8, 14, True, True, True),
    ):  # fmt: skip
        yield ScoreUnit(
            classes=classes, sum_bits=sum_bits, multiplier_bits=multiplier_bits,
            score_bits=(whole_bits or sum_bits) + multiplier_bits, whole_bits=whole_bits, raw=raw,
            falling=falling, biased=biased,
        )  # fmt: skip


def score_pipelines() -> Iterator[ScorePipelineUnit]:
    for classes, sum_bits, multiplier_bits, whole_bits, raw, falling, biased in (
        (640, 23, 1, 24, True, False, False), (640, 20, 1, 21, True, False, False),
        (100, 12, 1, 13, True, False, False), (1000, 16, 1, 0, False, False, False),
        (100, 12, 4, 13, True, False, False), (100, 14, 8, 0, False, False, False),
        (1000, 17, 12, 17, True, True, False), (1000, 16, 10, 17, True, False, True),
        (100, 12, 4, 0, False, False, True), (200, 14, 6, 15, True, True, True),
    ):  # fmt: skip
        yield ScorePipelineUnit(
            classes=classes, sum_bits=sum_bits, multiplier_bits=multiplier_bits,
            score_bits=(whole_bits or sum_bits) + multiplier_bits, whole_bits=whole_bits, raw=raw,
            falling=falling, biased=biased,
        )  # fmt: skip


def sdrams() -> Iterator[SdramUnit]:
    for chip, gear, clock_mhz, burst, places, depth in (
        (SDR_16M16, 1, 133, 256, 1024, 456_000), (SDR_16M16, 1, 100, 128, 512, 60_000),
        (SDR_16M16, 1, 50, 64, 256, 9_000), (SDR_32M16, 1, 133, 256, 2048, 15_000_000),
        (SDR_32M16, 1, 25, 64, 512, 1_000_000), (M12L64322A, 1, 133, 128, 512, 250_000),
        (M12L64322A, 1, 80, 256, 1024, 2_000_000), (M12L64322A, 1, 25, 128, 256, 30_000),
        (SDR_16M16, 2, 71.25, 256, 512, 230_000), (SDR_32M16, 2, 50, 64, 512, 9_000),
    ):  # fmt: skip
        slots = Slots(chip=chip, clock_mhz=clock_mhz, burst=burst, gear=gear)
        yield SdramUnit(depth=depth, slots=slots, places=places)


def results() -> Iterator[ResultUnit]:
    for classes, score_bits, best in (
        (2, 18, 1), (4, 22, 1), (10, 23, 1), (10, 26, 1), (20, 23, 1), (32, 22, 1), (10, 32, 1),
        (100, 23, 5), (200, 28, 5), (1000, 26, 5), (1000, 30, 5), (10, 24, 3),
    ):  # fmt: skip
        yield ResultUnit(classes=classes, score_bits=score_bits, best=best)


def result_chains() -> Iterator[ResultChainUnit]:
    for classes, score_bits, best in (
        (2, 18, 1), (10, 23, 1), (20, 30, 1), (100, 23, 5), (200, 28, 5), (640, 24, 5),
        (1000, 30, 5), (10, 24, 3), (50, 20, 2),
    ):  # fmt: skip
        yield ResultChainUnit(classes=classes, score_bits=score_bits, best=best)


SAMPLES: tuple[Unit, ...] = tuple(
    unit
    for kind in (
        embeddings, converters, windows, picks, pads, selects, spreads, reorders, roms, engines,
        products, depthwise, depthwise_products, window_pools, thresholds, forks, fifos, adders,
        pixel_sums, scores, score_pipelines, results, result_chains, plane_sums, requantizers,
        lines, lookups, pools, concats, sdrams,
    )
    for unit in kind()
) + ARRAYS + PARAMETERS  # fmt: skip
