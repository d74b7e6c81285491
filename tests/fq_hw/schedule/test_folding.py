"""Folding: fast enough, smallest possible, refused when impossible."""

import itertools

import pytest
from networks import NETWORKS, random_graph

from fq_hw import ir
from fq_hw.errors import FoldingError
from fq_hw.schedule.folding import (
    Fold,
    check_folds,
    conv_cycles,
    fold_for,
    narrowest_lanes,
)


def convs(graph):
    return [op for op in graph.ops if isinstance(op, ir.Conv)]


@pytest.mark.parametrize("cycles", [1_500, 3_000, 10_000, 100_000])
@pytest.mark.parametrize("name", NETWORKS)
def test_meets_the_cycles_with_the_smallest_array(name, cycles):
    graph = random_graph(name)
    folds = fold_for(graph, cycles)
    check_folds(graph, folds)
    for conv in convs(graph):
        fold = folds[conv.name]
        cout, _, _, cin = conv.weight.shape
        assert cout % fold.pe == cin % fold.simd == 0
        assert conv_cycles(graph, conv, fold) <= cycles
        for pe, simd in itertools.product(range(1, cout + 1), range(1, cin + 1)):
            if cout % pe == cin % simd == 0 and pe * simd <= fold.pe * fold.simd:
                other = Fold(pe=pe, simd=simd)
                fast = conv_cycles(graph, conv, other) <= cycles
                smaller = pe * simd < fold.pe * fold.simd or pe < fold.pe
                assert not (fast and smaller), f"{conv.name}: {other} is smaller than {fold}"


def test_cycles_are_those_of_the_loop():
    graph = random_graph("awkward")
    for conv in convs(graph):
        cout, kh, kw, cin = conv.weight.shape
        h, w, _ = graph.types[conv.name].shape
        for pe, simd in itertools.product((1, 3, cout), (1, 4, cin)):
            loop = len(range(0, cout, pe)) * kh * kw * len(range(0, cin, simd))
            assert conv_cycles(graph, conv, Fold(pe=pe, simd=simd)) == h * w * loop


def test_refuses_what_no_folding_reaches():
    graph = random_graph("basic")
    fold_for(graph, 12 * 12 * 9)
    with pytest.raises(FoldingError) as caught:
        fold_for(graph, 12 * 12 * 9 - 1)
    message = "folding 'stem.0.conv': needs at least 1296 cycles per frame, not 1295"
    assert str(caught.value) == message


def test_check_folds():
    graph = random_graph("flat")
    folds = fold_for(graph, 10_000)
    for wrong in ({}, folds | {"more": Fold(pe=1, simd=1)}):
        with pytest.raises(FoldingError, match=r"^folding of 'flat': must name \['stages"):
            check_folds(graph, wrong)


@pytest.mark.parametrize(
    ("channels", "pixels", "cycles", "pe", "lanes"),
    [
        (12, 10, 130, 12, 1),
        (12, 10, 129, 12, 2),
        (12, 10, 50, 12, 3),
        (12, 10, 49, 12, 4),
        (12, 10, 30, 12, 6),
        (12, 10, 29, 12, 12),
        (12, 10, 9, 12, 12),
        (10, 10, 79, 4, 4),
        (10, 10, 80, 4, 2),
        (1, 1, 1, 1, 1),
    ],
)
def test_narrowest_lanes(channels, pixels, cycles, pe, lanes):
    assert narrowest_lanes(channels, pixels, cycles, pe) == lanes
