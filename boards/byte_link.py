"""What the packet layer wants of a link: bytes each way, and where a request may begin."""

from __future__ import annotations

from typing import ClassVar

from amaranth.lib import stream, wiring
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
