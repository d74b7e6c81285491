"""Threshold unit: integer sums to activation levels."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.units import ThresholdUnit
from rtl_gen.streams import signature

__all__ = ["Threshold"]


class Threshold(wiring.Component):
    """Counts the levels that each lane reaches.

    Members     i: In(stream of lanes x u<in_bits>); i_level: In(stream of level words)
                o: Out(stream of lanes x u<out_bits>)
    Order       every beat has its level word, in the same order
    Units       y = count of levels <= x, or steps - count where the word's sign bit is set
    Latency     unit.latency()
    Throughput  one beat per cycle
    Path        comparators, then a count of ``steps`` bits
    Errors      none at run time
    Source      thresholds instead of norm and activation: Umuroglu et al. 2017
    """

    def __init__(self, unit: ThresholdUnit):
        self.unit = unit
        super().__init__(
            {
                "i": In(signature(unit.i)),
                "i_level": In(signature(unit.level)),
                "o": Out(signature(unit.o)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        free, accept = Signal(), Signal()
        m.d.comb += [
            free.eq(~self.o.valid | self.o.ready),
            self.i.ready.eq(free & self.i_level.valid),
            self.i_level.ready.eq(free & self.i.valid),
            accept.eq(self.i.valid & self.i.ready),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(accept):
            m.d.sync += self.o.valid.eq(1)
            for lane in range(unit.lanes):
                word = Value.cast(self.i_level.payload[lane])
                levels = [word[n * unit.level_bits :][: unit.level_bits] for n in range(unit.steps)]
                count = sum(self.i.payload[lane] >= level for level in levels)
                # steps is all ones: steps - count inverts every bit
                m.d.sync += self.o.payload[lane].eq(count ^ word[-1].replicate(unit.out_bits))
        return m
