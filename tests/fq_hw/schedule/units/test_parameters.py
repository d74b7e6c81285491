"""In which order an array's parameters are read."""

import pytest

from fq_hw.errors import FoldingError
from fq_hw.schedule.units import ParameterUnit, Replay


def test_a_folds_weights_come_again_for_every_group_and_its_header_once():
    replay = Replay(words=2, header=1, folds=2, times=3)
    assert replay.order() == [0, 1, 2, 0, 1, 0, 1, 3, 4, 5, 3, 4, 3, 4]
    assert replay.depth == 6


def test_passes_follow_each_other():
    none = Replay(words=0, header=2, folds=2, times=1)  # of a pass that convolves nothing
    unit = ParameterUnit(width=4, replays=(none, Replay(words=1, header=1, folds=1, times=2)))
    assert unit.order() == [0, 1, 2, 3, 4, 5, 4]
    assert unit.depth == 6


@pytest.mark.parametrize(
    ("width", "replays"), [(0, (Replay(words=1, header=1, folds=1, times=1),)), (3, ())]
)
def test_refuses_no_words_and_no_bits(width, replays):
    said = rf"^ParameterUnit: needs words and bits \(got {width}\)$"
    with pytest.raises(FoldingError, match=said):
        ParameterUnit(width=width, replays=replays)
