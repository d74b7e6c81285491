"""Streamed ROMs: bit order and refusals. The rest: test_every_component."""

import numpy as np
import pytest

from boards.measure import measure
from fq_hw.errors import FoldingError
from fq_hw.schedule.resources import resources
from fq_hw.schedule.units import Rom, RomUnit
from rtl_gen.rom_stream import RomStream, pack_words


def test_first_bit_is_the_lowest():
    bits = np.array([[1] + [0] * 8, [0] * 8 + [1], [1, 1, 0, 0, 0, 0, 0, 0, 1]])
    assert pack_words(bits) == [0x001, 0x100, 0x103]


@pytest.mark.parametrize(("depth", "width"), [(0, 3), (3, 0)])
def test_refuses_nothing_to_stream(depth, width):
    message = rf"^RomUnit: needs words and bits \(got \({depth}, {width}\)\)$"
    with pytest.raises(FoldingError, match=message):
        RomUnit(depth=depth, width=width)


@pytest.mark.synth
@pytest.mark.parametrize("rom", Rom)
def test_lies_where_it_is_told_to(rom):
    unit = RomUnit(depth=36, width=64, rom=rom)
    bits = np.random.default_rng(1).integers(0, 2, (36, 64)).astype(np.uint8)
    found = measure(RomStream(unit, bits), route=False)
    assert found.ebr == resources(unit).ebr == (2 if unit.in_block_ram else 0)
    assert unit.in_block_ram == (rom is Rom.BY_SIZE)
    if not unit.in_block_ram:  # else there is nearly nothing besides the block
        assert abs(resources(unit).lut - found.lut4) <= 0.15 * found.lut4
        assert abs(resources(unit).ff - found.ff) <= 0.15 * found.ff
