"""Skip FIFO: where a residual waits for its branch."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import fifo, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.units import FifoUnit
from rtl_gen.streams import signature

__all__ = ["SkipFifo"]


class SkipFifo(wiring.Component):
    """First in, first out; ``depth`` beats, the output register included.

    Members     i: In(stream); o: Out(stream of the same beats)
    Latency     unit.latency() cycles when empty
    Throughput  one beat per cycle
    Resources   block RAM or distributed RAM, as synthesis finds cheaper
    Errors      none at run time; FifoUnit refuses depths below 2
    """

    def __init__(self, unit: FifoUnit):
        self.unit = unit
        super().__init__({"i": In(signature(unit.i)), "o": Out(signature(unit.o))})

    def elaborate(self, platform):
        m = Module()
        queue = fifo.SyncFIFOBuffered(width=self.unit.i.width, depth=self.unit.depth)
        m.submodules.queue = queue
        m.d.comb += [
            queue.w_data.eq(self.i.payload.as_value()),
            queue.w_en.eq(self.i.valid),
            self.i.ready.eq(queue.w_rdy),
            self.o.payload.eq(queue.r_data),
            self.o.valid.eq(queue.r_rdy),
            queue.r_en.eq(self.o.ready),
        ]
        return m
