"""Words of a bus to pixels."""

from __future__ import annotations

import math

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bus.geometry import Geometry
from rtl_gen.counters import counter

__all__ = ["FrameInput"]


class FrameInput(wiring.Component):
    """Takes the bytes of frames in words, and gives pixels.

    Members     i: In(stream of {data: u<in_bits>, last: 1})
                o: Out(stream of colours x u8)
                o_short: Out(stream of 1 bit): with a frame's last word, whether its packet was
                too short
                inside: Out(1), some words of a frame have come, and not all
    Order       as Geometry says; what is left of a frame's last word is dropped
    Packets     frames are counted, so several may come in one packet. Where ``last`` comes inside a
                frame, its missing words are taken as 0 and ``o_short`` says so: the next packet
                begins with a pixel 0 again
    Latency     1 cycle where a word holds a pixel or more
    Throughput  one pixel per cycle, or one word where a pixel is wider
    Resources   a register of a word and a pixel, less a byte, and what shifts it
    Errors      none at run time
    """

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        word = data.StructLayout({"data": geometry.in_bits, "last": 1})
        pixel = data.ArrayLayout(unsigned(8), geometry.colours)
        super().__init__(
            {
                "i": In(stream.Signature(word)),
                "o": Out(stream.Signature(pixel)),
                "o_short": Out(stream.Signature(1)),
                "inside": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        geometry, pixel_bits = self.geometry, 8 * self.geometry.colours
        # Bits are held in units of which words and pixels are both made.
        unit = math.gcd(geometry.in_bits, pixel_bits)
        a_word, a_pixel = geometry.in_bits // unit, pixel_bits // unit
        most = a_word + a_pixel - 1
        held = Signal(most * unit)
        level, rest = counter(most + 1, "level"), counter(most + 1, "rest")  # now; without a pixel
        pixel, word = counter(geometry.pixels, "pixel"), counter(geometry.frame_words, "word")
        padding, take, give = Signal(), Signal(), Signal()
        last_pixel, last_word = Signal(), Signal()
        there, bits, kept = Signal(), Signal(geometry.in_bits), Signal(most * unit)
        m.d.comb += [
            last_pixel.eq(pixel == geometry.pixels - 1),
            last_word.eq(word == geometry.frame_words - 1),
            self.o.valid.eq(level >= a_pixel),
            self.o.payload.eq(held[:pixel_bits]),
            give.eq(self.o.valid & self.o.ready),
            rest.eq(Mux(give, Mux(last_pixel, 0, level - a_pixel), level)),
            kept.eq(Mux(give, held >> pixel_bits, held)),
            there.eq(self.i.valid | padding),
            bits.eq(Mux(padding, 0, self.i.p.data)),
            self.i.ready.eq(~padding & take),
            take.eq((rest < a_pixel) & (~last_word | self.o_short.ready)),
            self.o_short.valid.eq(there & (rest < a_pixel) & last_word),
            self.o_short.payload.eq(padding),
            self.inside.eq(word != 0),
        ]
        m.d.sync += [held.eq(kept), level.eq(rest)]
        with m.If(there & take):
            m.d.sync += [level.eq(rest + a_word), word.eq(Mux(last_word, 0, word + 1))]
            m.d.sync += padding.eq((padding | self.i.p.last) & ~last_word)
            with m.Switch(rest):
                for units in range(a_pixel):
                    with m.Case(units):
                        m.d.sync += held.eq(Cat(kept[: units * unit], bits))
        with m.If(give):
            m.d.sync += pixel.eq(Mux(last_pixel, 0, pixel + 1))
        return m
