"""An SDRAM's pins on an ECP5 board: a register in every I/O cell, and the clock's pin."""

from __future__ import annotations

from amaranth.hdl import ClockSignal, Instance, Module, Signal, Value
from amaranth.lib import io, wiring

from fq_hw.errors import CapacityError, require
from fq_hw.schedule.sdram import SdramChip
from rtl_gen.sdram.pins import pins

__all__ = ["SdramPads", "takes_falling"]

# From the clock's edge to the chip and back into an input register, least and most, beside the
# chip's own times: clock pin out, traces, data pin in, the register's set-up. Not measured.
WAY_NS = (3.1, 5.7)


def takes_falling(chip: SdramChip, clock_mhz: float) -> bool:
    """Whether what the chip gives is taken at the falling edge in its cycle, or the rising after.

    The chip's clock rises in the middle of a cycle. A word comes ``access_ns`` later and stays
    until ``hold_ns`` after the next middle, both on their way for WAY_NS. CapacityError where
    neither edge is sure to be inside.
    """
    period, (least, most) = 1000 / clock_mhz, WAY_NS
    falling = period >= chip.access_ns + most
    rising = period / 2 <= chip.hold_ns + least
    contract = f"has no edge at {clock_mhz:g} MHz at which a word is sure to be there"
    below, above = 1000 / (chip.access_ns + most), 500 / (chip.hold_ns + least)
    hint = f"take at most {below:.1f} MHz or at least {above:.1f}"
    fits = falling or rising
    require(fits, f"SDRAM {chip.name}", contract, hint=hint, kind=CapacityError)
    return falling


class SdramPads(wiring.Component):
    """The platform's ``sdram``, a register from every pin, both ways.

    Members     those of ``rtl_gen.sdram.pins``, the other way round
    Clock       its pin is the clock turned by half a cycle, from an output register
    Latency     one cycle each way, whichever edge takes the data
    Errors      none at run time; CapacityError for a clock at which no edge is sure
    Source      Lattice FPGA-TN-02032 (ECP5 high-speed I/O)
    """

    def __init__(self, chip: SdramChip, clock_mhz: float):
        self.falling = takes_falling(chip, clock_mhz)
        super().__init__({name: member.flip() for name, member in pins(chip).items()})

    def elaborate(self, platform):
        m = Module()
        ports = platform.request("sdram", 0, dir="-")
        m.submodules.clk = clk = io.DDRBuffer("o", ports.clk)
        m.d.comb += [clk.o[0].eq(0), clk.o[1].eq(1)]
        commands = ("ras", "cas", "we")
        levels = {name: self.sdram_command[n] for n, name in enumerate(commands)}
        levels |= {"ba": self.sdram_bank, "a": self.sdram_address}
        levels |= {"cs": Value.cast(1), "clk_en": Value.cast(1)}
        for name, level in levels.items():
            if hasattr(ports, name):  # where there are none they are wired so
                m.submodules[name] = pad = io.FFBuffer("o", getattr(ports, name))
                m.d.comb += pad.o.eq(level)
        if hasattr(ports, "dqm"):
            m.submodules.dqm = pad = io.FFBuffer("o", ports.dqm)
            m.d.comb += pad.o.eq(self.sdram_dqm.replicate(len(ports.dqm)))
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
