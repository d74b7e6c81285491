"""Folds: how many cycles an engine takes, how wide a stream is, which names must be there."""

import itertools

import pytest
from networks import odd_folds, random_graph

from fq_hw import ir
from fq_hw.errors import FoldingError
from fq_hw.schedule.folding import Fold, check_folds, conv_cycles, divisors, stream_lanes


def test_cycles_are_those_of_the_loop():
    graph = random_graph("awkward")
    for conv in (op for op in graph.ops if isinstance(op, ir.Conv)):
        cout, kh, kw, cin = conv.weight.shape
        h, w, _ = graph.types[conv.name].shape
        for pe, simd in itertools.product((1, 3, cout), (1, 4, cin)):
            loop = len(range(0, cout, pe)) * kh * kw * len(range(0, cin, simd))
            assert conv_cycles(graph, conv, Fold(pe=pe, simd=simd)) == h * w * loop
            if w % 2 == 0:
                two = Fold(pe=pe, simd=simd, columns=2)
                assert conv_cycles(graph, conv, two) == h * w // 2 * loop


def test_check_folds():
    graph = random_graph("flat")
    folds = odd_folds(graph)
    check_folds(graph, folds)
    for wrong, message in (
        ({}, r"lacks a fold for convolutions \(got \['stages.0.0.convs.0', "),
        (folds | {"more": Fold(pe=1, simd=1)}, r"has folds for what .* \(got \['more'\]\)"),
    ):
        with pytest.raises(FoldingError, match=rf"^folding of 'flat': {message}"):
            check_folds(graph, wrong)


@pytest.mark.parametrize("field", ["pe", "simd", "columns", "levels_per_stage"])
@pytest.mark.parametrize("value", [0, -1, 10**12])
def test_refuses_a_number_out_of_range(field, value):
    with pytest.raises(FoldingError, match=r"^Fold: must be in 1\.\.1048576 \(got "):
        Fold(**{"pe": 1, "simd": 1, field: value})


def test_divisors():
    assert divisors(1) == [1] and divisors(13) == [1, 13]
    assert divisors(30) == [1, 2, 3, 5, 6, 10, 15, 30]


@pytest.mark.parametrize(
    ("channels", "pixels", "cycles", "lanes"),
    [
        (12, 10, 180, 1),
        (12, 10, 179, 2),
        (12, 10, 60, 3),
        (12, 10, 59, 4),
        (12, 10, 30, 6),
        (12, 10, 29, 12),
        (12, 10, 9, 12),
        (10, 10, 74, 5),
        (10, 10, 75, 2),
        (1, 1, 1, 1),
    ],
)
def test_stream_lanes(channels, pixels, cycles, lanes):
    assert stream_lanes(channels, pixels, cycles) == lanes


def test_a_stream_and_the_narrowing_to_it_take_no_longer_than_a_frame():
    for channels, pixels, cycles in itertools.product((1, 7, 10, 12, 16), (1, 9), range(9, 300)):
        lanes = stream_lanes(channels, pixels, cycles)
        beats = pixels * channels // lanes
        assert channels % lanes == 0 and beats <= cycles
        for wide in (n for n in divisors(channels) if n % lanes == 0 and n > lanes):
            assert beats + pixels * channels // wide <= cycles
