"""Memories: block counts that Yosys and nextpnr gave, rules at their edges."""

import pytest

from fq_hw.errors import ParameterError
from fq_hw.schedule.memories import (
    Memory,
    block_muxed,
    blocks,
    distinct,
    distributed,
    logic_rom,
    ram_in_blocks,
    rom_layers,
    slices,
)
from fq_hw.schedule.resources import Resources, memory_blocks


@pytest.mark.parametrize(
    ("depth", "width", "count"),
    [
        (18, 128, 4), (18, 300, 9), (36, 64, 2), (36, 512, 15), (144, 144, 4), (576, 36, 2),
        (576, 64, 4), (1024, 18, 1), (1152, 32, 3), (1152, 16, 2), (2304, 16, 3), (2304, 9, 2),
        (4608, 8, 2), (4608, 4, 1), (5000, 3, 1), (9216, 4, 2),
    ],
)  # fmt: skip
def test_blocks_of_a_rom_as_measured(depth, width, count):
    assert blocks(depth, width, rom=True) == count


@pytest.mark.parametrize(
    ("depth", "width", "count"),
    [
        (128, 60, 2),
        (512, 32, 1),
        (32, 128, 4),
        (512, 30, 1),
        (1024, 20, 2),
        (4096, 8, 2),
        (2299, 20, 4),
        (1499, 36, 3),
        (1099, 20, 3),
    ],
)
def test_blocks_of_a_ram(depth, width, count):
    assert blocks(depth, width, rom=False) == count


@pytest.mark.parametrize(
    ("depth", "width", "ice40", "gowin", "gowin_rom"),
    [
        (18, 128, 8, 4, 4), (256, 32, 2, 1, 1), (576, 36, 7, 2, 2), (1152, 16, 5, 2, 2),
        (1000, 9, 3, 1, 1), (2304, 16, 9, 3, 3), (4608, 8, 9, 3, 2), (2299, 20, 12, 4, 3),
        (1099, 20, 7, 3, 2), (513, 5, 1, 1, 1),
    ],
)  # fmt: skip
def test_blocks_of_other_families_as_yosys_makes_them(depth, width, ice40, gowin, gowin_rom):
    for rom in (True, False):
        assert memory_blocks([Memory(depth, width, rom)], "ice40") == Resources(ebr=ice40)
        taken = Resources(ebr=gowin_rom if rom else gowin)
        assert memory_blocks([Memory(depth, width, rom)], "gowin") == taken


def test_a_single_port_goes_to_spram_where_there_is_any():
    memories = [Memory(16_384, 32, False, single_port=True), Memory(16_385, 16, False, True)]
    assert memory_blocks(memories, "ice40") == Resources(spram=4)
    assert memory_blocks(memories[:1], "ecp5") == Resources(ebr=29)


@pytest.mark.parametrize(
    ("depth", "width", "cuts", "count"),
    [
        (8192, 112, [(108, 2048, 4), (4, 8192, 1)], 50),
        (4096, 224, [(216, 2048, 2), (8, 4096, 1)], 50),
        (8192, 26, [(18, 2048, 4), (8, 8192, 1)], 12),
        (512, 30, [(30, 512, 1)], 1),
        (1, 14, [(14, 1, 1)], 1),
    ],
)
def test_a_single_port_in_blocks_is_cut_into_slices_as_measured(depth, width, cuts, count):
    found = slices(depth, width)
    assert [(one.bits, one.rows, one.layers) for one in found] == cuts
    taken = memory_blocks([Memory(depth, width, rom=False, single_port=True)], "ecp5")
    assert taken == Resources(ebr=count)


def test_parts_with_a_write_enable_of_their_own_take_whole_bytes():
    memories = [Memory(256, 32, rom=False, part=part) for part in (0, 8, 4)]
    taken = [memory_blocks([one], "ecp5").ebr for one in memories]
    assert taken == [1, 1, 2]  # as Yosys makes them
    assert memory_blocks(memories[-1:], "ice40") == Resources(ebr=2)


def test_refuses_what_is_no_memory_and_a_family_without_blocks():
    with pytest.raises(ParameterError, match=r"^Memory: needs words and bits \(got \(0, 8\)\)$"):
        Memory(0, 8, rom=True)
    with pytest.raises(ParameterError, match=r"^memories: family 'plain' stands for any device"):
        memory_blocks([Memory(64, 64, rom=True)], "plain")


def test_layers_need_a_multiplexer():
    assert block_muxed(16384, 1, rom=True) == 0
    assert block_muxed(1152, 32, rom=True) == 32 * 2  # three layers of 512 words in three blocks
    assert block_muxed(18, 300, rom=True) == 0  # nine blocks, side by side


def test_only_a_rom_of_several_layers_is_cut():
    assert rom_layers(1152, 32) == (512, 3)
    assert rom_layers(2054, 9) == (2048, 2)
    assert rom_layers(513, 36) == (513, 1)  # two blocks of 1,024 words side by side
    assert rom_layers(512, 36) == (512, 1)
    assert rom_layers(100, 36) == (100, 1)


@pytest.mark.parametrize(
    ("depth", "width", "in_blocks"),
    [(99, 10, False), (69, 18, True), (399, 4, True), (63, 9, False), (31, 36, False)]
    # Equally dear is no reason for blocks; a word more is.
    + [(48, 31, False), (49, 31, True), (163, 7, False), (40, 63, False), (49, 63, True)],
)
def test_where_yosys_puts_a_ram_as_measured(depth, width, in_blocks):
    assert ram_in_blocks(depth, width) == in_blocks


def test_distributed_ram_comes_in_cells_of_16_by_4():
    assert distributed(16, 4) == distributed(1, 1) == 6
    assert distributed(17, 5) == 4 * 6


def test_columns_of_a_shallow_rom_repeat():
    assert distinct(2, 1000) == pytest.approx(2)
    assert distinct(64, 1000) == distinct(13, 1000) == 1000
    assert distinct(12, 1000) == pytest.approx(2048 * (1 - (2047 / 2048) ** 1000))


@pytest.mark.parametrize(
    ("depth", "logic", "deeper", "deepest"),
    [
        (1, 0, 0, 0), (2, distinct(2, 10), 0, 0), (16, 10, 0, 0), (17, 0, 12.5, 0),
        (20, 0, 20, 0), (31, 0, 20, 0), (32, 0, 20, 0), (33, 0, 25, 0), (64, 0, 40, 0),
        (65, 0, 0, 40.625),
    ],
)  # fmt: skip
def test_cells_of_a_rom_in_logic_by_depth(depth, logic, deeper, deepest):
    want = {"logic": logic, "deeper logic": deeper, "deepest logic": deepest}
    assert logic_rom(depth, 10) == want
