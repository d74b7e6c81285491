"""What is around an SDRAM's chip in a simulation: pads, a part that has its pins, its words."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from fq_hw.schedule.units import SdramUnit
from rtl_gen.sdram.pins import PREFIX
from sim.sdram import Rule, SdramModel

__all__ = ["STORE", "PaddedSdram", "WithSdram", "behind"]

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


class PaddedSdram(wiring.Component):
    """The chip behind the registers of the pads.

    Members     those of SdramModel, as the controller sees them
    """

    def __init__(self, model: SdramModel):
        self.model = model
        super().__init__(dict(model.signature.members))

    def elaborate(self, platform):
        m = Module()
        m.submodules.model = model = self.model
        for name, member in model.signature.members.items():
            inner, outer = getattr(model, name), getattr(self, name)
            m.d.sync += inner.eq(outer) if member.flow is In else outer.eq(inner)
        return m


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
        for name, member in part.signature.members.items():
            if name.startswith(PREFIX):
                inner, outer = getattr(part, name), getattr(chip, name)
                m.d.comb += inner.eq(outer) if member.flow is In else outer.eq(inner)
        m.d.comb += self.rule.eq(chip.rule)
        return m


def behind(unit: SdramUnit) -> PaddedSdram:
    """What is at the pins of ``unit`` in Verilator, with room for the bursts that it fills in."""
    slots = unit.slots
    depth = unit.blocks * slots.burst
    return PaddedSdram(SdramModel(slots.chip, slots.clock_mhz, depth, verilog=True))
