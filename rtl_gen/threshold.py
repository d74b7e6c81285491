"""Threshold unit: integer sums to activation levels."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib.wiring import connect, flipped

from fq_hw.schedule.units import ThresholdUnit
from rtl_gen.adder_tree import count
from rtl_gen.component import UnitComponent
from rtl_gen.skid_buffer import SkidBuffer

__all__ = ["Threshold"]


class Threshold(UnitComponent, unit=ThresholdUnit):
    """Counts the levels that each lane reaches.

    Members     i: In(stream of lanes x u<in_bits>); i_level: In(stream of level words)
                o: Out(stream of lanes x u<out_bits>)
    Order       every beat has its level word, in the same order
    Units       y = count of levels <= x, or steps - count where the word's sign bit is set
    Latency     unit.latency()
    Throughput  one beat per cycle
    Path        a comparator between registers; then a count of ``steps`` bits
    Errors      none at run time
    Source      thresholds instead of norm and activation: Umuroglu et al. 2017
    """

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        # Readiness goes on to the levels' ROM and back through the layer: it comes from registers.
        m.submodules.counts = counts = SkidBuffer(self.o.payload.shape())
        connect(m, counts.o, flipped(self.o))
        free = Signal()
        m.d.comb += [
            free.eq(~counts.i.valid | counts.i.ready),
            self.i.ready.eq(free & self.i_level.valid),
            self.i_level.ready.eq(free & self.i.valid),
        ]
        with m.If(free):
            m.d.sync += counts.i.valid.eq(self.i.valid & self.i_level.valid)
        for lane in range(unit.lanes):
            word = Value.cast(self.i_level.payload[lane])
            levels = [word[n * unit.level_bits :][: unit.level_bits] for n in range(unit.steps)]
            reached = Signal(unit.steps, name=f"reached_{lane}", reset_less=True)
            down = Signal(name=f"down_{lane}", reset_less=True)
            with m.If(free):
                m.d.sync += [
                    reached.eq(Cat(self.i.payload[lane] >= level for level in levels)),
                    down.eq(word[-1]),
                ]
            # steps is all ones: steps - count inverts every bit
            m.d.comb += counts.i.p[lane].eq(count(reached) ^ down.replicate(unit.out_bits))
        return m
