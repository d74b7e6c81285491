"""Pixel embedding: lane order. The rest: test_every_component."""

import numpy as np

from fq_hw.schedule.units import EmbedUnit
from rtl_gen.pixel_embedding import PixelEmbedding
from sim import pysim
from sim.vectors import Vectors

UNIT = EmbedUnit(colours=2, length=2, bits=4, tables=2, pixels=1)


def test_first_colour_and_first_entry_are_lowest():
    table = np.zeros((2, 256, 2), np.uint8)
    table[0, 7], table[1, 9] = (1, 2), (3, 4)
    pysim.replay(PixelEmbedding(UNIT, table), Vectors(i={"i": (0x0907,)}, o={"o": (0x4321,)}))
