"""Skip FIFOs: capacity and refusals. The rest: test_every_component."""

import pytest

from fq_hw.errors import FoldingError
from fq_hw.schedule.units import FifoUnit
from rtl_gen.skip_fifo import SkipFifo
from sim import pysim
from sim.zoo import random_vectors


@pytest.mark.parametrize("depth", [3, 4, 5, 64, 65])
def test_holds_exactly_depth_beats(depth):
    unit = FifoUnit(lanes=1, bits=3, depth=depth)
    assert pysim.block(SkipFifo(unit), random_vectors(unit)) == {"i": depth, "o": 1}


def test_refuses_depth_2():
    with pytest.raises(FoldingError, match=r"^FifoUnit: depth must be at least 3 \(got 2\)$"):
        FifoUnit(lanes=1, bits=1, depth=2)
