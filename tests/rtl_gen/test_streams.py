"""Layouts of beats."""

from amaranth.hdl import signed, unsigned

from fq_hw.schedule.units import Beat, Rom, in_block_ram
from rtl_gen.streams import memory_style, payload, signature


def test_lane_0_is_lowest_and_signs_are_kept():
    layout = payload(Beat(lanes=3, bits=4, signed=True))
    assert layout.elem_shape == signed(4) and layout.size == 12
    assert layout[0].offset == 0 and layout[2].offset == 8
    assert payload(Beat(lanes=1, bits=1)).elem_shape == unsigned(1)


def test_a_stream_has_the_width_of_its_beat():
    beat = Beat(lanes=3, bits=4)
    assert signature(beat).members["payload"].shape.size == beat.width


def test_a_memory_goes_where_its_estimate_says():
    assert in_block_ram(64, 32) and memory_style(64, 32) == {"ram_style": "block"}
    assert memory_style(64, 32, Rom.LOGIC) == {"ram_style": "logic"}
    assert not in_block_ram(64, 31) and memory_style(64, 31) == {}
