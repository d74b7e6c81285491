"""What the packet layer wants of a link: bytes each way, and where a request may begin."""

from __future__ import annotations

from typing import ClassVar

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out, Signature

__all__ = ["BYTES", "ByteLink"]

BYTES = {
    "o": Out(stream.Signature(8)),
    "fresh": Out(1),
    "broken": Out(1),
    "i": In(stream.Signature(8)),
    "last": In(1),
}


class ByteLink(wiring.Component):
    """A link's end on the board; a subclass adds its pins, which become the shell's.

    Members     o: Out(stream of u8), bytes from the host
                fresh: Out(1), the next byte is a request's first, whatever came before: then none
                is taken for a part of the request before
                broken: Out(1), high for one cycle when a byte was damaged
                i: In(stream of u8), bytes of replies; last: In(1), it is a reply's last
    """

    patient: ClassVar[bool] = False  # bytes wait until they are taken, and so does the host
    pins: ClassVar[dict[str, wiring.Member]] = {}

    def __init__(self):
        super().__init__(Signature(BYTES | self.pins))

    def offer(
        self, m: Module, read: memory.ReadPort, slot: Signal, at: Signal
    ) -> tuple[Signal, Value]:
        """Give bytes of a memory, which a register brings from its many blocks to ``o``.

        Returns whether a byte has been read, which the caller says where it has asked for one, and
        whether the next may be asked for: that of ``at`` in ``slot``.
        """
        was_read = Signal()
        leave = ~self.o.valid | self.o.ready
        advance = ~was_read | leave
        m.d.comb += [read.addr.eq(Cat(at, slot)), read.en.eq(advance)]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += self.fresh.eq(0)
        with m.If(leave):
            m.d.sync += [self.o.valid.eq(was_read), self.o.payload.eq(read.data)]
        with m.If(advance):
            m.d.sync += was_read.eq(0)
        return was_read, advance
