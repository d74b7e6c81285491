"""Elastic stages behind a memory: the RAM's own register, its output register, a mask."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ReadPipe"]


class ReadPipe(wiring.Component):
    """Reads one word of each of ``ways`` ports of a memory per cycle into a stream.

    Members     i: In(stream of {address, blank: ways of each}); o: Out(stream of ways x u<width>)
                port_<n>: the memory's synchronous read ports, wired by the parent
    Units       blank 1 gives the word 0 instead of what the memory holds, if ``masked``
    Latency     2 cycles from i's transfer to o.valid, unstalled; 3 if masked
    Throughput  one word per way and cycle
    Path        i.ready is o.ready or one gate on the stages' valid bits
    Resources   per stage ways x width flip-flops; no LUTs: the mask is a synchronous reset
    Errors      none at run time
    Source      block RAM without its output register is too slow to feed arithmetic (design.md);
                nothing stands between the RAM and the second stage: a board may put it inside
    """

    def __init__(self, *, depth: int, width: int, ways: int = 1, masked: bool = False):
        self.width, self.ways, self.masked = width, ways, masked
        address_bits = (max(depth, 2) - 1).bit_length()
        request = data.StructLayout(
            {"address": data.ArrayLayout(unsigned(address_bits), ways), "blank": unsigned(ways)}
        )
        port = memory.ReadPort.Signature(addr_width=address_bits, shape=unsigned(width))
        super().__init__(
            {
                "i": In(stream.Signature(request)),
                "o": Out(stream.Signature(data.ArrayLayout(unsigned(width), ways))),
                **{f"port_{way}": In(port) for way in range(ways)},
            }
        )

    def elaborate(self, platform):
        m = Module()
        ports = [getattr(self, f"port_{way}") for way in range(self.ways)]
        stages = 3 if self.masked else 2
        held = [Signal(name=f"held_{n}") for n in range(stages)]
        # A stage moves on when any stage after it is empty, or the last beat is taken.
        enable: list[Signal] = []
        free = self.o.ready
        for n in reversed(range(stages)):
            enable.insert(0, Signal(name=f"enable_{n}"))
            m.d.comb += enable[0].eq(free | ~Cat(held[n:]).all())

        m.d.comb += [self.i.ready.eq(enable[0]), self.o.valid.eq(held[-1])]
        for way, port in enumerate(ports):
            m.d.comb += [
                port.addr.eq(self.i.p.address[way]),
                port.en.eq(enable[0] & self.i.valid),
            ]
        for n, before in enumerate([self.i.valid, *held[:-1]]):
            with m.If(enable[n]):
                m.d.sync += held[n].eq(before)

        # Nothing resets a word: a block RAM's output register knows no reset.
        words = [
            Signal(self.width, name=f"word_{way}", reset_less=True) for way in range(self.ways)
        ]
        with m.If(enable[1]):
            m.d.sync += [word.eq(port.data) for word, port in zip(words, ports, strict=True)]
        if not self.masked:
            m.d.comb += self.o.payload.eq(Cat(words))
            return m
        blank = [Signal(self.ways, name=f"blank_{n}") for n in range(2)]
        with m.If(enable[0]):
            m.d.sync += blank[0].eq(self.i.p.blank)
        with m.If(enable[1]):
            m.d.sync += blank[1].eq(blank[0])
        for way, word in enumerate(words):
            masked = Signal(self.width, name=f"masked_{way}", reset_less=True)
            m.d.comb += self.o.payload[way].eq(masked)
            with m.If(enable[2]):
                m.d.sync += masked.eq(word)
            with m.If(enable[2] & blank[1][way]):
                m.d.sync += masked.eq(0)
        return m
