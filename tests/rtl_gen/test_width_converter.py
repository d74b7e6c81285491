"""Width converters: refusals, and lanes that nobody may see. The rest: test_every_component."""

import pytest

from fq_hw.errors import FoldingError
from fq_hw.schedule.units import ConvertUnit
from rtl_gen.width_converter import WidthConverter
from sim import pysim
from sim.vectors import Vectors

SHAPE = {"channels": 3, "pixels": 1, "bits": 4}


@pytest.mark.parametrize(
    ("lanes", "into", "out"),
    [((2, 4), (0x21, 0xF3), (0x0321,)), ((4, 2), (0xF321,), (0x21, 0x03))],
    ids=["wider", "narrower"],
)
def test_lanes_beyond_the_last_channel_read_0(lanes, into, out):
    unit = ConvertUnit(**SHAPE, lanes_in=lanes[0], lanes_out=lanes[1])
    pysim.replay(WidthConverter(unit), Vectors(i={"i": into * 3}, o={"o": out * 3}))


@pytest.mark.parametrize(
    ("lanes", "message"),
    [
        ((4, 6), r"^ConvertUnit: lanes_in=4 and lanes_out must divide one the other \(got 6\)$"),
        ((0, 4), r"^ConvertUnit: lanes_in=0 and lanes_out must divide one the other \(got 4\)$"),
        ((4, 4), r"^ConvertUnit: lanes_in and lanes_out must differ \(got 4\)$"),
    ],
)
def test_refuses(lanes, message):
    with pytest.raises(FoldingError, match=message):
        ConvertUnit(**SHAPE, lanes_in=lanes[0], lanes_out=lanes[1])
