"""The units' closed forms against counting."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from fq_hw.errors import FoldingError
from fq_hw.ir import Axis
from fq_hw.schedule.resources import resources
from fq_hw.schedule.units import (
    Beat,
    ConvertUnit,
    ConvUnit,
    FifoUnit,
    PixelSumUnit,
    ResultChainUnit,
    ResultUnit,
    RomUnit,
    ScorePipelineUnit,
    ScoreUnit,
    ThresholdUnit,
    WindowUnit,
    ceil_div,
)


def window(height=6, width=5, channels=4, lanes=2, kernel=3, stride=1, padding=1, repeats=2):
    return WindowUnit(
        height=height,
        width=width,
        channels=channels,
        lanes=lanes,
        in_bits=2,
        down=(axis := Axis(kernel=kernel, stride=stride, before=padding, after=padding)),
        across=axis,
        repeats=repeats,
    )


WINDOWS = [
    window(h, w, 5, 2, k, s, p)
    for h, w, (k, s, p) in itertools.product(
        range(1, 8), (1, 2, 5), [(1, 1, 0), (1, 2, 0), (3, 1, 1), (3, 2, 1), (3, 1, 0), (3, 3, 1)]
    )
    if k <= min(h, w) + 2 * p
]
WINDOWS += [
    replace(window(h, w, 5, 2), down=down, across=across)
    for h, w, (down, across) in itertools.product(
        range(4, 9),
        (4, 7),
        [
            (Axis(kernel=1), Axis(kernel=9, before=4, after=4)),
            (Axis(kernel=3, before=2, after=2), Axis(kernel=2, stride=2, after=1)),
            (Axis(kernel=3, stride=2, after=1), Axis(kernel=3, stride=2, after=1)),
            (Axis(kernel=2, dilation=3, before=3), Axis(kernel=3, dilation=2, before=1, after=4)),
        ],
    )
]


def test_ceil_div():
    for a, b in itertools.product(range(20), range(1, 9)):
        assert ceil_div(a, b) == (a + b - 1) // b


@pytest.mark.parametrize(
    "unit", WINDOWS, ids=lambda u: f"{u.height}x{u.width} {u.down.kernel}s{u.down.stride}"
)
def test_window(unit):
    down, across = unit.down, unit.across

    def inside(size, axis, o):
        taps = [o * axis.stride - axis.before + k for k in range(axis.reach)]
        return [tap for tap in taps if 0 <= tap < size]

    def outs(size, axis):
        """Places where a whole kernel fits the padded image."""
        padded = size + axis.before + axis.after
        return len([o for o in range(padded) if o * axis.stride + axis.reach <= padded])

    assert (unit.out_height, unit.out_width) == (outs(unit.height, down), outs(unit.width, across))
    for oy in range(unit.out_height):
        rows = inside(unit.height, down, oy)
        assert unit.last_row(oy) == (max(rows) if rows else unit.last_row(oy))
        later = [r for y in range(oy, unit.out_height) for r in inside(unit.height, down, y)]
        assert unit.first_row(oy) == min(later)
        needed = [r for y in range(oy + 1, unit.out_height) for r in inside(unit.height, down, y)]
        before = unit.first_row(oy)
        assert unit.freed(oy) == (min(needed) if needed else unit.height) - before
    for ox in range(unit.out_width):
        assert unit.last_column(ox) == max(inside(unit.width, across, ox))
    assert sum(unit.freed(oy) for oy in range(unit.out_height)) == unit.height
    # a window's rows, and those that come meanwhile, fit the ring, which is a power of two
    come = down.stride
    if not down.after:  # the last window frees all that it reads
        come = max(come, unit.freed(unit.out_height - 1))
    assert unit.depth & (unit.depth - 1) == 0
    assert unit.rows == unit.depth // (unit.width * 3)
    assert unit.rows >= down.reach + come
    assert unit.depth < 2 * (down.reach + come) * unit.width * 3
    reads = unit.out_height * unit.out_width * unit.repeats * down.kernel * across.kernel * 3
    assert unit.beats == max(reads, unit.height * unit.width * 3)


def test_a_window_waits_for_its_last_pixel():
    assert window(6, 5, 4, 2, 3, 1, 1).latency() == (1 * 5 + 1 + 1) * 2 + 2
    assert window(1, 1, 4, 2, 3, 1, 1).latency() == 2 + 2
    assert window(6, 5, 4, 2, 3, 2, 0).latency() == (2 * 5 + 2 + 1) * 2 + 2


def conv(**changes):
    fields = {"cin": 6, "cout": 4, "taps": 9, "pixels": 10, "pe": 2, "simd": 3, "act_bits": 2}
    return ConvUnit(**fields | changes)


@pytest.mark.parametrize(("pe", "simd"), [*itertools.product((1, 2, 3, 4), (1, 2, 4, 6))])
def test_conv(pe, simd):
    unit = conv(pe=pe, simd=simd)
    words = 0
    for _ in range(0, 4, pe):
        for _ in range(9):
            words += len(range(0, 6, simd))
    assert unit.nf * unit.sf == words
    assert unit.beats == 10 * words
    assert unit.macs == pe * simd
    assert unit.latency() == unit.sf + unit.sum_cycles + (unit.slots > 1)
    # a place for a finished sum is free again in time for the next, but not with one place less
    back = unit.sum_cycles + 2 + (unit.slots > 1)
    assert unit.slots * unit.sf >= back
    assert unit.slots == 1 or (unit.slots - 1) * unit.sf < back
    assert unit.i_weight.width == pe * simd


@pytest.mark.parametrize(("cin", "act_bits"), [(1, 1), (7, 2), (28, 2), (29, 2), (512, 2), (3, 8)])
def test_the_largest_sum_just_fits(cin, act_bits):
    unit = conv(cin=cin, simd=1, act_bits=act_bits)
    most = cin * 9 * (2**act_bits - 1)
    assert 2 ** (unit.raw_bits - 1) <= most < 2**unit.raw_bits
    assert unit.o.width == unit.pe * unit.raw_bits


@pytest.mark.parametrize(
    ("channels", "lanes_in", "lanes_out"),
    [(10, 4, 2), (9, 8, 2), (5, 1, 5), (10, 2, 4), (5, 2, 8), (7, 7, 1), (30, 30, 10), (1, 4, 1)],
)
def test_convert(channels, lanes_in, lanes_out):
    unit = ConvertUnit(channels=channels, pixels=3, lanes_in=lanes_in, lanes_out=lanes_out, bits=2)
    cut = np.arange(channels)
    assert unit.beats_in == len(range(0, len(cut), lanes_in))
    assert unit.beats_out == len(range(0, len(cut), lanes_out))
    both = unit.beats_in + unit.beats_out  # a narrowing register is empty for a cycle
    assert unit.beats == 3 * (unit.beats_in if lanes_out > lanes_in else both)
    first = {c // lanes_in for c in range(min(lanes_out, channels))}  # beats of the first result
    assert unit.latency() == len(first)


def test_other_beats():
    act = ThresholdUnit(channels=10, pixels=6, lanes=4, in_bits=9, level_bits=10, out_bits=2)
    assert (act.steps, act.slices, act.beats, act.i_level.width) == (3, 3, 18, 4 * 31)
    total = PixelSumUnit(channels=10, pixels=6, lanes=4, in_bits=9, sum_bits=12)
    assert (total.slices, total.beats) == (3, 18)
    score = ScoreUnit(classes=10, sum_bits=12, multiplier_bits=16, score_bits=28)
    assert (score.latency(), score.class_cycles, score.beats) == (17, 18, 180)
    piped = ScorePipelineUnit(**vars(score))
    assert (piped.latency(), piped.class_cycles, piped.beats) == (17, 1, 10)
    result = ResultUnit(classes=10, score_bits=28)
    assert ResultChainUnit(classes=200, score_bits=5, best=5).beats == 205
    assert (result.label_bits, result.data_bits, result.beats_out, result.beats) == (4, 28, 11, 21)
    assert ResultUnit(classes=200, score_bits=5, best=5).data_bits == 9
    assert ResultUnit(classes=1, score_bits=4).label_bits == 1
    assert Beat(lanes=3, bits=5).width == 15


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: conv(pe=5), "ConvUnit: pe must be in 1..4 (got 5)"),
        (lambda: conv(pe=0), "ConvUnit: pe must be in 1..4 (got 0)"),
        (lambda: conv(simd=7), "ConvUnit: simd must be in 1..6 (got 7)"),
        (lambda: conv(simd=0), "ConvUnit: simd must be in 1..6 (got 0)"),
        (lambda: window(lanes=5), "WindowUnit: lanes must be in 1..4 (got 5)"),
        (lambda: window(repeats=0), "WindowUnit: repeats must be at least 1 (got 0)"),
        (lambda: window(height=2, padding=0), "WindowUnit: kernel must fit the height (got 3)"),
        (lambda: window(width=2, padding=0), "WindowUnit: kernel must fit the width (got 3)"),
        (lambda: FifoUnit(lanes=1, bits=2, depth=2), "FifoUnit: depth must be at least 3 (got 2)"),
        (lambda: RomUnit(depth=0, width=3), "RomUnit: needs words and bits (got (0, 3))"),
        (
            lambda: ConvertUnit(channels=9, pixels=1, lanes_in=3, lanes_out=2, bits=2),
            "ConvertUnit: lanes_in=3 and lanes_out must divide one the other (got 2)",
        ),
        (
            lambda: ConvertUnit(channels=9, pixels=1, lanes_in=3, lanes_out=3, bits=2),
            "ConvertUnit: lanes_in and lanes_out must differ (got 3)",
        ),
    ],
)
def test_refuses(make, message):
    with pytest.raises(FoldingError) as caught:
        make()
    assert str(caught.value) == message


def test_fifos_priced_as_one_cost_the_same():
    for depth in range(3, 2_100):
        priced = FifoUnit.priced_as(depth)
        assert priced >= depth
        for lanes in (1, 9):
            one, other = (FifoUnit(lanes=lanes, bits=5, depth=n) for n in (depth, priced))
            assert resources(one) == resources(other)
