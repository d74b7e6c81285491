"""Sliding windows: refusals, and how many rows wait. The rest: test_every_component."""

from dataclasses import replace

import pytest

from fq_hw.errors import FoldingError
from fq_hw.schedule.units import WindowUnit
from rtl_gen.sliding_window import SlidingWindow
from sim import pysim
from sim.zoo import ZOO, random_vectors

GOOD = ZOO["window_3x3_repeats"]


@pytest.mark.parametrize("name", ["window_3x3", "window_3x3_stride", "window_1x1", "window_5x5"])
def test_takes_whole_rows_until_the_ring_is_full(name):
    unit = ZOO[name]
    vectors = random_vectors(unit, frames=unit.rows)  # more than the ring holds
    assert pysim.block(SlidingWindow(unit), vectors)["i"] == unit.rows * unit.row_words


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lanes": 5}, r"^WindowUnit: lanes must be in 1\.\.4 \(got 5\)$"),
        ({"lanes": 0}, r"^WindowUnit: lanes must be in 1\.\.4 \(got 0\)$"),
        ({"repeats": 0}, r"^WindowUnit: repeats must be at least 1 \(got 0\)$"),
        ({"height": 2, "padding": 0}, r"^WindowUnit: kernel must fit the height \(got 3\)$"),
        ({"width": 2, "padding": 0}, r"^WindowUnit: kernel must fit the width \(got 3\)$"),
    ],
)
def test_refuses(fields, message):
    with pytest.raises(FoldingError, match=message):
        assert isinstance(replace(GOOD, **fields), WindowUnit)
