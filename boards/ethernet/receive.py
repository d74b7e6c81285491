"""Frames from the PHY: checked, taken apart, and their payloads written where they are told to."""

from __future__ import annotations

from collections.abc import Mapping

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from boards.ethernet.datagrams import HEADER, PAYLOAD
from boards.ethernet.frames import (
    BROADCAST,
    CRC_BYTES,
    IP_AT,
    PAYLOAD_AT,
    PREAMBLE,
    UDP_AT,
    Address,
    arp_request,
    datagram,
    fixed,
)

__all__ = ["RECEIVED", "FrameReceiver"]

RECEIVED = data.StructLayout(
    {"mac": 48, "ip": 32, "port": 16, "length": 11, "flags": 8, "number": 16}
)
UDP_HEADER = 8
BEFORE = UDP_HEADER + HEADER.size  # what UDP's length counts before the payload
SETTLED = 4  # cycles after a frame's end its last byte is judged


class FrameReceiver(wiring.Component):
    """Requests of ARP for our address, and datagrams of UDP to it; everything else is dropped.

    Members     valid: In(1), data: In(8), as the PHY gives them
                write: Out(1), byte: Out(8), at: Out(range(PAYLOAD)), of a payload, which is not
                judged yet
                arp, udp: Out(1), high for one cycle when a frame was whole and right
                o: Out(RECEIVED), whose it was and what its headers say; addresses with their first
                byte highest; of ARP, mac and ip are those of who asks
    Order       as received; the next frame's payload may begin eight cycles after ``udp``
    Latency     SETTLED + 1 cycles from the first one without ``valid``
    Throughput  one byte per cycle
    Errors      what is damaged, cut, longer than its datagram may be, or of another kind is dropped
    """

    def __init__(self, address: Address):
        self.address = address
        super().__init__(
            {
                "valid": In(1),
                "data": In(8),
                "write": Out(1),
                "byte": Out(8),
                "at": Out(range(PAYLOAD)),
                "arp": Out(1),
                "udp": Out(1),
                "o": Out(RECEIVED),
            }
        )

    def elaborate(self, platform):
        m = Module()
        o, address = self.o, self.address

        # A frame's bytes, each with its place; all behind the headers have the same.
        inside, first = Signal(), Signal()
        place = Signal(range(PAYLOAD_AT + 1))
        byte, there, now = Signal(8), Signal(), Signal(range(PAYLOAD_AT + 1))
        m.d.comb += first.eq(0)
        with m.FSM():
            with m.State("QUIET"), m.If(self.valid):
                with m.If(self.data == PREAMBLE[-1]):
                    m.d.comb += first.eq(1)
                    m.next = "FRAME"
                with m.Elif(self.data != PREAMBLE[0]):
                    m.next = "NOISE"
            with m.State("FRAME"):
                m.d.comb += inside.eq(self.valid)
                with m.If(~self.valid):
                    m.next = "QUIET"
            with m.State("NOISE"), m.If(~self.valid):
                m.next = "QUIET"
        ended = Signal(SETTLED)
        was_inside = Signal()
        m.d.sync += [
            was_inside.eq(inside),
            ended.eq(Cat(was_inside & ~inside, ended)),
            byte.eq(self.data),
            there.eq(inside),
            now.eq(place),
        ]
        with m.If(first):
            m.d.sync += place.eq(0)
        with m.Elif(inside & (place != PAYLOAD_AT)):
            m.d.sync += place.eq(place + 1)

        m.submodules.crc = crc = CRC32_ISO_HDLC().create()
        whole = Signal()
        m.d.comb += [crc.start.eq(first), crc.data.eq(byte), crc.valid.eq(there)]
        m.d.sync += whole.eq(crc.match_detected)

        # What the bytes must be, and the fields among them.
        to_us = self.matches(m, first, place, byte, there, fixed(0, address.mac))
        to_all = self.matches(m, first, place, byte, there, fixed(0, BROADCAST))
        is_arp = self.matches(m, first, place, byte, there, arp_request(address))
        is_udp = self.matches(m, first, place, byte, there, datagram(address))
        length = Signal(16)
        self.take(m, place, byte, there, {6: o.mac}, 6)
        # ARP has its sender's address where IP has, at its end, the sender's and ours.
        arp_ip, udp_ip = Signal(32), Signal(32)
        self.take(m, place, byte, there, {28: arp_ip, IP_AT + 12: udp_ip}, 4)
        self.take(m, place, byte, there, {UDP_AT: o.port, UDP_AT + 4: length}, 2)
        self.take(m, place, byte, there, {PAYLOAD_AT - 5: o.flags}, 1)
        number = Signal(16)
        self.take(m, place, byte, there, {PAYLOAD_AT - 4: number}, 2)
        ours = self.header_sum(m, first, now, byte, there)

        # The payload, and the frame's own CRC behind it.
        count = Signal(range(2 * PAYLOAD))
        behind = now == PAYLOAD_AT
        m.d.comb += [
            self.write.eq(there & behind & (count < PAYLOAD)),
            self.byte.eq(byte),
            self.at.eq(count),
        ]
        with m.If(first):
            m.d.sync += count.eq(0)
        with m.Elif(there & behind & ~count.all()):
            m.d.sync += count.eq(count + 1)
        fits, all_here = Signal(), Signal()
        m.d.sync += [
            o.length.eq(length - BEFORE),
            fits.eq((length >= BEFORE) & (length <= BEFORE + PAYLOAD)),
            all_here.eq(count >= o.length + CRC_BYTES),
            o.ip.eq(Mux(is_arp, arp_ip, udp_ip)),
            o.number.eq(Cat(number[8:], number[:8])),
            self.arp.eq(ended[-1] & whole & is_arp & (to_us | to_all)),
            self.udp.eq(ended[-1] & whole & is_udp & to_us & ours & fits & all_here),
        ]
        return m

    def matches(
        self, m: Module, first, place, byte, there, wanted: Mapping[int, tuple[int, int]]
    ) -> Signal:
        """Whether all bytes so far are what they must be: (value, mask) by their place."""
        value, mask, fits = Signal(8), Signal(8), Signal()
        m.d.sync += mask.eq(0)
        with m.Switch(place):
            for at, (must, bits) in wanted.items():
                with m.Case(at):
                    m.d.sync += [value.eq(must), mask.eq(bits)]
        with m.If(first):
            m.d.sync += fits.eq(1)
        with m.Elif(there & ((byte ^ value) & mask).any()):
            m.d.sync += fits.eq(0)
        return fits

    def take(self, m: Module, place, byte, there, fields: Mapping[int, Signal], size: int) -> None:
        """Shift bytes into fields of ``size`` bytes, by where they begin."""
        for at, field in fields.items():
            taking = Signal()
            m.d.sync += taking.eq((place >= at) & (place < at + size))
            with m.If(there & taking):
                m.d.sync += field.eq(Cat(byte, field)[: len(field)])

    def header_sum(self, m: Module, first, now, byte, there) -> Signal:
        """Whether IP's header has the sum that it must have."""
        high, total, carry = Signal(8), Signal(16), Signal()
        odd, in_header = now[0], (now >= IP_AT) & (now < UDP_AT)
        with m.If(first):
            m.d.sync += [total.eq(0), carry.eq(0)]
        with m.Elif(there & in_header & odd):
            m.d.sync += Cat(total, carry).eq(total + Cat(byte, high) + carry)
        m.d.sync += high.eq(byte)
        right = Signal()
        m.d.sync += right.eq(Mux(carry, total == 0xFFFE, total.all()))
        return right
