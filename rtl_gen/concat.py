"""Concatenation of two streams' channels."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal

from fq_hw.schedule.units import ConcatUnit
from rtl_gen.component import UnitComponent
from rtl_gen.counters import counter

__all__ = ["Concat"]


class Concat(UnitComponent, unit=ConcatUnit):
    """Lets the beats of one stream's pixel pass, then those of the other's.

    Members     i_a, i_b: In(streams of lanes x u<bits>); o: Out(stream of lanes x u<wider bits>)
    Order       per pixel unit.slices[0] beats of i_a, then unit.slices[1] of i_b, or the other way
    Latency     unit.latency()
    Throughput  one beat per cycle
    Path        a choice of two
    Errors      none at run time
    """

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        first, second = unit.order
        ports = (self.i_a, self.i_b)
        later = Signal()  # whether the second's beats pass
        beat, last = counter(max(unit.slices), "beat"), Signal()
        move, accept = Signal(), Signal()
        m.d.comb += [
            move.eq(~self.o.valid | self.o.ready),
            ports[first].ready.eq(move & ~later),
            ports[second].ready.eq(move & later),
            accept.eq(move & Mux(later, ports[second].valid, ports[first].valid)),
            last.eq(beat == Mux(later, unit.slices[second] - 1, unit.slices[first] - 1)),
        ]
        words = []
        for port in ports:
            wide = [Signal(unit.o.bits, name=f"lane_{len(words)}_{n}") for n in range(unit.lanes)]
            m.d.comb += [lane.eq(port.payload[n]) for n, lane in enumerate(wide)]
            words.append(Cat(wide))
        with m.If(move):
            m.d.sync += [
                self.o.valid.eq(accept),
                self.o.payload.as_value().eq(Mux(later, words[second], words[first])),
            ]
        with m.If(accept):
            m.d.sync += [beat.eq(Mux(last, 0, beat + 1)), later.eq(later ^ last)]
        return m
