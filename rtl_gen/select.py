"""Brings the channels of a pixel in another order."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal

from fq_hw.schedule.units.select import SelectUnit
from rtl_gen.component import UnitComponent

__all__ = ["Select"]


class Select(UnitComponent, unit=SelectUnit):
    """Wires from the channels that come to those that are wanted, behind a register.

    Members     i: In(stream of lanes x u<bits>), whole pixels; o: Out(stream of whole pixels)
    Latency     1 cycle
    Throughput  one beat per cycle
    Resources   a register of what is wanted
    Errors      none at run time
    """

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        kept = {
            channel: Signal(unit.in_bits, name=f"channel_{channel}", reset_less=True)
            for channel in sorted({*unit.order} - {-1})
        }
        level = Const(unit.level, unit.in_bits)
        m.d.comb += [
            self.i.ready.eq(~self.o.valid | self.o.ready),
            self.o.payload.as_value().eq(Cat(kept.get(channel, level) for channel in unit.order)),
        ]
        with m.If(self.i.ready):
            m.d.sync += self.o.valid.eq(self.i.valid)
            m.d.sync += [word.eq(self.i.payload[channel]) for channel, word in kept.items()]
        return m
