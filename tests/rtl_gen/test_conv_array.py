"""Frames that come into an array while it works: when they may, and what they wait for."""

import pytest
from component_checks import golden_beats_in_the_cycles_of_the_model, replay

from sim.stalls import PAUSES
from sim.zoo import ZOO

HALVED = [name for name in ZOO if name.startswith("array_halved")]


@pytest.mark.parametrize("name", HALVED)
def test_the_next_frame_comes_as_soon_as_no_pass_reads_the_one_before(name):
    unit = ZOO[name]
    vectors, cycles = replay(unit)
    frames = vectors.frames
    taken = [cycles["i"][n * len(cycles["i"]) // frames :][0] for n in range(1, frames)]
    ended = [cycles["i"][n * len(cycles["i"]) // frames - 1] for n in range(1, frames)]
    first_beat = unit.words_in // unit.beats_in - 1  # a beat is taken with its last word
    apart = unit.row_gap + unit.read_cycles + 1 + first_beat
    assert [b - a for a, b in zip(ended, taken, strict=True)] == [apart] * (frames - 1)


@pytest.mark.parametrize(
    ("name", "busy", "pausing"),
    [("array_halved", 11, 49), ("array_halved_once", 61, 83)],  # one parameter, one frame is late
)
def test_passes_wait_for_their_frame_and_their_first_parameter(name, busy, pausing, monkeypatch):
    monkeypatch.setitem(PAUSES, "long", (0,) * busy + (1,) * pausing)
    golden_beats_in_the_cycles_of_the_model(ZOO[name], ("long", "never"))
