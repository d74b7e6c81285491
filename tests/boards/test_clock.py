"""The PLL in the netlist: the family's cell, set to the clock that was asked for."""

import re

import pytest
from amaranth.hdl import Elaboratable, Module, Signal
from amaranth.lib import io

import boards
from boards.clock import PllClock, pll_for


class Counter(Elaboratable):
    """A counter whose last bit is sent, with a clock of its own."""

    def __init__(self, clock: PllClock):
        self.clock = clock

    def elaborate(self, platform):
        m = Module()
        m.domains += self.clock.domains
        m.submodules.clock = self.clock
        m.submodules.tx = tx = io.Buffer("o", platform.request("uart", 0, dir="-").tx)
        count = Signal(4)
        m.d.sync += count.eq(count + 1)
        m.d.comb += tx.o.eq(count[-1])
        return m


def netlist(name: str, clock_mhz: float) -> str:
    """RTLIL of the counter for a board."""
    board = boards.find(name)
    clock = PllClock(pll_for(board, clock_mhz), board.family)
    words = {"do_build": False, "emit_src": False, "debug_verilog": False}
    plan = board.new_platform().build(Counter(clock), name="top", **words)
    text = plan.files["top.il"]
    return text if isinstance(text, str) else text.decode()


def parameters(text: str, cell: str) -> dict[str, int]:
    """Numbers of the one cell of a kind."""
    (body,) = re.findall(rf"(?ms)^ *cell \\{cell} .*?^ *end$", text)
    return {name: int(value) for name, value in re.findall(r"parameter \\(\w+) (\d+)$", body, re.M)}


RATIOS = {
    "EHXPLLL": lambda p: p["CLKFB_DIV"] / p["CLKI_DIV"] / p["CLKOP_DIV"],
    "SB_PLL40_PAD": lambda p: (p["DIVF"] + 1) / (p["DIVR"] + 1) / 2 ** p["DIVQ"],
    "SB_PLL40_CORE": lambda p: (p["DIVF"] + 1) / (p["DIVR"] + 1) / 2 ** p["DIVQ"],
    "rPLL": lambda p: (p["FBDIV_SEL"] + 1) / (p["IDIV_SEL"] + 1),
    "PLLA": lambda p: p["MDIV_SEL"] * p["FBDIV_SEL"] / p["IDIV_SEL"] / p["ODIV0_SEL"],
}


@pytest.mark.parametrize(
    ("name", "clock_mhz", "cell"),
    [
        ("ulx3s-85f", 100.0, "EHXPLLL"),
        ("icebreaker", 30.0, "SB_PLL40_PAD"),  # its oscillator is on the PLL's pad
        ("upduino-v3", 30.0, "SB_PLL40_CORE"),
        ("hx8k-breakout", 48.0, "SB_PLL40_CORE"),
        ("tang-nano-9k", 67.5, "rPLL"),
        ("tang-nano-20k", 81.0, "rPLL"),
        ("tang-primer-25k", 120.0, "PLLA"),
    ],
)
def test_the_pll_makes_the_clock(name, clock_mhz, cell):
    found = parameters(netlist(name, clock_mhz), cell)
    assert boards.find(name).clock_mhz * RATIOS[cell](found) == pytest.approx(clock_mhz)
    if cell == "rPLL":  # its oscillator is inside the limits of both devices
        assert 500 <= clock_mhz * found["ODIV_SEL"] <= 1_200
