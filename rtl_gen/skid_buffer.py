"""A skid buffer: two beats may wait, so that readiness comes from a register."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, ShapeLike, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SkidBuffer"]


class SkidBuffer(wiring.Component):
    """A stream cut in two: units that wait for each other through it are no chain of gates.

    Members     i: In(stream of ``shape``); o: Out(the same)
    Latency     1 cycle
    Throughput  one beat per cycle
    Path        i.ready, o.valid and o.payload are registers
    Resources   two registers of a beat, a LUT per bit
    Errors      none at run time
    """

    def __init__(self, shape: ShapeLike):
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform):
        m = Module()
        word = Signal.like(self.i.payload, reset_less=True)
        spare, waiting = Signal.like(word), Signal()  # spare holds a beat while waiting
        new = self.i.payload
        m.d.comb += [self.i.ready.eq(~waiting), self.o.payload.eq(word)]
        with m.If(~waiting):
            m.d.sync += spare.eq(new)
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += [
                word.eq(Mux(waiting, spare, new)),
                self.o.valid.eq(waiting | self.i.valid),
                waiting.eq(0),
            ]
        with m.Elif(self.i.valid):
            m.d.sync += waiting.eq(1)
        return m
