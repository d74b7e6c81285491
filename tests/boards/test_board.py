"""The board records."""

import dataclasses
import re
import subprocess
import sys

import pytest

import boards
from boards import Capacity
from boards.clock import fastest_clock, pll_for
from fq_hw.errors import CapacityError, ParameterError


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
    vendors = {"gowin": "Gowin", "gw5a": "Gowin", "ice40": "SiliconBlue", "ecp5": "Lattice"}
    vendor = vendors[board.family]
    assert f"{vendor}Platform" in {kind.__name__ for kind in type(platform).__mro__}
    assert vendor == "Gowin" or platform.family.lower() == board.family
    assert platform.default_clk_frequency == board.clock_mhz * 1e6
    assert platform.request("uart", 0, dir="-").rx.direction.value == "i"
    if board.spi:
        spi = platform.request("spi", 0, dir="-")
        ways = {name: getattr(spi, name).direction.value for name in ("clk", "cs", "copi", "cipo")}
        assert ways == {"clk": "i", "cs": "i", "copi": "i", "cipo": "o"}
    if board.usb:
        usb = platform.request("usb", 0, dir="-")
        ways = [getattr(usb, name).direction.value for name in ("d_p", "d_n", "pullup")]
        assert ways == ["io", "io", "o"]
    assert "not run on a board" in board.tested, "say so here when one has"


ETHERNET = ["rst", "mdio", "mdc", "tx_clk", "tx_ctrl", "tx_data", "rx_clk", "rx_ctrl", "rx_data"]


@pytest.mark.parametrize("name", ["colorlight-i5", "colorlight-i9", "ecpix5-85f"])
def test_ethernet_has_the_same_names_on_every_board(name):
    platform = boards.find(name).new_platform()
    for number in range(1 if name.startswith("ecpix5") else 2):
        phy = platform.lookup("eth_rgmii", number)
        assert [part.name for part in phy.ios] == ETHERNET
        widths = {part.name: len(part.ios[0].names) for part in phy.ios}
        assert widths == {part: 4 if part.endswith("data") else 1 for part in ETHERNET}


@pytest.mark.parametrize("board", [b for b in boards.BOARDS if b.sdram], ids=lambda b: b.name)
def test_the_sdram_has_the_pins_of_its_chip(board):
    pins = {part.name: len(part.ios[0].names) for part in board.new_platform().lookup("sdram").ios}
    chip = board.sdram
    assert (pins["dq"], pins["ba"]) == (chip.width, chip.bank_bits)
    assert pins["a"] == chip.address_bits


def test_the_fastest_clock_is_made_by_a_pll_where_there_is_one():
    assert fastest_clock(boards.find("ulx3s-85f"), 101.0) == pytest.approx(25 * 4, rel=1e-2)
    assert fastest_clock(boards.find("ecpix5-85f"), 100.0) == 100.0
    mega = boards.find("tang-mega-138k")
    assert fastest_clock(mega, 142.4) == mega.clock_mhz
    with pytest.raises(CapacityError, match=r"^tang-mega-138k: has no clock of 49.0 MHz or less"):
        fastest_clock(mega, 49.0)
    with pytest.raises(ParameterError, match="^--clock: the tools place no PLL on tang-mega-138k"):
        pll_for(mega, 100.0)


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


def test_records_and_drivers_need_no_amaranth():
    """Every command reads the boards' names, and a host of a board may have no tools."""
    code = "import sys; from boards import accelerator; print('amaranth' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
