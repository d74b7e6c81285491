"""An SDRAM's pins on an ECP5 board: registers in every I/O cell, and the clock's pin."""

from __future__ import annotations

from collections.abc import Iterator

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal, Value
from amaranth.lib import io, wiring

from boards.pll import SECOND
from boards.sdram_edges import takes_falling
from fq_hw.schedule.sdram import Slots
from rtl_gen.sdram.pins import Command, pins

__all__ = ["DoublePads", "SdramPads", "pads_of"]


def pads_of(slots: Slots) -> wiring.Component:
    """The pads of the gear that ``slots`` are in."""
    return SdramPads(slots) if slots.gear == 1 else DoublePads(slots)


class SdramPads(wiring.Component):
    """The platform's ``sdram``, a register from every pin, both ways.

    Members     those of ``rtl_gen.sdram.pins``, the other way round
    Clock       its pin is the clock turned by half a cycle, from an output register
    Latency     one cycle each way, whichever edge takes the data
    Errors      none at run time; CapacityError for a clock at which no edge is sure
    Source      Lattice FPGA-TN-02032 (ECP5 high-speed I/O)
    """

    def __init__(self, slots: Slots):
        self.falling = takes_falling(slots.chip, slots.clock_mhz)
        super().__init__({name: member.flip() for name, member in pins(slots).items()})

    def elaborate(self, platform):
        m = Module()
        ports = platform.request("sdram", 0, dir="-")
        m.submodules.clk = clk = io.DDRBuffer("o", ports.clk)
        m.d.comb += [clk.o[0].eq(0), clk.o[1].eq(1)]
        for name, level in outward(self, ports):
            m.submodules[name] = pad = io.FFBuffer("o", getattr(ports, name))
            m.d.comb += pad.o.eq(level)
        taken = Signal.like(self.sdram_dq_i)
        for n in range(len(taken)):
            m.submodules[f"dq_{n}"] = pad = io.Buffer("io", ports.dq[n])
            self.register(m, f"o_{n}", self.sdram_dq_o[n], pad.o, "output")
            away = Signal(name=f"away_{n}")  # as the pin's buffer has it: 1 lets go
            self.register(m, f"oe_{n}", ~self.sdram_dq_oe, away, "output")
            m.d.comb += pad.oe.eq(~away)
            self.register(m, f"i_{n}", pad.i, taken[n], "input", self.falling)
        if self.falling:  # half a cycle early
            m.d.sync += self.sdram_dq_i.eq(taken)
        else:
            m.d.comb += self.sdram_dq_i.eq(taken)
        return m

    def register(
        self, m: Module, name: str, d: Value, q: Value, way: str, falling: bool = False
    ) -> None:
        """A flip-flop in the I/O cell."""
        m.submodules[name] = Instance(
            "TRELLIS_FF",
            a_syn_useioff=1, a_ioff_dir=way,
            p_GSR="DISABLED", p_CEMUX="1", p_CLKMUX="INV" if falling else "CLK", p_LSRMUX="LSR",
            p_REGSET="RESET", p_SRMODE="LSR_OVER_CE",
            i_CLK=ClockSignal(), i_LSR=0, i_DI=d, o_Q=q,
        )  # fmt: skip


class DoublePads(wiring.Component):
    """The platform's ``sdram`` in gear 2: double-rate registers at every pin, both ways.

    Members     those of ``rtl_gen.sdram.pins``, the other way round
    Clock       its pin is the domain SECOND, from a register of the same kind as all others
    Latency     three cycles out, which is what ODDRX1F takes and Amaranth's output enable too; two
                halves that are taken at the rising and the next falling edge come one cycle later
    Errors      none at run time
    Source      Lattice FPGA-TN-02035 (ECP5 high-speed I/O); amaranth-lang/amaranth 1667, 1668
    """

    def __init__(self, slots: Slots):
        super().__init__({name: member.flip() for name, member in pins(slots).items()})

    def elaborate(self, platform):
        m = Module()
        ports = platform.request("sdram", 0, dir="-")
        m.submodules.clk = clk = io.DDRBuffer("o", ports.clk, o_domain=SECOND)
        m.d.comb += [clk.o[0].eq(1), clk.o[1].eq(0)]
        for name, level in outward(self, ports):
            m.submodules[name] = pad = io.DDRBuffer("o", getattr(ports, name))
            second = Const(Command.NOTHING, 1) if name in COMMAND else level
            m.d.comb += [pad.o[0].eq(level), pad.o[1].eq(second)]
        m.submodules.dq = pad = io.DDRBuffer("io", ports.dq)
        m.d.comb += [
            Cat(pad.o[0], pad.o[1]).eq(self.sdram_dq_o),
            pad.oe.eq(self.sdram_dq_oe),
            self.sdram_dq_i.eq(Cat(pad.i[0], pad.i[1])),
        ]
        return m


COMMAND = ("ras", "cas", "we")


def outward(pads: SdramPads | DoublePads, ports) -> Iterator[tuple[str, Value]]:
    """The ports that only go out, but for the clock, and their levels; none that are wired so."""
    levels = {name: pads.sdram_command[n] for n, name in enumerate(COMMAND)}
    levels |= {"ba": pads.sdram_bank, "a": pads.sdram_address}
    levels |= {"cs": Value.cast(1), "clk_en": Value.cast(1)}
    if hasattr(ports, "dqm"):
        levels["dqm"] = pads.sdram_dqm.replicate(len(ports.dqm))
    return ((name, level) for name, level in levels.items() if hasattr(ports, name))
