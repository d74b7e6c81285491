"""Pads of gear 2 with the cells and the delays of a board: every word comes, in the cycle that the
model of the pins says, wherever in the assumed ranges the delays lie.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from amaranth.hdl import Fragment, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped
from sdram_bench import contents, small

import boards
from boards.clock import pll_for
from boards.pll import Second
from boards.sdram_edges import SKEW_NS, WAY_NS, second_output
from boards.sdram_pads import DoublePads
from fq_hw.schedule.sdram import SDR_16M16, Slots
from fq_hw.schedule.units import SdramUnit
from rtl_gen import emit
from rtl_gen.rom_stream import pack_words
from rtl_gen.rtlil import convert
from rtl_gen.sdram.pins import pins
from rtl_gen.sdram_words import SdramWords
from rtl_gen.streams import passed_on
from sim import sdram_board, verilator

pytestmark = [pytest.mark.slow, pytest.mark.verilator]

BENCH = Path(__file__).with_name("sdram_pads_bench.sv")
ULX3S = boards.find("ulx3s-85f")
MHZ = 71.25


class Padded(wiring.Component):
    """Words of an SDRAM and their pads."""

    def __init__(self, unit: SdramUnit):
        self.unit, self.part = unit, SdramWords(unit, contents(unit))
        outer = self.part.signature.members
        super().__init__({name: outer[name] for name in ("o", "i_fill", "ready", "bad")})

    def elaborate(self, platform):
        m = Module()
        m.submodules.part, m.submodules.pads = part, pads = self.part, DoublePads(self.unit.slots)
        connect(m, part.o, flipped(self.o))
        connect(m, flipped(self.i_fill), part.i_fill)
        m.d.comb += [self.ready.eq(part.ready), self.bad.eq(part.bad)]
        m.d.comb += passed_on(part, pads, pins(self.unit.slots))
        return m


class Asked:
    """A platform that keeps what it was asked for."""

    def __init__(self):
        self.platform, self.ports = ULX3S.new_platform(), None

    def request(self, *words, **more):
        self.ports = self.platform.request(*words, **more)
        return self.ports

    def __getattr__(self, name):
        return getattr(self.platform, name)


def verilog(unit: SdramUnit) -> str:
    """The unit and its pads; the buffers of the data pins are told their numbers."""
    part, asked = Padded(unit), Asked()
    design = Fragment.get(part, asked)
    found = emit.whole_ports(part, design)
    for name in ("clk", "ras", "cas", "we", "ba", "dqm", "a", "dq", "cs", "clk_en"):
        found[f"pin_{name}"] = (getattr(asked.ports, name).io, None)
    text = emit.verilog_of(convert(design, name="unit", ports=found))
    text, count = re.subn(r"\bBB (\S+ \(\s*\.B\([^()\[]*\[(\d+)\]\))", r"BB #(.N(\2)) \1", text)
    assert count == unit.slots.chip.width
    return text


@pytest.fixture(scope="module")
def bench(programs):
    """The program, the unit in it, what goes in and what must come out."""
    slots = Slots(chip=small(SDR_16M16), clock_mhz=MHZ, burst=16, gear=2)
    unit = SdramUnit(depth=70, slots=slots, places=32)
    chip = slots.chip
    times = {"HALF": 500 / MHZ, "SETUP": chip.setup_ns, "KEEP": chip.keep_ns,
             "HOLD": chip.hold_ns, "ACCESS": chip.access_ns}  # fmt: skip
    defines = {name: round(1000 * ns) for name, ns in times.items()}
    defines |= {"PIECES": unit.pieces, "DEPTH": unit.depth}
    head = "".join(f"`define {name} {value}\n" for name, value in defines.items())
    sources = {
        "bench.sv": head + BENCH.read_text(),
        "unit.v": verilog(unit),
        "sdram.v": emit.to_verilog(sdram_board.chip_of(slots, verilog=True), "sdram"),
        "sdram_store.v": sdram_board.STORE,
    }
    return verilator.build(sources, "bench", programs, brief=True), unit


def said(bench, folder: Path, **delays: float) -> str:
    """What the bench says, delays in nanoseconds."""
    program, unit = bench
    files = {"fill": SdramWords.filling(unit, contents(unit)), "words": pack_words(contents(unit))}
    for name, words in files.items():
        (folder / name).write_text("".join(f"{word:x}\n" for word in words))
    options = {name: folder / name for name in files}
    options |= {name: round(1000 * ns) for name, ns in delays.items()}
    return verilator.run(program, options, "pads")


CLOCK = 2.0  # ns to the chip, from the registers of its pins; the rest of the way is the way back


def lag() -> float:
    """Of the chip's clock, as the PLL makes it."""
    setting = pll_for(ULX3S, MHZ, 2)
    return second_output(SDR_16M16, setting).steps * 1000 / float(setting.vco_mhz) / Second.STEPS


@pytest.mark.parametrize("way", WAY_NS)
@pytest.mark.parametrize("skew", [-SKEW_NS, SKEW_NS])
def test_words_come_in_the_cycles_of_the_record(way, skew, bench, tmp_path):
    found = said(bench, tmp_path, lag=lag(), clock=CLOCK, others=CLOCK + skew, back=way - CLOCK)
    assert re.search(rf"^first {bench[1].latency()}$", found, re.MULTILINE), found[-200:]
    assert re.search(r"^done \d+$", found, re.MULTILINE), found[-200:]


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"lag": 1.4}, "setup"),
        ({"lag": 6.3}, "hold"),
        ({"back": 4.3}, "bad"),  # 4.1 is taken, as ``lag_ns`` has it
        ({"back": 0.0}, "bad"),  # 0.1 is
    ],
    ids=str,
)
def test_outside_of_what_is_assumed_something_is_wrong(change, verdict, bench, tmp_path):
    delays = {"lag": lag(), "clock": CLOCK, "others": CLOCK, "back": 2.5, **change}
    assert re.search(rf"^{verdict} \d+$", said(bench, tmp_path, **delays), re.MULTILINE)
