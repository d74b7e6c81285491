"""From packets to the pins."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.crc.catalog import CRC16_USB
from amaranth.lib.wiring import In, Out

from boards.usb.packets import PACKET, SAMPLES
from boards.usb.receive import STUFF

__all__ = ["PacketSender"]

SYNC = 0x80


class PacketSender(wiring.Component):
    """Sends one packet: SYNC, PID, data with their CRC, the end.

    Members     start: In(1), while not busy; what follows holds until it is not busy any more
                pid: In(4); has_data: In(1); length: In(range(PACKET + 1)), bytes of data
                at: Out(range(PACKET)), the byte that is wanted next, byte: In(8), a few cycles
                later
                d_p, d_n, oe: Out(1)
                busy: Out(1), from the cycle behind start until the pins are let go
    Latency     the pins change two cycles behind start
    Source      USB 2.0, 7.1.7 to 7.1.9, 8.3
    """

    def __init__(self):
        super().__init__(
            {
                "start": In(1),
                "pid": In(4),
                "has_data": In(1),
                "length": In(range(PACKET + 1)),
                "at": Out(range(PACKET)),
                "byte": In(8),
                "d_p": Out(1, init=1),
                "d_n": Out(1),
                "oe": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.crc = crc = CRC16_USB().create()
        word, place, ones = Signal(8), Signal(3), Signal(range(STUFF + 1))
        sent = Signal(range(PACKET + 1))  # bytes of data that word has had
        phase, stuffs, bit, loads = Signal(range(SAMPLES)), Signal(), Signal(), Signal()
        goes = phase == 0
        m.d.comb += [
            stuffs.eq(ones == STUFF),
            bit.eq(word[0] & ~stuffs),
            self.at.eq(sent),
            crc.data.eq(self.byte),
        ]

        def send_bit() -> None:
            m.d.sync += [self.oe.eq(1), ones.eq(Mux(bit, ones + 1, 0))]
            m.d.sync += [self.d_p.eq(self.d_p ^ ~bit), self.d_n.eq(self.d_n ^ ~bit)]

        def send_byte(then: str, following) -> None:
            """The byte in ``word``, and behind it ``following``, which is for state ``then``."""
            with m.If(goes):
                send_bit()
                with m.If(~stuffs):
                    m.d.sync += [word.eq(word >> 1), place.eq(place + 1)]
                    with m.If(place == 7):
                        m.d.comb += loads.eq(1)
                        m.d.sync += word.eq(following)
                        m.next = then

        def check() -> None:
            """The CRC behind the last byte of data, and each one into the CRC."""
            with m.If(sent == self.length):
                m.d.sync += word.eq(crc.crc)
                m.next = "CRC"
            with m.Else():
                m.d.comb += crc.valid.eq(1)
                m.d.sync += sent.eq(sent + 1)

        m.d.sync += phase.eq(phase + 1)
        m.d.comb += self.busy.eq(1)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [self.busy.eq(0), crc.start.eq(1)]
                m.d.sync += [word.eq(SYNC), ones.eq(0), place.eq(0), sent.eq(0), phase.eq(0)]
                with m.If(self.start):
                    m.next = "SYNC"
            with m.State("SYNC"):
                send_byte("PID", Cat(self.pid, ~self.pid))
            with m.State("PID"):
                send_byte("DATA", self.byte)
                with m.If(loads & ~self.has_data):
                    m.next = "END"
                with m.Elif(loads):
                    check()
            with m.State("DATA"):
                send_byte("DATA", self.byte)
                with m.If(loads):
                    check()
            with m.State("CRC"):
                send_byte("CRC_HIGH", crc.crc[8:])
            with m.State("CRC_HIGH"):
                send_byte("END", 0)
            with m.State("END"), m.If(goes):
                with m.If(stuffs):
                    send_bit()
                with m.Else():
                    m.d.sync += [self.d_p.eq(0), self.d_n.eq(0)]
                    m.next = "SE0"
            with m.State("SE0"), m.If(goes):
                m.next = "J"
            with m.State("J"), m.If(goes):
                m.d.sync += self.d_p.eq(1)
                m.next = "RELEASE"
            with m.State("RELEASE"), m.If(goes):
                m.d.sync += self.oe.eq(0)
                m.next = "IDLE"
        return m
