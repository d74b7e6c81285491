"""The design's clock: from a PLL on the board's oscillator, and quiet until the PLL is locked."""

from __future__ import annotations

from amaranth.hdl import (
    ClockDomain,
    Const,
    Elaboratable,
    Instance,
    Module,
    Signal,
    Value,
)
from amaranth.lib import io
from amaranth.lib.cdc import FFSynchronizer

from boards import pll
from boards.board import Board
from fq_hw.errors import CapacityError, require
from fq_hw.family import FAMILIES

__all__ = ["PllClock", "fastest_clock", "pll_for"]


def pll_for(board: Board, clock_mhz: float, gear: int = 1) -> pll.Setting | None:
    """The PLL that makes ``clock_mhz``, and ``gear`` times that; None where the oscillator does."""
    if clock_mhz == board.clock_mhz and gear == 1:
        return None
    hint = "leave it out"
    contract = f"the tools place no PLL on {board.name}, which runs at {board.clock_mhz:g} MHz"
    require(board.pll, "--clock", contract, clock_mhz, hint=hint)
    return pll.dividers(FAMILIES[board.family].pll, board.clock_mhz, clock_mhz, gear)


def fastest_clock(board: Board, most_mhz: float) -> float:
    """The highest clock of a design on ``board`` that is at most ``most_mhz``, in MHz.

    CapacityError where it can have none that is so slow.
    """
    setting = None
    if board.pll:
        setting = pll.fastest(FAMILIES[board.family].pll, board.clock_mhz, most_mhz)
    clocks = [float(setting.mhz)] if setting else []
    clocks += [board.clock_mhz] if board.clock_mhz <= most_mhz else []
    contract = f"has no clock of {most_mhz:.1f} MHz or less"
    require(clocks, board.name, contract, kind=CapacityError)
    return max(clocks)


