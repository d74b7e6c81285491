"""The board records."""

import dataclasses
import re

import pytest

import boards
from boards import Capacity
from fq_hw.errors import ParameterError


def test_find():
    assert boards.find("ulx3s-85f").capacity.ebr == 208


def test_find_lists_the_known_boards():
    with pytest.raises(
        ParameterError, match=r"^board: must be one of ulx3s-85f, .* \(got 'ulx4s'\)"
    ):
        boards.find("ulx4s")


def test_names_are_unique():
    names = [board.name for board in boards.BOARDS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("board", boards.BOARDS, ids=lambda board: board.name)
def test_platform_agrees_with_the_record(board):
    platform = board.new_platform()
    vendor = {"gowin": "Gowin", "ice40": "SiliconBlue", "ecp5": "Lattice"}[board.family]
    assert f"{vendor}Platform" in {kind.__name__ for kind in type(platform).__mro__}
    assert vendor == "Gowin" or platform.family.lower() == board.family
    assert platform.default_clk_frequency == board.clock_mhz * 1e6
    assert platform.request("uart", 0, dir="-").rx.direction.value == "i"
    if board.spi:
        spi = platform.request("spi", 0, dir="-")
        ways = {name: getattr(spi, name).direction.value for name in ("clk", "cs", "copi", "cipo")}
        assert ways == {"clk": "i", "cs": "i", "copi": "i", "cipo": "o"}
    assert "not run on a board" in board.tested, "say so here when one has"


@pytest.mark.parametrize(
    "wrong",
    [{"clock_mhz": 0.0}, {"platform": "amaranth_boards.ulx3s"}, {"family": "ecp6"}],
)
def test_refuses_a_wrong_record(wrong):
    with pytest.raises(
        ParameterError, match="^board 'ulx3s-85f': (clock_mhz|platform|family) must "
    ):
        dataclasses.replace(boards.find("ulx3s-85f"), **wrong)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"ebr": 0}, "ebr must be positive (got 0)"), ({"spram": -1}, "spram must not be negative")],
)
def test_refuses_an_empty_capacity(wrong, said):
    with pytest.raises(ParameterError, match=f"^Capacity: {re.escape(said)}"):
        Capacity(**{"lut": 1, "ff": 1, "ebr": 1, **wrong})
