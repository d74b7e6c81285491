"""Layouts of beats."""

from amaranth.hdl import signed, unsigned

from fq_hw.schedule.units import Beat
from rtl_gen.streams import payload, signature


def test_lane_0_is_lowest_and_signs_are_kept():
    layout = payload(Beat(lanes=3, bits=4, signed=True))
    assert layout.elem_shape == signed(4) and layout.size == 12
    assert layout[0].offset == 0 and layout[2].offset == 8
    assert payload(Beat(lanes=1, bits=1)).elem_shape == unsigned(1)


def test_a_stream_has_the_width_of_its_beat():
    beat = Beat(lanes=3, bits=4)
    assert signature(beat).members["payload"].shape.size == beat.width
