"""The design's clock: from a PLL on the board's oscillator, and quiet until the PLL is locked."""

from __future__ import annotations

from amaranth.hdl import (
    ClockDomain,
    Elaboratable,
    Instance,
    Module,
    Signal,
)
from amaranth.lib import io
from amaranth.lib.cdc import FFSynchronizer

from boards import pll
from boards.board import Board
from fq_hw.family import FAMILIES

__all__ = ["PllClock", "pll_for"]


def pll_for(board: Board, clock_mhz: float, gear: int = 1) -> pll.Setting | None:
    """The PLL that makes ``clock_mhz``, and ``gear`` times that; None where the oscillator does."""
    if clock_mhz == board.clock_mhz and gear == 1:
        return None
    return pll.dividers(FAMILIES[board.family].pll, board.clock_mhz, clock_mhz, gear)


class PllClock(Elaboratable):
    """What drives ``sync``, the clock domain of the whole design, which the top declares.

    Members     none but the ``domains``: with a ``second`` output, of ECP5 only, SECOND too
    ECP5        the clock is stopped until the PLL is locked; registers have no reset, so they
                start with what configuration gave them
    iCE40       reset is held for ``warm_up_us`` after the PLL was locked
    Constraint  none: nextpnr derives it from the oscillator's
    Resources   a PLL and, on ECP5, a gate for each clock; a few flip-flops
    Source      Lattice FPGA-TN-02200 (ECP5 sysCLOCK), FPGA-TN-02052 (iCE40 sysCLOCK)
    """

    def __init__(self, setting: pll.Setting, family: str, second: pll.Second | None = None):
        self.setting, self.second, self.pll = setting, second, FAMILIES[family].pll
        self.sync = ClockDomain("sync", reset_less=self.pll.gate is not None)
        self.domains = [self.sync]
        if second:
            self.domains.append(ClockDomain(pll.SECOND, reset_less=True))

    def elaborate(self, platform):
        return {"EHXPLLL": self.ecp5, "SB_PLL40_PAD": self.ice40}[self.pll.cell](platform)

    def ecp5(self, platform) -> Module:
        m = Module()
        setting, fast, outputs = self.setting, Signal(), {}
        m.submodules.source = source = io.Buffer(
            "i", platform.request(platform.default_clk, dir="-")
        )
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
            i_CLKI=source.i, i_RST=0, i_STDBY=0,
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
        setting = self.setting
        source = platform.request(platform.default_clk, dir="-")
        locked, steady = Signal(), Signal()
        ungated = ClockDomain("ungated", reset_less=True, local=True)
        m.domains += ungated
        m.submodules.pll = Instance(
            self.pll.cell,
            p_FEEDBACK_PATH="SIMPLE",
            p_DIVR=setting.reference - 1,
            p_DIVF=setting.feedback - 1,
            p_DIVQ=setting.divider.bit_length() - 1,
            p_FILTER_RANGE=1 + sum(setting.detector_mhz >= limit for limit in self.pll.filters),
            io_PACKAGEPIN=source.io,
            i_RESETB=1, i_BYPASS=0,
            o_PLLOUTGLOBAL=self.sync.clk, o_LOCK=locked,
        )  # fmt: skip
        m.submodules.steady = FFSynchronizer(locked, steady, o_domain="ungated")
        cycles = int(self.pll.warm_up_us * setting.mhz)
        left, ready = Signal(range(cycles + 1), init=cycles), Signal()
        with m.If(left != 0):
            m.d.ungated += left.eq(left - steady)
        with m.Else():
            m.d.ungated += ready.eq(1)
        m.d.comb += [ungated.clk.eq(self.sync.clk), self.sync.rst.eq(~ready)]
        return m
