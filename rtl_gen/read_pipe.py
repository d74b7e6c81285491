"""Behind a memory: its own register and its output register, with and without waiting."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Signal, Value, unsigned
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ReadPipe", "read_late", "two_stages"]


def read_late(m: Module, port: wiring.PureInterface, address: Value, name: str) -> Signal:
    """The word at ``address``, READ cycles later, whoever wants it: nothing here is enabled.

    Nothing resets a word: a block RAM's output register knows no reset.
    """
    word = Signal.like(port.data, name=name, reset_less=True)
    m.d.comb += [port.addr.eq(address), port.en.eq(1)]
    m.d.sync += word.eq(port.data)
    return word


def two_stages(
    m: Module,
    i: wiring.PureInterface,
    o: wiring.PureInterface,
    first: Sequence[tuple[Signal, Value]],
    second: Sequence[tuple[Signal, Value]],
) -> None:
    """Valid and ready of words that pass two stages of registers, and what these take then."""
    read, full = Signal(), Signal()
    # A stage moves on when it or any stage after it is empty, or the last beat is taken.
    on = Signal()
    m.d.comb += [
        on.eq(o.ready | ~full),
        i.ready.eq(on | ~read),
        o.valid.eq(full),
    ]
    with m.If(i.ready):
        m.d.sync += [read.eq(i.valid), *(register.eq(word) for register, word in first)]
    with m.If(on):
        m.d.sync += [full.eq(read), *(register.eq(word) for register, word in second)]


class ReadPipe(wiring.Component):
    """Reads one word of a memory per cycle into a stream, which may wait.

    Members     i: In(stream of addresses); o: Out(stream of u<width>)
                port: the memory's synchronous read port, wired by the parent
    Latency     READ cycles from i's transfer to o.valid, unstalled
    Throughput  one word per cycle
    Path        i.ready is o.ready or one gate on the stages' valid bits
    Resources   per stage ``width`` flip-flops; no LUTs
    Errors      none at run time
    Source      block RAM without its output register is too slow to feed arithmetic (design.md);
                nothing stands between the RAM and the second stage: a board may put it inside
    """

    def __init__(self, *, depth: int, width: int):
        self.width = width
        bits = (max(depth, 2) - 1).bit_length()
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(bits))),
                "o": Out(stream.Signature(unsigned(width))),
                "port": In(memory.ReadPort.Signature(addr_width=bits, shape=unsigned(width))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        # Nothing resets a word: a block RAM's output register knows no reset.
        word = Signal(self.width, reset_less=True)
        two_stages(m, self.i, self.o, [], [(word, self.port.data)])
        m.d.comb += [
            self.port.addr.eq(self.i.payload),
            # Where there is no request a word is read all the same: one gate less to every RAM.
            self.port.en.eq(self.i.ready),
            self.o.payload.eq(word),
        ]
        return m
