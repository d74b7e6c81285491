"""A fold buffer's closed forms. Its cycles and values: tests/rtl_gen/test_every_component.py."""

import pytest

from fq_hw.errors import FoldingError
from fq_hw.schedule.units import FoldBufferUnit, Replay

REPLAYS = Replay(words=3, folds=2, times=5), Replay(words=6, folds=1, times=2)


def buffer(beat_bits: int = 16, places: int = 8) -> FoldBufferUnit:
    return FoldBufferUnit(
        width=36, header=2, late=2, replays=REPLAYS, beat_bits=beat_bits, places=places
    )


def test_words_come_in_once_and_go_out_for_every_group():
    unit = buffer()
    assert (unit.depth, unit.beats_in, len(unit.order())) == (18, 3, 2 * (5 * 3 + 2) + 2 * 6 + 2)
    assert unit.latency_from == {"i": 2}


def test_a_beat_is_written_alone():
    (ring,) = buffer().parts().memories
    assert (ring.depth, ring.width, ring.part) == (8, 48, 16)


@pytest.mark.parametrize("places", [4, 12])
def test_refuses_a_ring_that_a_fold_does_not_fit(places):
    said = "^FoldBufferUnit: places must be a power of two, and 8 or more for the largest fold"
    with pytest.raises(FoldingError, match=rf"{said} \(got {places}\)$"):
        buffer(places=places)


def test_refuses_beats_of_no_bits():
    with pytest.raises(FoldingError, match=r"^FoldBufferUnit: needs beats of some bits \(got 0\)$"):
        buffer(beat_bits=0)
