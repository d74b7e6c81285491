"""Scores: labels by hand. The rest: test_every_component."""

import numpy as np
import pytest

from fq_hw.schedule.units import ScoreUnit
from rtl_gen.scores import Scores
from sim import pysim
from sim.vectors import Vectors, pack

UNIT = ScoreUnit(classes=3, sum_bits=5, multiplier_bits=3, score_bits=8)


@pytest.mark.parametrize(
    ("sums", "multiplier", "label"),
    [
        ((5, 5, 5), (3, 3, 3), 0),
        ((1, 5, 5), (3, 3, 3), 1),
        ((2, 3, 1), (6, 4, 7), 0),
        ((-4, -2, -3), (1, 1, 1), 1),
        ((-16, -16, -16), (7, 1, 7), 1),
        ((-1, -1, 15), (7, 0, 0), 1),
        ((15, -16, 15), (0, 0, 1), 2),
    ],
)
def test_label_is_the_first_of_the_largest(sums, multiplier, label):
    scores = np.array(sums) * multiplier
    result = label | pack(scores[None], UNIT.score_bits)[0] << 2
    vectors = Vectors(i={"i": pack(np.array(sums)[:, None], 5) * 2}, o={"o": (result,) * 2})
    pysim.replay(Scores(UNIT, np.stack([multiplier, np.zeros(len(multiplier), int)])), vectors)
