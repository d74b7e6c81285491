"""Skip FIFO: where a residual waits for its branch."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import fifo

from fq_hw.schedule.units import FifoUnit
from rtl_gen.component import UnitComponent

__all__ = ["SkipFifo"]


class SkipFifo(UnitComponent, unit=FifoUnit):
    """First in, first out; ``depth`` beats, the two output registers included.

    Members     i: In(stream); o: Out(stream of the same beats)
    Latency     unit.latency() cycles when empty
    Throughput  one beat per cycle
    Resources   block RAM or distributed RAM, as synthesis finds cheaper
    Errors      none at run time; FifoUnit refuses depths below 3
    """

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        queue = fifo.SyncFIFOBuffered(width=unit.i.width, depth=unit.depth - 1)
        m.submodules.queue = queue
        # A block RAM is slow: a second register, which can be its own, goes before what adds.
        word, load = Signal(unit.i.width, reset_less=True), Signal()
        m.d.comb += [
            queue.w_data.eq(self.i.payload.as_value()),
            queue.w_en.eq(self.i.valid),
            self.i.ready.eq(queue.w_rdy),
            load.eq(queue.r_rdy & (~self.o.valid | self.o.ready)),
            queue.r_en.eq(load),
            self.o.payload.as_value().eq(word),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(load):
            m.d.sync += [word.eq(queue.r_data), self.o.valid.eq(1)]
        return m
