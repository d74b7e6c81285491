"""Results to words of a bus."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bus.geometry import Geometry
from rtl_gen.counters import counter

__all__ = ["ResultOutput", "fields"]


def fields(geometry: Geometry, result: data.View) -> list[Value]:
    """The integers of a result: the label, then the scores, extended to ``field_bits``."""
    found = []
    for number in (result.label, *(result.scores[n] for n in range(geometry.classes))):
        sign = number[-1] if number.shape().signed else 0
        missing = geometry.field_bits - len(number)
        found.append(Cat(number, *[sign] * missing))
    return found


class ResultOutput(wiring.Component):
    """Holds a result and gives it in words.

    Members     i: In(stream of {label, scores}); short: In(1), belongs to the result at i
                o: Out(stream of {data: u<out_bits>, last: 1, short: 1})
    Order       as Geometry says
    Latency     1 cycle
    Throughput  one word per cycle
    Resources   a register of a result, and a choice of its words
    Errors      none
    """

    def __init__(self, geometry: Geometry, result: data.StructLayout):
        self.geometry = geometry
        word = data.StructLayout({"data": geometry.out_bits, "last": 1, "short": 1})
        super().__init__(
            {
                "i": In(stream.Signature(result)),
                "short": In(1),
                "o": Out(stream.Signature(word)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        geometry, words = self.geometry, self.geometry.result_words
        held, short = Signal.like(self.i.payload), Signal()
        word, last = counter(words, "word"), Signal()
        memory = Signal(words * geometry.out_bits)
        # Amaranth takes time with the square of the bits to choose a word that is all there is.
        chosen = memory if words == 1 else memory.word_select(word, geometry.out_bits)
        m.d.comb += [
            memory.eq(Cat(fields(geometry, held))),
            last.eq(word == words - 1),
            self.o.p.data.eq(chosen),
            self.o.p.last.eq(last),
            self.o.p.short.eq(short),
            self.i.ready.eq(~self.o.valid | (self.o.ready & last)),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += word.eq(Mux(last, 0, word + 1))
        with m.If(self.i.ready):
            m.d.sync += [
                self.o.valid.eq(self.i.valid),
                held.eq(self.i.payload),
                short.eq(self.short),
            ]
        return m
