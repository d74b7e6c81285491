"""Puts pixels of one level around an image."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from fq_hw.schedule.units.pad import PadUnit
from rtl_gen.component import UnitComponent
from rtl_gen.counters import nest

__all__ = ["Pad"]


class Pad(UnitComponent, unit=PadUnit):
    """Lets the pixels of an image pass, and makes those around it.

    Members     i: In(stream of lanes x u<bits>), raster order, channel slices fastest
                o: Out(stream of the same beats, more of them)
    Latency     1 cycle
    Throughput  one beat per cycle
    Resources   a register of a beat, and counters
    Errors      none at run time
    """

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        height, width = unit.size
        move, accept, inside = Signal(), Signal(), Signal()
        at, _ = nest(m, accept, slice=unit.slices, column=width, row=height)
        top, left, _, _ = unit.pads
        within = (
            self.between(at["row"], top, top + unit.height, height),
            self.between(at["column"], left, left + unit.width, width),
        )
        first = Cat(*at.values()) == 0  # waits, lest a frame end before the next begins
        level = Const(unit.level, unit.in_bits).replicate(unit.lanes)
        m.d.comb += [
            inside.eq(within[0] & within[1]),
            move.eq(~self.o.valid | self.o.ready),
            self.i.ready.eq(move & inside),
            accept.eq(move & (self.i.valid | ~(inside | first))),
        ]
        with m.If(move):
            m.d.sync += [
                self.o.valid.eq(accept),
                self.o.payload.as_value().eq(Mux(inside, self.i.payload.as_value(), level)),
            ]
        return m

    def between(self, at: Signal, low: int, high: int, size: int) -> Value:
        """Whether a counter lies in low..high - 1."""
        above = Const(1) if low == 0 else at >= low
        return above & (Const(1) if high == size else at < high)
