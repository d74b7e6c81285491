"""Integer residual adder."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.units import AddUnit
from rtl_gen.streams import signature

__all__ = ["ResidualAdd"]


class ResidualAdd(wiring.Component):
    """Adds two streams beat by beat, lane by lane, without rounding or saturation.

    Members     i_a, i_b: In(streams); o: Out(stream of lanes x u<out_bits>)
    Latency     unit.latency(), from taking both beats
    Throughput  one beat per cycle
    Errors      none at run time; out_bits comes from range analysis
    Source      Takahashi et al. 2024, section 3.4 (one shared scale, so integers add)
    """

    def __init__(self, unit: AddUnit):
        self.unit = unit
        super().__init__(
            {
                "i_a": In(signature(unit.a)),
                "i_b": In(signature(unit.b)),
                "o": Out(signature(unit.o)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        free = Signal()
        m.d.comb += [
            free.eq(~self.o.valid | self.o.ready),
            self.i_a.ready.eq(free & self.i_b.valid),
            self.i_b.ready.eq(free & self.i_a.valid),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(self.i_a.valid & self.i_a.ready):
            m.d.sync += self.o.valid.eq(1)
            for lane in range(self.unit.lanes):
                total = self.i_a.payload[lane] + self.i_b.payload[lane]
                m.d.sync += self.o.payload[lane].eq(total)
        return m
