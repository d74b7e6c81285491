"""Requantizing by a shift: integer sums to levels."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value, signed

from fq_hw.schedule.units import RequantizeUnit
from rtl_gen.component import UnitComponent

__all__ = ["Requantize"]


class Requantize(UnitComponent, unit=RequantizeUnit):
    """Adds a constant per channel, drops the lowest bits, and saturates.

    Members     i: In(stream of lanes x u<in_bits>); i_constant: In(stream of constant words)
                o: Out(stream of lanes x u<out_bits>)
    Order       every beat has its constant word, in the same order
    Latency     unit.latency()
    Throughput  one beat per cycle
    Path        one addition; then a comparison of the bits above the result
    Errors      none at run time
    """

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        free, on, held = Signal(), Signal(), Signal()
        m.d.comb += [
            on.eq(~self.o.valid | self.o.ready),
            free.eq(~held | on),
            self.i.ready.eq(free & self.i_constant.valid),
            self.i_constant.ready.eq(free & self.i.valid),
        ]
        with m.If(free):
            m.d.sync += held.eq(self.i.valid & self.i_constant.valid)
        with m.If(on):
            m.d.sync += self.o.valid.eq(held)
        for lane in range(unit.lanes):
            total = Signal(signed(unit.sum_bits), name=f"total_{lane}", reset_less=True)
            with m.If(free):
                m.d.sync += total.eq(self.i.payload[lane] + self.i_constant.payload[lane])
            with m.If(on):
                m.d.sync += self.o.payload[lane].eq(self.level(total))
        return m

    def level(self, total: Value) -> Value:
        """The sum scaled and saturated."""
        shift, top = self.unit.shift, 2**self.unit.out_bits - 1
        scaled = total >> shift if shift >= 0 else total << -shift
        return Mux(scaled < 0, 0, Mux(scaled > top, top, scaled))
