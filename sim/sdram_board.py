"""What is around an SDRAM's chip in a simulation: pads, a part that has its pins, its words."""

from __future__ import annotations

from collections.abc import Iterable

from amaranth.hdl import Cat, DomainRenamer, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.sim import Simulator

from fq_hw.schedule.sdram import Slots
from fq_hw.schedule.units import SdramUnit
from rtl_gen.delay import delay
from rtl_gen.sdram.pins import PREFIX, Command, chip_pins
from rtl_gen.streams import passed_on
from sim.sdram import Rule, SdramModel

__all__ = ["FAST", "STORE", "PaddedSdram", "WithSdram", "add_clocks", "behind", "chip_of"]

FAST = "fast"  # the domain of a chip in gear 2; every second edge is one of the design's too
OUTWARD = 3  # registers of the pads in gear 2, on the way out

STORE = """module sdram_store (input clk, input [31:0] address, input [WIDTH/8-1:0] write,
                    input [WIDTH-1:0] w_data, output [WIDTH-1:0] r_data);
  parameter WIDTH = 16, DEPTH = 2;
  reg [WIDTH-1:0] words [0:DEPTH-1];
  integer lane;
  string name;
  initial if ($value$plusargs("sdram=%s", name)) $readmemh(name, words);
  assign r_data = words[address];
  always @(posedge clk)
    for (lane = 0; lane < WIDTH / 8; lane = lane + 1)
      if (write[lane]) words[address][8*lane +: 8] <= w_data[8*lane +: 8];
endmodule
"""  # what stands for the memory in Verilator: initial contents would be a line a word


def chip_of(
    slots: Slots, depth: int | None = None, words: Iterable[int] = (), verilog: bool = False
) -> SdramModel:
    """The chip that ``slots`` are for; it keeps all of its words, or the first ``depth``."""
    chip, gear = slots.chip, slots.gear
    return SdramModel(chip, slots.clock_mhz, depth or chip.words, words, gear=gear, verilog=verilog)


def add_clocks(simulator: Simulator, period: float = 1e-6) -> None:
    """The design's clock, and a chip's in gear 2 where there is one."""
    simulator.add_clock(period)
    simulator.add_clock(period / 2, phase=period / 2, domain=FAST, if_exists=True)


class PaddedSdram(wiring.Component):
    """The chip behind the registers of the pads.

    Members     those of ``rtl_gen.sdram.pins``, as the controller sees them; rule: Out(Rule)
    Clock       in gear 2 the chip's is that of the domain FAST
    """

    def __init__(self, model: SdramModel):
        self.model = model
        faces = {name: member.flip() for name, member in chip_pins(model.chip, model.gear).items()}
        super().__init__({**faces, "rule": Out(Rule)})

    def elaborate(self, platform):
        m = Module()
        if self.model.gear > 1:
            self.halves(m)
            return m
        m.submodules.model = model = self.model
        m.d.sync += passed_on(model, self, dict(self.signature.members))
        return m

    def halves(self, m: Module) -> None:
        """Registers of double rate: a half of a word, and a command or none, in each chip cycle."""
        m.submodules.model = DomainRenamer(FAST)(self.model)
        model, width = self.model, self.model.chip.width
        cycle, seen, second = Signal(), Signal(), Signal()
        now, before = Signal(width), Signal(width)  # what the pins had at the last two edges
        m.d.sync += cycle.eq(~cycle)
        m.d[FAST] += [seen.eq(cycle), now.eq(model.sdram_dq_i), before.eq(now)]
        m.d.comb += second.eq(seen == cycle)
        for name in chip_pins(model.chip):
            if name == f"{PREFIX}dq_i":
                continue
            level = delay(m, getattr(self, name), OUTWARD, name)
            if name == f"{PREFIX}command":
                level = Mux(second, Command.NOTHING, level)
            elif name == f"{PREFIX}dq_o":
                level = level.word_select(second, width)
            m.d.comb += getattr(model, name).eq(level)
        m.d.sync += [self.sdram_dq_i.eq(Cat(before, now)), self.rule.eq(model.rule)]


class WithSdram(wiring.Component):
    """A part and the SDRAM that its pins go to, behind pads.

    Members     those of ``part`` but for its pins; rule: as SdramModel
    """

    def __init__(self, part: wiring.Component, model: SdramModel):
        self.part, self.chip = part, PaddedSdram(model)
        members = part.signature.members
        self.kept = [name for name in members if not name.startswith(PREFIX)]
        super().__init__({**{name: members[name] for name in self.kept}, "rule": Out(Rule)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.part = part = self.part
        m.submodules.sdram = chip = self.chip
        for name in self.kept:
            inward = part.signature.members[name].flow is In
            inner, outer = getattr(part, name), getattr(self, name)
            if part.signature.members[name].is_signature:
                connect(m, *((flipped(outer), inner) if inward else (inner, flipped(outer))))
            else:
                m.d.comb += inner.eq(outer) if inward else outer.eq(inner)
        m.d.comb += passed_on(part, chip, chip_pins(chip.model.chip, chip.model.gear))
        m.d.comb += self.rule.eq(chip.rule)
        return m


def behind(unit: SdramUnit) -> PaddedSdram:
    """What is at the pins of ``unit`` in Verilator, with room for the bursts that it fills in."""
    depth = unit.blocks * unit.slots.burst * unit.slots.gear
    return PaddedSdram(chip_of(unit.slots, depth, verilog=True))
