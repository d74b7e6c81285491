"""Words that wait in a block RAM; whoever sends them knows that there is room."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from rtl_gen.read_pipe import ReadPipe

__all__ = ["Ring"]


class Ring(wiring.Component):
    """A FIFO of ``places`` words, a power of two, that never says that it is full.

    Members     i: In(stream, always ready); o: Out(stream)
                came: Out: how many came so far, modulo 2 * places
    Latency     FifoUnit's: three cycles when empty
    Throughput  a word per cycle
    Resources   block RAM, two counters and a comparison; two words more wait in its registers
    Errors      none: a word too many overwrites another
    """

    def __init__(self, *, places: int, width: int):
        self.places, self.width = places, width
        super().__init__(
            {
                "i": In(stream.Signature(width, always_ready=True)),
                "o": Out(stream.Signature(width)),
                "came": Out(places.bit_length()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        ram = memory.Memory(
            shape=self.width, depth=self.places, init=[], attrs={"ram_style": "block"}
        )
        m.submodules.ram = ram
        write, read = ram.write_port(), ram.read_port()
        m.submodules.pipe = pipe = ReadPipe(depth=self.places, width=self.width)
        into, out = self.came, Signal.like(self.came)
        with m.If(self.i.valid):
            m.d.sync += into.eq(into + 1)
        with m.If(pipe.i.valid & pipe.i.ready):
            m.d.sync += out.eq(out + 1)
        m.d.comb += [
            write.addr.eq(into),
            write.data.eq(self.i.payload),
            write.en.eq(self.i.valid),
            pipe.i.payload.eq(out),
            pipe.i.valid.eq(into != out),
        ]
        connect(m, pipe.port, read)
        connect(m, pipe.o, flipped(self.o))
        return m
