"""Results to words of a bus."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bus.geometry import Geometry
from rtl_gen.counters import counter

__all__ = ["ResultOutput"]


class ResultOutput(wiring.Component):
    """Gives the numbers of a result in words: several in one, one in one, or one in several.

    Members     i: In(stream of beats of a result)
                o: Out(stream of {data: u<out_bits>, last: 1})
    Order       as Geometry says; what is left of a result's last word is 0
    Latency     1 cycle where a word holds several numbers, else none
    Throughput  one number per cycle, or one word where a number is wider
    Resources   a register of a word, where that holds several numbers
    Errors      none
    """

    def __init__(self, geometry: Geometry, result: data.StructLayout):
        self.geometry = geometry
        word = data.StructLayout({"data": geometry.out_bits, "last": 1})
        super().__init__({"i": In(stream.Signature(result)), "o": Out(stream.Signature(word))})

    def elaborate(self, platform):
        m = Module()
        geometry = self.geometry
        number = Signal(signed(geometry.field_bits))
        m.d.comb += number.eq(self.i.p.data)
        if geometry.out_bits > geometry.field_bits:
            self.gather(m, number)
        else:
            self.split(m, number)
        return m

    def split(self, m: Module, number: Value) -> None:
        """A number waits until all its pieces are gone."""
        piece, last = counter(self.geometry.pieces, "piece"), Signal()
        m.d.comb += [
            last.eq(piece == self.geometry.pieces - 1),
            self.o.p.data.eq(number.word_select(piece, self.geometry.out_bits)),
            self.o.p.last.eq(self.i.p.last & last),
            self.o.valid.eq(self.i.valid),
            self.i.ready.eq(self.o.ready & last),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += piece.eq(Mux(last, 0, piece + 1))

    def gather(self, m: Module, number: Value) -> None:
        """A word grows where it goes out."""
        size = self.geometry.field_bits
        places = self.geometry.out_bits // size
        place, full, gone = counter(places, "place"), Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(~self.o.valid | self.o.ready),
            full.eq((place == places - 1) | self.i.p.last),
            gone.eq(self.o.valid & self.o.ready),
        ]
        with m.If(gone):
            m.d.sync += self.o.valid.eq(0)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += place.eq(Mux(full, 0, place + 1))
            m.d.sync += [self.o.valid.eq(full), self.o.p.last.eq(self.i.p.last)]
            with m.If(place == 0):
                m.d.sync += self.o.p.data.eq(Cat(number))
            for at in range(1, places):
                with m.Elif(place == at):
                    m.d.sync += self.o.p.data[at * size :][:size].eq(number)
