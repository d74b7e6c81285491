"""Sliding windows: refusals, and how many rows wait. The rest: test_every_component."""

from dataclasses import replace

import pytest

from fq_hw.errors import FoldingError
from fq_hw.ir import Axis
from fq_hw.schedule.units import WindowUnit, ceil_div
from rtl_gen.sliding_window import SlidingWindow
from sim import pysim
from sim.zoo import ZOO, random_vectors

GOOD = ZOO["window_3x3_repeats"]
BARE = Axis(kernel=3)


@pytest.mark.parametrize("name", ["window_3x3", "window_3x3_stride", "window_1x1", "window_5x5"])
def test_takes_whole_rows_until_the_ring_is_full(name):
    unit = ZOO[name]
    vectors = random_vectors(unit, frames=unit.rows)  # more than the ring holds
    assert pysim.block(SlidingWindow(unit), vectors)["i"] == unit.rows * unit.row_words


@pytest.mark.parametrize("lanes", [1, 2, 5, 10])
def test_a_ring_of_groups_rests_never(lanes):
    """Where words come as fast as they go; with rows for two groups alone, cycles are lost."""
    unit = replace(ZOO["window_1x1_words"], channels=10, lanes=lanes)
    for spare in (ceil_div(unit.TOLD, unit.slices), 0):
        ring = replace(unit, spare=spare)
        took = pysim.replay(SlidingWindow(ring), random_vectors(ring, frames=2))["o"]
        assert (took[-1] - took[0] > len(took) - 1) == (ring.rows == 2)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lanes": 5}, r"^WindowUnit: lanes must be in 1\.\.4 \(got 5\)$"),
        ({"lanes": 0}, r"^WindowUnit: lanes must be in 1\.\.4 \(got 0\)$"),
        ({"repeats": 0}, r"^WindowUnit: repeats must be at least 1 \(got 0\)$"),
        (
            {"height": 2, "down": Axis(kernel=3)},
            r"^WindowUnit: kernel must fit the height \(got 3\)$",
        ),
        (
            {"width": 2, "across": Axis(kernel=3)},
            r"^WindowUnit: kernel must fit the width \(got 3\)$",
        ),
    ],
)
def test_refuses(fields, message):
    with pytest.raises(FoldingError, match=message):
        assert isinstance(replace(GOOD, **fields), WindowUnit)
