"""Skip FIFOs: capacity and refusals. The rest: test_every_component."""

import pytest

from fq_hw.errors import FoldingError
from fq_hw.schedule.memories import blocks, taken
from fq_hw.schedule.units import FifoUnit
from rtl_gen.skip_fifo import SkipFifo
from sim import pysim
from sim.zoo import random_vectors


@pytest.mark.parametrize("depth", [3, 4, 5, 64, 65])
def test_holds_exactly_depth_beats(depth):
    unit = FifoUnit(lanes=1, bits=3, depth=depth)
    assert pysim.block(SkipFifo(unit), random_vectors(unit)) == {"i": depth, "o": 1}


def test_queues_side_by_side_give_whole_beats():
    """Where two of them take fewer blocks than one; their depths are those of ImageNet."""
    deep = FifoUnit(lanes=1, bits=11, depth=10_557)
    assert deep.widths == (9, 2) and len(deep.parts().memories) == 2
    assert taken(deep.parts().memories) == 8 < blocks(10_555, 11, rom=False)
    unit = FifoUnit(lanes=1, bits=10, depth=4_099)
    assert unit.widths == (9, 1)
    vectors = random_vectors(unit, frames=3)
    for pauses in (("never", "never"), ("bursty", "regular")):
        pysim.replay(SkipFifo(unit), vectors, pauses)


def test_refuses_depth_2():
    with pytest.raises(FoldingError, match=r"^FifoUnit: depth must be at least 3 \(got 2\)$"):
        FifoUnit(lanes=1, bits=1, depth=2)