class PllClock(Elaboratable):
    """What drives ``sync``, the clock domain of the whole design, which the top declares.

    Members     none but the ``domains``: with a ``second`` output, of ECP5 only, SECOND too; on
                ECP5 ``oscillator``, the board's, which another PLL may have, too
    Parameters  ``name`` of the domain, ``source`` instead of the oscillator's pin: of ECP5
    ECP5        the clock is stopped until the PLL is locked; registers have no reset, so they
                start with what configuration gave them
    iCE40, Gowin  reset is held for ``warm_up_us`` after the PLL was locked
    Constraint  none: nextpnr derives it from the oscillator's
    Resources   a PLL and, on ECP5, a gate for each clock; a few flip-flops
    Source      Lattice FPGA-TN-02200 (ECP5 sysCLOCK), FPGA-TN-02052 (iCE40 sysCLOCK); Gowin UG286
                (rPLL), UG306 (PLLA)
    """

    def __init__(
        self,
        setting: pll.Setting,
        family: str,
        second: pll.Second | None = None,
        *,
        name: str = "sync",
        source: Value | None = None,
    ):
        self.setting, self.second, self.pll = setting, second, FAMILIES[family].pll
        self.source, self.oscillator = source, Signal()
        self.sync = ClockDomain(name, reset_less=self.pll.gate is not None)
        self.domains = [self.sync]
        if second:
            self.domains.append(ClockDomain(pll.SECOND, reset_less=True))

    def elaborate(self, platform):
        made = {
            "EHXPLLL": self.ecp5, "SB_PLL40_CORE": self.ice40, "rPLL": self.rpll, "PLLA": self.plla
        }  # fmt: skip
        return made[self.pll.cell](platform)

    def ecp5(self, platform) -> Module:
        m = Module()
        setting, fast, outputs = self.setting, Signal(), {}
        if self.source is None:
            pin = platform.request(platform.default_clk, dir="-")
            m.submodules.source = source = io.Buffer("i", pin)
            m.d.comb += self.oscillator.eq(source.i)
        else:
            m.d.comb += self.oscillator.eq(self.source)
        locked, steady = Signal(), Signal()
        ungated = ClockDomain("ungated", reset_less=True, local=True)
        m.domains += ungated
        if self.second:
            divider = setting.divider // self.second.times
            coarse, fine = divmod(self.second.steps, pll.Second.STEPS)
            outputs = {
                "p_CLKOS_ENABLE": "ENABLED", "p_CLKOS_DIV": divider,
                "p_CLKOS_CPHASE": divider - 1 + coarse, "p_CLKOS_FPHASE": fine, "o_CLKOS": fast,
            }  # fmt: skip
        m.submodules.pll = Instance(
            self.pll.cell,
            a_ICP_CURRENT="6", a_LPF_RESISTOR="16",
            a_MFG_ENABLE_FILTEROPAMP="1", a_MFG_GMCREF_SEL="2",
            p_CLKI_DIV=setting.reference,
            p_CLKFB_DIV=setting.feedback,
            p_FEEDBK_PATH="INT_OS3",  # CLKOS3, divided by 1: the VCO
            p_CLKOS3_ENABLE="ENABLED", p_CLKOS3_DIV=1, p_CLKOS3_CPHASE=0, p_CLKOS3_FPHASE=0,
            p_CLKOP_ENABLE="ENABLED", p_CLKOP_DIV=setting.divider,
            p_CLKOP_CPHASE=setting.divider - 1, p_CLKOP_FPHASE=0,
            i_CLKI=self.oscillator, i_RST=0, i_STDBY=0,
            o_CLKOP=ungated.clk, o_LOCK=locked, **outputs,
        )  # fmt: skip
        m.submodules.steady = FFSynchronizer(locked, steady, o_domain="ungated", stages=3)
        m.submodules.gate = self.gate(ungated.clk, steady, self.sync)
        if self.second:
            m.submodules.gate_second = self.gate(fast, steady, self.domains[-1])
        return m

    def gate(self, clock: Signal, steady: Signal, domain: ClockDomain) -> Instance:
        """What stops a domain's clock."""
        return Instance(self.pll.gate, i_CLKI=clock, i_CE=steady, o_CLKO=domain.clk)

    def ice40(self, platform) -> Module:
        m = Module()
        setting, locked = self.setting, Signal()
        (pin,) = platform.lookup(platform.default_clk).ios[0].names
        source = platform.request(platform.default_clk, dir="-")
        if (platform.device, platform.package, pin) in self.pll.pads:
            cell, given = self.pll.pad_cell, {"io_PACKAGEPIN": source.io}
        else:
            m.submodules.source = source = io.Buffer("i", source)
            cell, given = self.pll.cell, {"i_REFERENCECLK": source.i}
        m.submodules.pll = Instance(
            cell,
            p_FEEDBACK_PATH="SIMPLE",
            p_DIVR=setting.reference - 1,
            p_DIVF=setting.feedback - 1,
            p_DIVQ=setting.divider.bit_length() - 1,
            p_FILTER_RANGE=1 + sum(setting.detector_mhz >= limit for limit in self.pll.filters),
            i_RESETB=1, i_BYPASS=0,
            o_PLLOUTGLOBAL=self.sync.clk, o_LOCK=locked, **given,
        )  # fmt: skip
        self.hold(m, locked)
        return m

    def rpll(self, platform) -> Module:
        m = Module()
        setting, locked = self.setting, Signal()
        m.submodules.source = source = io.Buffer(
            "i", platform.request(platform.default_clk, dir="-")
        )
        m.submodules.pll = Instance(
            self.pll.cell,
            p_FCLKIN=f"{float(setting.source_mhz):g}",
            p_IDIV_SEL=setting.reference - 1,
            p_FBDIV_SEL=setting.feedback // setting.divider - 1,
            p_ODIV_SEL=setting.divider,
            p_CLKFB_SEL="internal",
            i_CLKIN=source.i, i_CLKFB=0, i_RESET=0, i_RESET_P=0,
            i_IDSEL=Const(0, 6), i_FBDSEL=Const(0, 6), i_ODSEL=Const(0, 6),
            i_PSDA=Const(0, 4), i_DUTYDA=Const(0, 4), i_FDLY=Const(0, 4),
            o_CLKOUT=self.sync.clk, o_LOCK=locked,
        )  # fmt: skip
        self.hold(m, locked)
        return m

    def plla(self, platform) -> Module:
        m = Module()
        setting, locked = self.setting, Signal()
        m.submodules.source = source = io.Buffer(
            "i", platform.request(platform.default_clk, dir="-")
        )
        # Of what is not given here, Apycula 0.32 has defaults that it cannot read.
        others = {f"p_ODIV{n}_SEL": 8 for n in range(1, 7)}
        others |= {f"p_CLKOUT{n}_EN": "FALSE" for n in range(1, 7)}
        m.submodules.pll = Instance(
            self.pll.cell,
            p_FCLKIN=f"{float(setting.source_mhz):g}",
            p_IDIV_SEL=setting.reference, p_FBDIV_SEL=1, p_MDIV_SEL=setting.feedback,
            p_ODIV0_SEL=setting.divider, p_CLKOUT0_EN="TRUE",
            p_CLKFB_SEL="INTERNAL",
            i_CLKIN=source.i, i_CLKFB=0, i_RESET=0, i_PLLPWD=0, i_RESET_I=0, i_RESET_O=0,
            o_CLKOUT0=self.sync.clk, o_LOCK=locked, **others,
        )  # fmt: skip
        self.hold(m, locked)
        return m

    def hold(self, m: Module, locked: Signal) -> None:
        """Hold the reset until the clock has run for a while."""
        steady = Signal()
        ungated = ClockDomain("ungated", reset_less=True, local=True)
        m.domains += ungated
        m.submodules.steady = FFSynchronizer(locked, steady, o_domain="ungated")
        cycles = int(self.pll.warm_up_us * self.setting.mhz)
        left, ready = Signal(range(cycles + 1), init=cycles), Signal()
        with m.If(left != 0):
            m.d.ungated += left.eq(left - steady)
        with m.Else():
            m.d.ungated += ready.eq(1)
        m.d.comb += [ungated.clk.eq(self.sync.clk), self.sync.rst.eq(~ready)]
