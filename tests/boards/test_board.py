"""The board records."""

import dataclasses

import pytest

import boards
from boards import Capacity
from fq_hw.errors import ParameterError


def test_find():
    assert boards.find("ulx3s-85f").capacity.ebr == 208


def test_find_lists_the_known_boards():
    with pytest.raises(ParameterError, match="^board: must be one of ulx3s-85f, not 'ulx4s'$"):
        boards.find("ulx4s")


def test_names_are_unique():
    names = [board.name for board in boards.BOARDS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("board", boards.BOARDS, ids=lambda board: board.name)
def test_platform_agrees_with_the_record(board):
    platform = board.new_platform()
    assert platform.family == board.family
    assert platform.default_clk_frequency == board.clock_mhz * 1e6


@pytest.mark.parametrize("wrong", [{"clock_mhz": 0.0}, {"platform": "amaranth_boards.ulx3s"}])
def test_refuses_a_wrong_record(wrong):
    with pytest.raises(ParameterError, match="^board 'ulx3s-85f': (clock_mhz|platform) must "):
        dataclasses.replace(boards.find("ulx3s-85f"), **wrong)


def test_refuses_an_empty_capacity():
    with pytest.raises(ParameterError, match="^Capacity: ebr must be positive, not 0$"):
        Capacity(lut=1, ff=1, ebr=0)
