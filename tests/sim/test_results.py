"""Results as beats and back; a beat that is not what its scores ask for is noticed."""

from __future__ import annotations

import numpy as np
import pytest

from fq_hw.errors import SimulationError
from fq_hw.schedule.units import ResultUnit
from sim.results import result_beats, scores_of

UNIT = ResultUnit(classes=7, score_bits=6, best=3)
SCORES = np.array([[-32, 31, 0, 31, -1, 5, 2], [0, 0, 0, 0, 0, 0, -1]])
BEATS = [beat for row in SCORES for beat in result_beats(row, UNIT)]


def test_scores_come_back():
    assert len(BEATS) == 2 * UNIT.beats_out
    np.testing.assert_array_equal(scores_of(BEATS, UNIT, "x"), SCORES)


@pytest.mark.parametrize("bit", range(UNIT.o.width))
@pytest.mark.parametrize("beat", [7, 8, 9, 17])  # label and next best
def test_a_wrong_label_kind_or_end_is_an_error(beat, bit):
    wrong = [*BEATS]
    wrong[beat] ^= 1 << bit
    with pytest.raises(SimulationError, match=f"^x: must give scores, .* beat {beat} must be "):
        scores_of(wrong, UNIT, "x")
