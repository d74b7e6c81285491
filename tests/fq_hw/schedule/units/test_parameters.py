"""In which order an array's parameters are read."""

import re

import pytest

from fq_hw.errors import FoldingError
from fq_hw.schedule.units import ParameterUnit, Replay


def test_a_folds_weights_come_again_for_every_group_and_its_header_once():
    unit = ParameterUnit(width=4, header=1, late=1, replays=(Replay(words=2, folds=2, times=3),))
    assert unit.order() == [0, 1, 2, 0, 1, 0, 1, 3, 4, 5, 3, 4, 3, 4]
    assert unit.depth == 6


def test_passes_follow_each_other():
    none = Replay(words=0, folds=2, times=1)  # of a pass that convolves nothing
    unit = ParameterUnit(
        width=4, header=2, late=1, replays=(none, Replay(words=1, folds=1, times=2))
    )
    assert unit.order() == [0, 1, 2, 3, 4, 5, 6, 4]
    assert unit.depth == 7


ONCE = Replay(words=1, folds=1, times=1)


@pytest.mark.parametrize(
    ("width", "header", "replays"), [(0, 1, (ONCE,)), (3, 0, (ONCE,)), (3, 1, ())]
)
def test_refuses_no_words_and_no_bits(width, header, replays):
    got = re.escape(str([len(replays), width, header]))
    said = rf"^ParameterUnit: needs passes, bits and a header \(got {got}\)$"
    with pytest.raises(FoldingError, match=said):
        ParameterUnit(width=width, header=header, replays=replays, late=1)


def test_refuses_to_read_nothing_again():
    nothing = Replay(words=0, folds=2, times=2)
    said = "^ParameterUnit: has nothing to read again without words"
    with pytest.raises(FoldingError, match=said):
        ParameterUnit(width=3, header=1, replays=(ONCE, nothing), late=1)


@pytest.mark.parametrize("late", [0, 3])
def test_words_come_a_cycle_or_two_later(late):
    said = rf"^ParameterUnit: late must be 1 or 2 \(got {late}\)$"
    with pytest.raises(FoldingError, match=said):
        ParameterUnit(width=3, header=1, replays=(ONCE,), late=late)
