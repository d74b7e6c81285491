"""Skip FIFO: where a residual waits for its branch."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import fifo

from fq_hw.schedule.units import FifoUnit
from rtl_gen.component import UnitComponent

__all__ = ["SkipFifo"]


class SkipFifo(UnitComponent, unit=FifoUnit):
    """First in, first out; ``depth`` beats, the two output registers included.

    Members     i: In(stream); o: Out(stream of the same beats)
    Latency     unit.latency() cycles when empty
    Throughput  one beat per cycle
    Resources   block RAM or distributed RAM, as synthesis finds cheaper; a queue for each of
                unit.widths
    Errors      none at run time; FifoUnit refuses depths below 3
    """

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        queues = [fifo.SyncFIFOBuffered(width=n, depth=unit.depth - 1) for n in unit.widths]
        queue, payload, at = queues[0], self.i.payload.as_value(), 0
        for n, beside in enumerate(queues):  # side by side they do the same in every cycle
            m.submodules[f"queue_{n}" if n else "queue"] = beside
            m.d.comb += [
                beside.w_data.eq(payload[at : at + beside.width]),
                beside.w_en.eq(self.i.valid),
            ]
            at += beside.width
        # A block RAM is slow: a second register, which can be its own, goes before what adds.
        word, load = Signal(unit.i.width, reset_less=True), Signal(name="load")
        m.d.comb += [
            self.i.ready.eq(queue.w_rdy),
            load.eq(queue.r_rdy & (~self.o.valid | self.o.ready)),
            *(beside.r_en.eq(load) for beside in queues),
            self.o.payload.as_value().eq(word),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(load):
            m.d.sync += [word.eq(Cat(beside.r_data for beside in queues)), self.o.valid.eq(1)]
        return m
