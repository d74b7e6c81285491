"""Thresholds: ties by hand. The rest: test_every_component."""

import pytest

from fq_hw.schedule.units import ThresholdUnit
from rtl_gen.threshold import Threshold
from sim import pysim
from sim.vectors import Vectors

LEVELS = (2, 5, 5)


@pytest.mark.parametrize(("sign", "want"), [(0, (0, 1, 1, 3)), (1, (3, 2, 2, 0))])
def test_a_tie_belongs_to_the_upper_level(sign, want):
    unit = ThresholdUnit(channels=1, pixels=4, lanes=1, in_bits=3, level_bits=3, out_bits=2)
    word = sum(level << 3 * n for n, level in enumerate(LEVELS)) | sign << 9
    vectors = Vectors(i={"i": (1, 2, 4, 5), "i_level": (word,) * 4}, o={"o": want})
    pysim.replay(Threshold(unit), vectors)
