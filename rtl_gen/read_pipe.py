"""Two elastic stages behind a memory's read port: the RAM's own register, then another."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ReadPipe"]


class ReadPipe(wiring.Component):
    """Reads one word of a memory per cycle into a stream.

    Members     i: In(stream of {address, blank}); o: Out(stream of u<width>)
                port: the memory's synchronous read port, wired by the parent
    Units       blank 1 gives the word 0 instead of what the memory holds
    Latency     2 cycles from i's transfer to o.valid, unstalled
    Throughput  one word per cycle
    Path        block RAM to register; no logic behind the RAM but the blank mask
    Errors      none at run time
    Source      block RAM without its output register is too slow to feed arithmetic (design.md)
    """

    def __init__(self, *, depth: int, width: int):
        self.width = width
        address = range(max(depth, 2))
        super().__init__(
            {
                "i": In(
                    stream.Signature(
                        data.StructLayout(
                            {"address": unsigned((address.stop - 1).bit_length()), "blank": 1}
                        )
                    )
                ),
                "o": Out(stream.Signature(unsigned(width))),
                "port": In(
                    memory.ReadPort.Signature(
                        addr_width=(address.stop - 1).bit_length(), shape=unsigned(width)
                    )
                ),
            }
        )

    def elaborate(self, platform):
        m = Module()
        held, blank = Signal(), Signal()  # the RAM's register holds a word; it shall read 0
        move, step = Signal(), Signal()
        m.d.comb += [
            move.eq(held & (~self.o.valid | self.o.ready)),
            self.i.ready.eq(~held | move),
            step.eq(self.i.valid & self.i.ready),
            self.port.addr.eq(self.i.p.address),
            self.port.en.eq(step),
        ]
        with m.If(move):
            m.d.sync += [
                self.o.payload.eq(Mux(blank, 0, self.port.data)),
                self.o.valid.eq(1),
                held.eq(0),
            ]
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(step):
            m.d.sync += [held.eq(1), blank.eq(self.i.p.blank)]
        return m
