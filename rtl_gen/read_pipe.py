"""Elastic stages behind a memory: the RAM's own register and its output register."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ReadPipe"]


class ReadPipe(wiring.Component):
    """Reads one word of each of ``ways`` ports of a memory per cycle into a stream.

    Members     i: In(stream of {address: ways, marks if there are any})
                o: Out(stream of {words: ways x u<width>, marks if there are any})
                port_<n>: the memory's synchronous read ports, wired by the parent
    Units       ``marks`` bits that come with the addresses leave with their words
    Latency     2 cycles from i's transfer to o.valid, unstalled
    Throughput  one word per way and cycle
    Path        i.ready is o.ready or one gate on the stages' valid bits
    Resources   per stage ways x width flip-flops; no LUTs
    Errors      none at run time
    Source      block RAM without its output register is too slow to feed arithmetic (design.md);
                nothing stands between the RAM and the second stage: a board may put it inside
    """

    def __init__(self, *, depth: int, width: int, ways: int = 1, marks: int = 0):
        self.width, self.ways, self.marks = width, ways, marks
        address_bits = (max(depth, 2) - 1).bit_length()
        port = memory.ReadPort.Signature(addr_width=address_bits, shape=unsigned(width))

        def beats(name: str, bits: int) -> stream.Signature:
            fields = {name: data.ArrayLayout(unsigned(bits), ways)}
            if marks:  # never of no bits: Verilog would read [-1:0]
                fields["marks"] = unsigned(marks)
            return stream.Signature(data.StructLayout(fields))

        super().__init__(
            {
                "i": In(beats("address", address_bits)),
                "o": Out(beats("words", width)),
                **{f"port_{way}": In(port) for way in range(ways)},
            }
        )

    def elaborate(self, platform):
        m = Module()
        ports = [getattr(self, f"port_{way}") for way in range(self.ways)]
        held = [Signal(name=f"held_{n}") for n in range(2)]
        # A stage moves on when any stage after it is empty, or the last beat is taken.
        enable = [self.o.ready | ~Cat(held[n:]).all() for n in range(2)]

        m.d.comb += [self.i.ready.eq(enable[0]), self.o.valid.eq(held[-1])]
        for way, port in enumerate(ports):
            # Where there is no request a word is read all the same: one gate less to every RAM.
            m.d.comb += [port.addr.eq(self.i.p.address[way]), port.en.eq(enable[0])]
        # Nothing resets a word: a block RAM's output register knows no reset.
        words = [
            Signal(self.width, name=f"word_{way}", reset_less=True) for way in range(self.ways)
        ]
        with m.If(enable[0]):
            m.d.sync += held[0].eq(self.i.valid)
        with m.If(enable[1]):
            m.d.sync += held[1].eq(held[0])
            m.d.sync += [word.eq(port.data) for word, port in zip(words, ports, strict=True)]
        m.d.comb += self.o.p.words.eq(Cat(words))
        if self.marks:
            marks = [Signal(self.marks, name=f"marks_{n}") for n in range(2)]
            for n, before in enumerate((self.i.p.marks, marks[0])):
                with m.If(enable[n]):
                    m.d.sync += marks[n].eq(before)
            m.d.comb += self.o.p.marks.eq(marks[1])
        return m
