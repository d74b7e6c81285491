"""One frame in block RAM: written a byte at a time, played as pixels."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.errors import require

__all__ = ["FrameBuffer"]


class FrameBuffer(wiring.Component):
    """Keeps the bytes of one frame until it is asked to play them.

    Members     start: In(1), the next byte is the first of a frame
                i: In(stream of u8, always ready)
                play: In(1), emit the frame; it is whole and the last one has been emitted
                o: Out(stream of u8 x colours), one beat per pixel
    Order       rows, then columns, colour fastest, colour 0 in lane 0
    Latency     two cycles from play to o.valid
    Throughput  one beat per cycle
    Resources   block RAM for pixels * colours bytes
    Errors      none
    """

    def __init__(self, pixels: int, colours: int):
        require(pixels > 0, "FrameBuffer", "pixels must be positive", pixels)
        require(0 < colours < 256, "FrameBuffer", "colours must be 1 to 255", colours)
        self.pixels = pixels
        self.colours = colours
        pixel = data.ArrayLayout(unsigned(8), colours)
        super().__init__(
            {
                "start": In(1),
                "i": In(stream.Signature(8, always_ready=True)),
                "play": In(1),
                "o": Out(stream.Signature(pixel)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        bits = 8 * self.colours
        m.submodules.ram = ram = memory.Memory(shape=unsigned(bits), depth=self.pixels, init=[])
        write, read = ram.write_port(), ram.read_port()

        # Written a cycle late: the RAM may lie far from where the bytes come from.
        word = Signal(bits)  # the last bytes, the oldest lowest
        filled = Signal()  # they are a pixel
        lane = Signal(range(max(self.colours, 2)))
        whole = lane == self.colours - 1
        at = Signal(range(max(self.pixels, 2)))
        m.d.comb += [
            write.addr.eq(at),
            write.data.eq(word),
            write.en.eq(filled),
        ]
        m.d.sync += filled.eq(self.i.valid & whole)
        with m.If(self.i.valid):
            m.d.sync += [word.eq(Cat(word[8:], self.i.payload)), lane.eq(Mux(whole, 0, lane + 1))]
        with m.If(filled):
            m.d.sync += at.eq(at + 1)
        with m.If(self.start):
            m.d.sync += [lane.eq(0), at.eq(0)]

        playing, next_at = Signal(), Signal(range(max(self.pixels, 2)))
        advance = ~self.o.valid | self.o.ready
        m.d.comb += [
            read.addr.eq(next_at),
            read.en.eq(advance),
            self.o.payload.as_value().eq(read.data),
        ]
        with m.If(advance):
            m.d.sync += self.o.valid.eq(playing)
            with m.If(playing):
                m.d.sync += next_at.eq(next_at + 1)
                with m.If(next_at == self.pixels - 1):
                    m.d.sync += playing.eq(0)
        with m.If(self.play):
            m.d.sync += [playing.eq(1), next_at.eq(0)]
        return m
