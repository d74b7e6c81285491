"""The units of one convolution: a chain that fits, from any lanes to any lanes."""

import itertools
from dataclasses import replace

import pytest

from fq_hw.errors import FoldingError
from fq_hw.ir import Axis
from fq_hw.schedule.conv_parts import ConvSite, blocks_of, conv_parts, converters
from fq_hw.schedule.folding import Fold
from fq_hw.schedule.units import READ, ConvUnit, EmbedUnit, ReorderUnit, Rom


def site(lanes_in, lanes_out, kernel=3):
    return ConvSite(
        name="c", shape=(6, 8, 12), cout=12, down=Axis.half(kernel), across=Axis.half(kernel),
        act_bits=2, lanes_in=lanes_in, lanes_out=lanes_out,
    )  # fmt: skip


FOLDS = [
    Fold(pe=pe, simd=simd, columns=columns, hold=hold)
    for pe, simd, columns, hold in itertools.product(
        (1, 2, 3, 5, 8, 12), (1, 3, 4, 12), (1, 2, 4), (1, 2)
    )
]


@pytest.mark.parametrize("lanes_out", [1, 2, 3, 4, 12])
@pytest.mark.parametrize("lanes_in", [1, 4, 12])
def test_every_unit_expects_what_the_one_before_gives(lanes_in, lanes_out):
    for fold in FOLDS:
        parts = conv_parts(site(lanes_in, lanes_out), fold)
        first, last = parts.path[0], parts.path[-1]
        assert first.i.lanes == lanes_in and last.o.lanes == lanes_out
        for unit, after in itertools.pairwise(parts.path):
            assert unit.o == after.i
        assert parts.weights.width == parts.engine.i_weight.width
        assert parts.beats == max(unit.beats for unit in parts.path)
        assert set(parts.units) == {*parts.path, parts.weights}
        endings = [ending for ending, _ in (*parts.before, *parts.after)]
        assert len(set(endings)) == len(endings)


@pytest.mark.parametrize("fold", FOLDS)
def test_a_1x1_convolution_keeps_pixels_not_rows(fold):
    alone = conv_parts(site(4, 2, kernel=1), fold).window
    rows = conv_parts(replace(site(4, 2, kernel=1), bursts=True), fold).window
    assert (rows.height, rows.width) == (6, 8)
    assert alone.beats == rows.beats and alone.depth <= rows.depth
    if alone != rows:
        assert (alone.height * alone.width, alone.width) == (48, fold.group)
        assert 3 <= alone.rows <= alone.depth <= 32


def test_an_embedding_goes_behind_its_window_where_that_takes_fewer_blocks():
    embed = EmbedUnit(colours=3, length=4, bits=2, tables=3, pixels=48)
    first, saved = replace(site(12, 2), embed=embed), []
    for fold in FOLDS:
        parts = conv_parts(first, fold)
        assert (parts.embed is None) == (parts.late_embed is not None)
        plain = conv_parts(site(12, 2), fold)
        blocks = [blocks_of(*made.path) for made in (parts, plain)]
        if parts.embed:
            assert parts.embed is embed and parts.window == plain.window
            continue
        saved.append(blocks_of(embed) + blocks[1] - blocks[0])
        assert fold.simd in (4, 12) and parts.beats == max(plain.beats, embed.beats)
        for unit, after in itertools.pairwise(parts.path):
            assert unit.o == after.i
        window, behind = parts.window, parts.late_embed
        assert window.beats == plain.window.beats and window.slices == plain.window.slices
        assert behind.turns == window.slices and parts.cycles == plain.cycles + READ
    assert saved and min(saved) == 2


def test_sums_are_reordered_only_where_folds_and_columns_are_mixed():
    for fold in FOLDS:
        parts = conv_parts(site(4, 2), fold)
        mixed = fold.group > 1 and fold.pe < 12
        reorders = [ending for ending, unit in parts.after if isinstance(unit, ReorderUnit)]
        assert reorders == ([".reorder"] if mixed else [])
        assert parts.held == fold.group * (3 if mixed else 1)
        ordered = "" if fold.group == 1 else ".reorder" if mixed else ".unpack"
        assert parts.carrier == ordered
    widened = conv_parts(site(4, 2), Fold(pe=1, simd=4, columns=2))
    assert [ending for ending, _ in widened.after] == [".unpack", ".reorder", ".widen"]


def test_lanes_that_do_not_divide_each_other_go_through_the_greatest_common_divisor():
    found = [(ending, u.lanes_in, u.lanes_out) for ending, u in converters(12, 5, (4, 6), 2, ".x")]
    assert found == [(".x.narrow", 4, 2), (".x", 2, 6)]
    assert converters(12, 5, (4, 4), 2, ".x") == []
    assert [ending for ending, _ in converters(12, 5, (4, 12), 2, ".x")] == [".x"]


def test_weights_lie_where_the_fold_says():
    for rom in Rom:
        parts = conv_parts(site(4, 2), Fold(pe=12, simd=12, rom=rom))
        assert parts.weights.rom is rom
        assert isinstance(parts.engine, ConvUnit)


def test_idle_pes_are_left_out_of_what_is_reordered():
    parts = conv_parts(site(4, 2), Fold(pe=8, simd=4, columns=2))
    reorder = next(unit for ending, unit in parts.after if ending == ".reorder")
    assert (reorder.folds, reorder.slices, reorder.idle) == (2, 4, 2)
    assert reorder.pixel_beats * reorder.lanes == 12


@pytest.mark.parametrize("wrong", [{"pe": 0}, {"simd": -1}, {"columns": 0}])
def test_refuses_a_fold_of_nothing(wrong):
    with pytest.raises(FoldingError, match=r"^Fold: must be in 1\.\.1048576 \(got "):
        Fold(**{"pe": 1, "simd": 1} | wrong)
