"""Fixed pixel codes: values by definition, and what a record asks for."""

import numpy as np
import pytest

from fq_hw.layers import Embedding, EmbeddingKind
from fq_hw.pixel_codes import digits_table, fixed_table, naive_table
from fq_hw.thermometer import thermometer_table


def test_naive_is_the_nearest_of_four_levels():
    table = naive_table()
    assert table.shape == (256, 1)
    for pixel in range(256):
        assert table[pixel, 0] == min(range(4), key=lambda level: abs(pixel - 85 * level))


def test_digits_give_the_pixel_back():
    table = digits_table()
    assert table.shape == (256, 4)
    assert table.min() == 0
    assert table.max() == 3
    np.testing.assert_array_equal(table @ [1, 4, 16, 64], np.arange(256))


@pytest.mark.parametrize(
    ("kind", "length", "expected"),
    [
        (EmbeddingKind.THERMOMETER, 5, thermometer_table(5)),
        (EmbeddingKind.NAIVE, 1, naive_table()),
        (EmbeddingKind.DIGITS, 4, digits_table()),
    ],
)
def test_fixed_table_follows_the_record(kind, length, expected):
    np.testing.assert_array_equal(fixed_table(Embedding(kind=kind, length=length)), expected)


@pytest.mark.parametrize(
    ("kind", "length"),
    [(EmbeddingKind.LEARNED, 10), (EmbeddingKind.EXACT, 1), (EmbeddingKind.FLOAT, 1)],
)
def test_other_kinds_have_no_fixed_table(kind, length):
    assert fixed_table(Embedding(kind=kind, length=length)) is None
