"""An accelerator whose weights lie in the board's SDRAM."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped

from boards.board import Board
from boards.clock import pll_for
from boards.sdram_pads import pads_of
from fq_hw.errors import CapacityError, require
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.sdram import Slots
from fq_hw.schedule.units import SdramUnit
from rtl_gen.sdram.pins import pins
from rtl_gen.streams import passed_on
from rtl_gen.top import Accelerator

__all__ = ["SdramCore", "check_clock", "check_makes", "check_sdram", "slots_in"]

CLOCK_SHARE = 1e-4  # by which clocks that are one may differ: a PLL's is a fraction


def check_sdram(plan: Plan, board: Board) -> None:
    """Raise CapacityError where ``plan`` wants an SDRAM that ``board`` does not have."""
    unit = plan.sdram
    if unit is None:
        return
    chip, have = unit.slots.chip, board.sdram
    contract = f"{plan.name} wants an SDRAM of {chip.name} bits"
    hint = "take a board that has it"
    require(chip == have, board.name, contract, have and have.name, hint=hint, kind=CapacityError)


def check_makes(board: Board, slots: Slots) -> None:
    """Raise ParameterError where ``board`` makes another clock than the one ``slots`` are for."""
    setting = pll_for(board, slots.clock_mhz, slots.gear)
    made = float(setting.mhz) if setting else board.clock_mhz
    contract = f"an SDRAM is timed for this clock, and {board.name} cannot make it exactly"
    require(same_clock(slots, made), "--mhz", contract, slots.clock_mhz, hint=f"take {made:.8g}")


def same_clock(slots: Slots, clock_mhz: float) -> bool:
    """Whether ``slots`` are timed for this clock."""
    return abs(slots.clock_mhz - clock_mhz) <= CLOCK_SHARE * clock_mhz


def slots_in(core: wiring.Component) -> Slots | None:
    """Those of the SDRAM that ``core`` has, if any."""
    return core.unit.slots if isinstance(core, SdramCore) else None


def check_clock(slots: Slots | None, clock_mhz: float) -> None:
    """Raise CapacityError where ``slots``, a design's, are timed for another clock."""
    if slots is None:
        return
    planned, same = slots.clock_mhz, same_clock(slots, clock_mhz)
    contract = f"its SDRAM is timed for {planned:g} MHz, and the design would run at {clock_mhz:g}"
    hint = "plan and build it for the same --clock"
    require(same, "build", contract, hint=hint, kind=CapacityError)


class SdramCore(wiring.Component):
    """An accelerator with its SDRAM's pins on the platform's ``sdram``.

    Members     i, o, i_fill, ready, bad: as those of Accelerator, for ``boards.shell.Shell``
    Errors      those of its members ``ready`` and ``bad``
    """

    def __init__(self, core: Accelerator, unit: SdramUnit):
        self.core, self.unit = core, unit
        names = ("i", "o", "i_fill", "ready", "bad")
        super().__init__({name: core.signature.members[name] for name in names})

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = self.core
        m.submodules.pads = pads = pads_of(self.unit.slots)
        connect(m, flipped(self.i), core.i)
        connect(m, core.o, flipped(self.o))
        connect(m, flipped(self.i_fill), core.i_fill)
        m.d.comb += [self.ready.eq(core.ready), self.bad.eq(core.bad)]
        m.d.comb += passed_on(core, pads, pins(self.unit.slots))
        return m
