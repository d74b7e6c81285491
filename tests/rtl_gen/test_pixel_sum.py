"""Sums over pixels: a negative start. The rest: test_every_component."""

import numpy as np

from fq_hw.schedule.units import PixelSumUnit
from rtl_gen.pixel_sum import PixelSum
from sim import pysim
from sim.vectors import Vectors

UNIT = PixelSumUnit(channels=2, pixels=2, lanes=1, in_bits=4, sum_bits=6)


def test_every_frame_starts_at_the_start():
    part = PixelSum(UNIT, np.array([-32, 1]))
    frame, sums = (15, 1, 2, 3), (-15 % 64, 5)
    pysim.replay(part, Vectors(i={"i": frame * 3}, o={"o": sums * 3}))
