"""The closed form equals the paper's formula, entry by entry."""

import numpy as np
import pytest

from fq_hw.thermometer import thermometer_table


def paper_table(length):
    """z_i = clamp(floor(w x + b_i - 1e-4), 0, 3), as the released code computes it."""
    s = max(1, 255 // (3 * length))
    x = np.arange(256)[:, None]
    late = 1 - (np.arange(length) + 1) / length
    return np.clip(np.floor(x / (s * length) + late - 1e-4), 0, 3)


@pytest.mark.parametrize("length", [1, 2, 3, 7, 10, 16, 21, 28, 32, 42, 64, 85])
def test_equals_the_papers_formula_for_every_pixel(length):
    np.testing.assert_array_equal(thermometer_table(length), paper_table(length))


@pytest.mark.parametrize(
    ("length", "codes", "saturates"), [(10, 31, 241), (21, 64, 253), (32, 97, 193)]
)
def test_published_codes_and_saturation(length, codes, saturates):
    table = thermometer_table(length)
    assert len(np.unique(table, axis=0)) == codes
    assert (table[saturates:] == 3).all()
    assert (table[saturates - 1] < 3).any()


def test_order_of_the_steps():
    codes = list(dict.fromkeys(map(tuple, thermometer_table(2).tolist())))
    assert codes == [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (3, 2), (3, 3)]
