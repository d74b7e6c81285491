"""From the pins to packets: clock recovery, NRZI, stuffed bits, checks."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.crc.catalog import CRC5_USB, CRC16_USB
from amaranth.lib.wiring import In, Out

from boards.usb.packets import PACKET, SAMPLES, Pid

__all__ = ["RESET_SAMPLES", "BitReceiver", "PacketReceiver"]

STUFF = 6  # ones, behind which comes a zero that means nothing
RESET_SAMPLES = 144  # of SE0, 3 us: a reset is 2.5 us at least, and a packet's end never so long
CRC_BYTES = 2


class BitReceiver(wiring.Component):
    """Bytes from the pins.

    Members     d_p, d_n: In(1), in step with the clock
                deaf: In(1), we send
                o_valid: Out(1), for one cycle, o: Out(8), a byte of the packet
                begun, ended: Out(1), for one cycle: SYNC has come; the packet's end has
                broken: Out(1), since begun, a stuffed bit was none
                reset: Out(1), the host resets the bus
    Clock       SAMPLES in each bit. A bit is looked at in the second cycle behind an edge, between
                a quarter and a half of it, by when both pins have changed
    Latency     ended, a bit and a cycle behind the end of SE0 at most
    Source      USB 2.0, 7.1.7 to 7.1.10 and 7.1.13
    """

    def __init__(self):
        super().__init__(
            {
                "d_p": In(1),
                "d_n": In(1),
                "deaf": In(1),
                "o_valid": Out(1),
                "o": Out(8),
                "begun": Out(1),
                "ended": Out(1),
                "broken": Out(1),
                "reset": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        pins, was = Cat(self.d_n, self.d_p), Signal(2, init=2)
        phase, looks = Signal(range(SAMPLES)), Signal()
        changes = pins != was
        m.d.comb += looks.eq(~changes & (phase == 1))
        m.d.sync += [was.eq(pins), phase.eq(Mux(changes, 1, phase + 1))]

        single_ended_0 = pins == 0
        low_for = Signal(range(RESET_SAMPLES + 1))
        m.d.comb += self.reset.eq(low_for == RESET_SAMPLES)
        with m.If(~single_ended_0):
            m.d.sync += low_for.eq(0)
        with m.Elif(~self.reset):
            m.d.sync += low_for.eq(low_for + 1)

        level, bit = Signal(init=1), Signal()
        before = Signal(3, init=7)  # bits, while no packet comes
        ones, place = Signal(range(STUFF + 1)), Signal(3)
        m.d.comb += bit.eq(self.d_p == level)
        m.d.sync += [self.o_valid.eq(0), self.begun.eq(0), self.ended.eq(0)]
        with m.If(looks):
            m.d.sync += level.eq(self.d_p)
        with m.FSM():
            with m.State("IDLE"), m.If(looks):
                m.d.sync += [before.eq(Cat(bit, before)), ones.eq(1), place.eq(0)]
                with m.If((before == 0) & bit & ~self.deaf):
                    m.d.sync += [self.begun.eq(1), self.broken.eq(0)]
                    m.next = "PACKET"
            with m.State("PACKET"), m.If(looks):
                with m.If(single_ended_0):
                    m.next = "END"
                with m.Elif(ones == STUFF):
                    m.d.sync += ones.eq(0)
                    with m.If(bit):
                        m.d.sync += self.broken.eq(1)
                        m.next = "BROKEN"
                with m.Else():
                    m.d.sync += [
                        ones.eq(Mux(bit, ones + 1, 0)),
                        self.o.eq(Cat(self.o[1:], bit)),
                        place.eq(place + 1),
                        self.o_valid.eq(place == 7),
                    ]
            with m.State("BROKEN"), m.If(looks):  # until its end, or the bus is idle
                m.d.sync += ones.eq(Mux(bit, ones + 1, 0))
                with m.If(single_ended_0):
                    m.next = "END"
                with m.Elif(bit & (ones == STUFF)):
                    m.d.sync += [self.ended.eq(1), before.eq(7)]
                    m.next = "IDLE"
            with m.State("END"), m.If(looks & ~single_ended_0):
                m.d.sync += [self.ended.eq(1), before.eq(7)]
                m.next = "IDLE"
        return m


class PacketReceiver(wiring.Component):
    """Whole packets from bytes; what is damaged is left out.

    Members     i_valid, i, begun, ended, broken: In, as BitReceiver has them
                byte: Out(8), at: Out(range(PACKET)), write: Out(1): a byte behind the packet's
                first; those of data come before anybody knows whether they are right, with their
                CRC behind them where there is a place
                pid: Out(4), length: Out(range(PACKET + 1)), bytes of data
                address: Out(7), endpoint: Out(4)
                token, data, ack: Out(1), for one cycle: a packet that was right has ended
                over: Out(1), for one cycle: any has
    Source      USB 2.0, 8.3 and 8.4
    """

    def __init__(self):
        super().__init__(
            {
                "i_valid": In(1),
                "i": In(8),
                "begun": In(1),
                "ended": In(1),
                "broken": In(1),
                "byte": Out(8),
                "at": Out(range(PACKET)),
                "write": Out(1),
                "pid": Out(4),
                "length": Out(range(PACKET + 1)),
                "address": Out(7),
                "endpoint": Out(4),
                "token": Out(1),
                "data": Out(1),
                "ack": Out(1),
                "over": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.crc5 = crc5 = CRC5_USB().create()
        m.submodules.crc16 = crc16 = CRC16_USB().create()
        come = Signal(range(PACKET + CRC_BYTES + 2))  # bytes behind the first
        named = Signal()  # the first one has come
        right, field = Signal(), Signal(16)
        m.d.comb += [
            self.byte.eq(self.i),
            self.at.eq(come),
            self.write.eq(self.i_valid & named & (come < PACKET)),
            self.length.eq(come - CRC_BYTES),
            Cat(self.address, self.endpoint).eq(field),
            self.over.eq(self.ended),
        ]
        for crc in (crc5, crc16):
            m.d.comb += [crc.data.eq(self.i), crc.valid.eq(self.i_valid & named)]
            m.d.comb += crc.start.eq(self.begun)
        with m.If(self.begun):
            m.d.sync += [come.eq(0), named.eq(0), right.eq(0)]
        with m.Elif(self.i_valid & ~named):
            m.d.sync += [named.eq(1), self.pid.eq(self.i), right.eq(self.i[:4] == ~self.i[4:])]
        with m.Elif(self.i_valid):
            m.d.sync += field.eq(Cat(field[8:], self.i))
            with m.If(come <= PACKET + CRC_BYTES):
                m.d.sync += come.eq(come + 1)
        whole = self.ended & right & ~self.broken
        sized = (come >= CRC_BYTES) & (come <= PACKET + CRC_BYTES)
        kind = self.pid[:2]
        m.d.comb += [
            self.token.eq(whole & (kind == Pid.IN & 3) & (come == 2) & crc5.match_detected),
            self.data.eq(whole & (kind == Pid.DATA0 & 3) & sized & crc16.match_detected),
            self.ack.eq(whole & (self.pid == Pid.ACK) & (come == 0)),
        ]
        return m
