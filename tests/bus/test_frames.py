"""Words to pixels: every width against every colour count, packets of any length, stalls."""

from __future__ import annotations

import numpy as np
import pytest

from bus.choice import WIDTHS
from bus.frames import FrameInput
from bus.geometry import Geometry
from bus.words import frame_words
from sim import pysim
from sim.stalls import GRID, ONCE
from sim.vectors import Vectors, pack

PIXELS = 7


def geometry(width: int, colours: int, pixels: int = PIXELS) -> Geometry:
    return Geometry(
        pixels=pixels,
        colours=colours,
        classes=2,
        best=1,
        field_bits=32,
        in_bits=width,
        out_bits=32,
    )


def vectors(one: Geometry, packets: list[int]) -> Vectors:
    """Packets of so many words, 0 for a frame's; a short one is filled up with 0."""
    dice, words, pixels, shorts = np.random.default_rng(1), [], [], []
    for length in packets:
        image = dice.integers(1, 256, (1, one.pixels, 1, one.colours), np.uint8)
        sent = frame_words(image, one)
        length = length or len(sent)
        words += [word | (n == length - 1) << one.in_bits for n, word in enumerate(sent[:length])]
        image.reshape(-1)[length * one.in_bits // 8 :] = 0
        pixels += pack(image.reshape(-1, one.colours), 8)
        shorts.append(int(length < len(sent)))
    return Vectors(i={"i": tuple(words)}, o={"o": tuple(pixels), "o_short": tuple(shorts)})


@pytest.mark.parametrize("colours", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("width", [*WIDTHS[:5], 24])
@pytest.mark.parametrize("pauses", ONCE, ids="-".join)
def test_pixels_of_frames(width, colours, pauses):
    one = geometry(width, colours)
    pysim.replay(FrameInput(one), vectors(one, [0, 0, 0]), pauses)


@pytest.mark.parametrize("pauses", GRID, ids="-".join)
def test_packets_that_end_too_early(pauses):
    one = geometry(16, 3)
    pysim.replay(FrameInput(one), vectors(one, [0, 1, 0, one.frame_words - 1, 0, 2]), pauses)


@pytest.mark.parametrize(("width", "colours"), [(8, 1), (24, 3), (32, 3), (64, 3), (128, 1)])
def test_a_pixel_per_cycle(width, colours):
    one = geometry(width, colours, 16)
    moves = pysim.replay(FrameInput(one), vectors(one, [0, 0, 0]))
    assert moves["o"] == list(range(moves["i"][0] + 1, moves["i"][0] + 1 + 3 * 16))


@pytest.mark.parametrize(("width", "colours"), [(8, 3), (16, 3), (16, 4)])
def test_a_word_per_cycle(width, colours):
    one = geometry(width, colours, 16)
    moves = pysim.replay(FrameInput(one), vectors(one, [0, 0]))
    assert moves["i"] == list(range(moves["i"][0], moves["i"][0] + 2 * one.frame_words))
