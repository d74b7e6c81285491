"""An SDRAM on a board: which edge takes a word, whether the board has the chip, a bitstream."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped
from cores import SumCore, sum_info

import boards
from boards.build import build
from boards.clock import pll_for
from boards.pll import Second
from boards.sdram_core import SdramCore, check_makes, check_sdram
from boards.sdram_edges import SKEW_NS, WAY_NS, second_output, takes_falling
from fq_hw.errors import CapacityError, ParameterError
from fq_hw.schedule.sdram import M12L64322A, SDR_16M16, SDR_32M16, Slots
from fq_hw.schedule.units import SdramUnit
from rtl_gen.component import Target
from rtl_gen.sdram_words import SdramWords

ULX3S = boards.find("ulx3s-85f")


@pytest.mark.parametrize("clock_mhz", [25, 48, 66, 80, 90])
def test_a_slow_clock_takes_the_falling_edge(clock_mhz):
    assert takes_falling(SDR_16M16, clock_mhz)


@pytest.mark.parametrize("clock_mhz", [91, 100, 112.5, 125, 133])
def test_a_fast_clock_takes_the_next_rising_edge(clock_mhz):
    assert not takes_falling(SDR_16M16, clock_mhz)


def test_a_clock_at_which_no_edge_is_sure_is_refused():
    said = r"^SDRAM 2M x 32: has no edge at 90 MHz .*; take at most 85\.5 MHz or at least 98\.0$"
    with pytest.raises(CapacityError, match=said):
        takes_falling(M12L64322A, 90)
    assert takes_falling(M12L64322A, 85) and not takes_falling(M12L64322A, 100)


@pytest.mark.parametrize("clock_mhz", [25, 31.25, 40, 50, 62.5, 66.5, 70, 71.25])
@pytest.mark.parametrize("chip", [SDR_16M16, SDR_32M16], ids=repr)
def test_in_gear_2_the_plls_phase_leaves_both_sides_their_times(chip, clock_mhz):
    """Each edge as it comes, at its earliest and latest, against what it must find."""
    setting = pll_for(ULX3S, clock_mhz, 2)
    second = second_output(chip, setting)
    period = 500 / float(setting.mhz)  # of the chip's clock
    lag = second.steps * 1000 / float(setting.vco_mhz) / Second.STEPS
    assert lag - SKEW_NS >= chip.setup_ns and period - lag - SKEW_NS >= chip.keep_ns
    latest, gone = lag + chip.access_ns + WAY_NS[1], lag + period + chip.hold_ns + WAY_NS[0]
    assert latest <= 2 * period <= gone
    assert setting.divider % 2 == 0 and second.times == 2


def test_the_fastest_clock_in_gear_2():
    """By hand: 25 / 2 * 57 / 10 MHz; the chip's edges lie between 2.0 and 2.94 ns behind."""
    setting = pll_for(ULX3S, 71.4, 2)
    assert (setting.reference, setting.feedback, setting.divider) == (2, 57, 10)
    assert second_output(SDR_16M16, setting).steps == 14  # of 0.175 ns


def test_a_chip_too_slow_for_gear_2_is_refused():
    slow = replace(SDR_16M16, access_ns=6.5)
    with pytest.raises(CapacityError, match=r"^SDRAM 16M x 16: has no edges at twice 71\.25 MHz"):
        second_output(slow, pll_for(ULX3S, 71.25, 2))


def test_a_clock_that_the_board_does_not_make_is_refused():
    for gear, clock_mhz in ((1, 75), (1, 25), (2, 71.25), (2, 62.5)):
        check_makes(ULX3S, Slots(chip=SDR_16M16, clock_mhz=clock_mhz, burst=64, gear=gear))
    said = r"^--mhz: an SDRAM is timed for this clock, and ulx3s-85f .* exactly .*; take 71\.25$"
    with pytest.raises(ParameterError, match=said):
        check_makes(ULX3S, Slots(chip=SDR_16M16, clock_mhz=71.4, burst=64, gear=2))


def words(clock_mhz: float = 100, chip=SDR_16M16, gear: int = 1) -> SdramUnit:
    slots = Slots(chip=chip, clock_mhz=clock_mhz, burst=64, gear=gear)
    return SdramUnit(depth=1000, slots=slots, places=128)


class PlanOf:
    """What check_sdram looks at."""

    name = "net"

    def __init__(self, unit: SdramUnit | None):
        self.sdram = unit


def test_boards_without_the_chip_are_refused():
    for name in ("ulx3s-25f", "ulx3s-85f", "icesugar-pro"):
        check_sdram(PlanOf(words()), boards.find(name))
    check_sdram(PlanOf(None), boards.find("icebreaker"))
    said = "^icebreaker: net wants an SDRAM of 16M x 16 bits .got None.; take a board that has it$"
    with pytest.raises(CapacityError, match=said):
        check_sdram(PlanOf(words()), boards.find("icebreaker"))
    with pytest.raises(CapacityError, match=r"^ulx3s-85f: net wants an SDRAM of 32M x 16 bits"):
        check_sdram(PlanOf(words(chip=SDR_32M16)), ULX3S)


class Beside(wiring.Component):
    """A SumCore beside words that are read as fast as they come; the label is of no use."""

    def __init__(self, unit: SdramUnit):
        self.part = SdramWords(unit, np.zeros(unit.contents, np.uint8), Target(family="ecp5"))
        faces, more = SumCore(6, 1).signature.members, dict(self.part.signature.members)
        del more["o"]
        super().__init__({"i": faces["i"], "o": faces["o"], **more})

    def elaborate(self, platform):
        m = Module()
        m.submodules.core, m.submodules.part = core, part = SumCore(6, 1), self.part
        connect(m, flipped(self.i), core.i)
        connect(m, core.o, flipped(self.o))
        connect(m, flipped(self.i_fill), part.i_fill)
        for name, member in part.signature.members.items():
            if member.is_port:
                inner, outer = getattr(part, name), getattr(self, name)
                m.d.comb += inner.eq(outer) if name == "sdram_dq_i" else outer.eq(inner)
        m.d.comb += part.o.ready.eq(part.o.payload.as_value() != 7)
        return m


@pytest.mark.synth
@pytest.mark.slow
@pytest.mark.parametrize(("gear", "clock_mhz"), [(1, 25), (1, 100), (2, 71.25)])
def test_builds_a_bitstream(gear, clock_mhz, tmp_path):
    unit = words(clock_mhz, gear=gear)
    core, info = SdramCore(Beside(unit), unit), replace(sum_info(6, 1), load_words=unit.pieces)
    result = build(core, ULX3S, tmp_path / "net.bit", info=info, clock_mhz=clock_mhz)
    assert result.fmax_mhz > clock_mhz
    with pytest.raises(CapacityError, match=r"^build: its SDRAM is timed for .* would run at 50; "):
        build(core, ULX3S, tmp_path / "net.bit", info=info, clock_mhz=50)
