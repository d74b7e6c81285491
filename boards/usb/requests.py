"""Control requests: what of them is answered, and with which bytes."""

from __future__ import annotations

from enum import IntEnum

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from boards.usb import descriptors
from boards.usb.packets import PACKET

__all__ = ["SETUP", "ControlRequests", "Effect"]

SETUP = data.StructLayout({"kind": 8, "request": 8, "value": 16, "index": 16, "length": 16})
ANY = "-" * 16
GET_CONFIGURATION = 8


class Effect(IntEnum):
    """What a request does when it is through."""

    NOTHING = 0
    ADDRESS = 1
    CONFIGURATION = 2
    CLEAR_HALT = 3
    LINES = 4


# bmRequestType, bRequest, wValue -> what is read, if anything, and what is done.
Request = tuple[int, int, int | None, bytes | None, Effect]
DEVICE, INTERFACE, ENDPOINT, CLASS, READS = 0x00, 0x01, 0x02, 0x21, 0x80


def known() -> list[Request]:
    """The requests that are answered; all others are refused."""
    nothing, one = Effect.NOTHING, bytes([descriptors.CONFIGURATION])
    found: list[Request] = [
        (READS | DEVICE, 6, 0x0100, descriptors.device(), nothing),
        (READS | DEVICE, 6, 0x0200, descriptors.configuration(), nothing),
        *((READS | DEVICE, 6, 0x0300 + number, text, nothing)
          for number, text in enumerate(descriptors.strings())),
        *((READS | whose, 0, None, bytes(2), nothing) for whose in (DEVICE, INTERFACE, ENDPOINT)),
        (READS | DEVICE, GET_CONFIGURATION, None, one, nothing),
        (READS | INTERFACE, 10, None, bytes(1), nothing),
        (READS | CLASS, 0x21, None, descriptors.LINE_CODING, nothing),
        (DEVICE, 5, None, None, Effect.ADDRESS),
        (DEVICE, 9, 0, None, Effect.CONFIGURATION),
        (DEVICE, 9, descriptors.CONFIGURATION, None, Effect.CONFIGURATION),
        (ENDPOINT, 1, 0, None, Effect.CLEAR_HALT),
        (CLASS, 0x20, None, None, nothing),
        (CLASS, 0x22, None, None, Effect.LINES),
    ]  # fmt: skip
    return found


class ControlRequests(wiring.Component):
    """What endpoint 0 answers.

    Members     setup: In(SETUP), set: In(1), for one cycle: it is a new one
                configured: In(1)
                refused: Out(1); reads: Out(1), data come from here; effect: Out(Effect)
                length: Out(range(PACKET + 1)), of the next packet of data
                at: In(range(PACKET)), byte: Out(8), two cycles later, of that packet
                taken: In(1), for one cycle: the host has that packet
    Source      USB 2.0, 9.4; CDC PSTN 1.2, 6.3
    """

    def __init__(self):
        super().__init__(
            {
                "setup": In(SETUP),
                "set": In(1),
                "configured": In(1),
                "refused": Out(1),
                "reads": Out(1),
                "effect": Out(Effect),
                "length": Out(range(PACKET + 1)),
                "at": In(range(PACKET)),
                "byte": Out(8),
                "taken": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        texts = b"".join(dict.fromkeys(text for *_, text, _ in known() if text))
        m.submodules.texts = rom = memory.Memory(shape=8, depth=256, init=texts)
        read = rom.read_port()
        begin, size = Signal(8), Signal(8)  # of the request's text
        place, left, due = Signal(8), Signal(8), Signal()
        m.d.sync += [self.refused.eq(1), self.effect.eq(0), begin.eq(0), size.eq(0)]
        asked = self.setup.as_value()[:32]
        with m.Switch(asked):
            for kind, request, value, text, effect in known():
                wanted = ANY if value is None else f"{value:016b}"
                with m.Case(f"{wanted}{request:08b}{kind:08b}"):
                    m.d.sync += [self.refused.eq(0), self.effect.eq(effect)]
                    if text:
                        m.d.sync += [begin.eq(texts.index(text)), size.eq(len(text))]
        with m.If((self.setup.request == GET_CONFIGURATION) & ~self.configured):
            m.d.sync += begin.eq(texts.index(bytes(1)))
        few = self.setup.length < size
        m.d.sync += due.eq(self.set)
        with m.If(due):
            m.d.sync += [place.eq(begin), left.eq(Mux(few, self.setup.length, size))]
        with m.Elif(self.taken):
            m.d.sync += [place.eq(place + self.length), left.eq(left - self.length)]
        m.d.comb += [
            self.reads.eq(self.setup.kind[7]),
            self.length.eq(Mux(left > PACKET, PACKET, left)),
            read.addr.eq(place + self.at),
            self.byte.eq(read.data),
        ]
        return m
