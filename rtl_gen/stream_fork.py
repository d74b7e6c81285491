"""Stream fork: one producer, several readers."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal

from fq_hw.schedule.units import ForkUnit
from rtl_gen.component import UnitComponent

__all__ = ["StreamFork"]


class StreamFork(UnitComponent, unit=ForkUnit):
    """Hands every beat to each reader exactly once; readers need not take it together.

    Members     i: In(stream); o_0, o_1, ...: Out(stream of the same beats)
    Latency     none
    Throughput  one beat per cycle when all readers take it at once
    Resources   one register per reader: whether it has the current beat already
    Errors      none at run time
    """

    def elaborate(self, platform):
        m = Module()
        outputs = [getattr(self, f"o_{way}") for way in range(self.unit.ways)]
        done, served = Signal(len(outputs)), Signal(len(outputs))
        for way, o in enumerate(outputs):
            m.d.comb += [
                o.valid.eq(self.i.valid & ~done[way]),
                o.payload.eq(self.i.payload),
                served[way].eq(done[way] | o.ready),
            ]
        m.d.comb += self.i.ready.eq(served.all())
        with m.If(self.i.valid):
            m.d.sync += done.eq(served & ~Cat(self.i.ready).replicate(len(outputs)))
        return m
