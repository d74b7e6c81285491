"""Frames to the PHY: replies, credit, and answers to ARP."""

from __future__ import annotations

from amaranth.hdl import Array, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from boards.ethernet.datagrams import HEADER, MAGIC, PAYLOAD, VERSION
from boards.ethernet.frames import (
    ARP_BYTES,
    CRC_BYTES,
    GAP,
    MINIMUM,
    PAYLOAD_AT,
    PREAMBLE,
    Address,
)
from boards.ethernet.window import PEER

__all__ = ["REPLY_PIECE", "FrameSender"]

REPLY_PIECE = data.StructLayout({"length": range(PAYLOAD + 1), "flags": 8})
IP_HEADER, UDP_HEADER = 20, 8
SETTLED = 8  # cycles that a sum of IP's header takes


class FrameSender(wiring.Component):
    """Sends a frame at a time: an answer to ARP first, then a piece of a reply, then credit.

    Members     arp: In(1), somebody asks for our address, whose ``asker`` this is: In(PEER)
                arp_sent: Out(1), high for one cycle when the answer begins
                i: In(stream of REPLY_PIECE), taken when its last byte was read
                at: Out(range(PAYLOAD)), of the piece's payload, and a cycle later byte: In(8)
                tell: In(1), credit is due; limit: In(16); told: Out(1), high for one cycle when it
                goes, as it does with each piece
                peer: In(PEER), to whom pieces and credit go
                valid: Out(1), data: Out(8), to the PHY
    Latency     SETTLED + 5 cycles to the preamble
    Throughput  one byte per cycle; frames have their gap of 12 bytes and a few cycles
    Errors      none
    """

    def __init__(self, address: Address):
        self.address = address
        super().__init__(
            {
                "arp": In(1),
                "asker": In(PEER),
                "arp_sent": Out(1),
                "i": In(stream.Signature(REPLY_PIECE)),
                "at": Out(range(PAYLOAD)),
                "byte": In(8),
                "tell": In(1),
                "limit": In(16),
                "told": Out(1),
                "peer": In(PEER),
                "valid": Out(1),
                "data": Out(8),
            }
        )

    def elaborate(self, platform):
        m = Module()
        to = Signal(PEER)
        is_arp, is_piece = Signal(), Signal()
        length, flags, number, limit = Signal(11), Signal(8), Signal(16), Signal(16)
        total, sum_ = Signal(16), Signal(20)  # IP's length, and the sum of its header
        step = Signal(range(SETTLED))
        place = Signal(range(64))
        left = Signal(range(PAYLOAD + 1))
        quiet, asked = Signal(range(GAP + 8)), Signal()
        m.d.sync += asked.eq(self.arp | self.i.valid | self.tell)

        # What a byte of a frame is, three cycles before it is sent.
        header, payload, in_frame, in_crc, out = (Signal() for _ in range(5))
        with m.FSM():
            with m.State("IDLE"):
                with m.If(quiet != 0):
                    m.d.sync += quiet.eq(quiet - 1)
                with m.Elif(asked):
                    m.next = "CHOOSE"
            with m.State("CHOOSE"):
                piece = ~self.arp & self.i.valid
                m.d.sync += [
                    is_arp.eq(self.arp),
                    is_piece.eq(piece),
                    to.eq(Mux(self.arp, self.asker, self.peer)),
                    length.eq(Mux(piece, self.i.p.length, 0)),
                    flags.eq(Mux(piece, self.i.p.flags, 0)),
                    limit.eq(self.limit),
                    step.eq(0),
                    sum_.eq(self.constant_sum()),
                ]
                m.d.comb += [self.arp_sent.eq(self.arp), self.told.eq(~self.arp)]
                m.next = "SUM"
            with m.State("SUM"):
                m.d.sync += step.eq(step + 1)
                m.d.sync += total.eq(length + IP_HEADER + UDP_HEADER + HEADER.size)
                with m.Switch(step):
                    with m.Case(1):
                        m.d.sync += sum_.eq(sum_ + total)
                    with m.Case(2):
                        m.d.sync += sum_.eq(sum_ + to.ip[16:])
                    with m.Case(3):
                        m.d.sync += sum_.eq(sum_ + to.ip[:16])
                    with m.Case(4, 5):
                        m.d.sync += sum_.eq(sum_[:16] + sum_[16:])
                m.d.sync += [place.eq(0), left.eq(length)]
                with m.If(step == SETTLED - 1):
                    m.next = "PREAMBLE"
            with m.State("PREAMBLE"):
                m.d.comb += out.eq(1)
                m.d.sync += place.eq(Mux(place == len(PREAMBLE) - 1, 0, place + 1))
                with m.If(place == len(PREAMBLE) - 1):
                    m.next = "HEADER"
            with m.State("HEADER"):
                m.d.comb += [header.eq(1), in_frame.eq(1)]
                m.d.sync += place.eq(place + 1)
                with m.If(place == Mux(is_arp, ARP_BYTES, PAYLOAD_AT) - 1):
                    m.next = "PAYLOAD"
            with m.State("PAYLOAD"):
                m.d.comb += [payload.eq(1), in_frame.eq(left != 0)]
                with m.If(left != 0):
                    m.d.sync += [left.eq(left - 1), self.at.eq(self.at + 1)]
                    m.d.sync += place.eq(Mux(place == 63, 63, place + 1))
                with m.Elif(place < MINIMUM):
                    m.d.comb += [payload.eq(0), in_frame.eq(1)]
                    m.d.sync += place.eq(place + 1)
                with m.Else():
                    m.d.comb += self.i.ready.eq(is_piece)
                    m.d.comb += [in_crc.eq(1)]
                    m.d.sync += [number.eq(number + is_piece), self.at.eq(0), step.eq(0)]
                    m.next = "CRC"
            with m.State("CRC"):
                m.d.comb += in_crc.eq(1)
                m.d.sync += [step.eq(step + 1), quiet.eq(GAP + 4)]
                with m.If(step == CRC_BYTES - 2):
                    m.next = "IDLE"

        # Registered twice: the header's bytes come from a wide multiplexer.
        fields = self.header(to, flags, number, limit, total, sum_)
        named = Array(Mux(is_arp, arp, udp) for arp, udp in zip(*fields, strict=True))[place]
        m.submodules.crc = crc = CRC32_ISO_HDLC().create()
        late = data.StructLayout({"frame": 1, "crc": 1, "out": 1, "payload": 1, "byte": 8})
        one, two = Signal(late), Signal(late)
        mark = Mux(place == len(PREAMBLE) - 1, PREAMBLE[-1], PREAMBLE[0])
        m.d.sync += [
            one.frame.eq(in_frame),
            one.crc.eq(in_crc),
            one.out.eq(out | in_frame | in_crc),
            one.payload.eq(payload),
            one.byte.eq(Mux(header, named, Mux(out, mark, 0))),
            two.eq(one),
            two.byte.eq(Mux(one.payload, self.byte, one.byte)),
        ]
        m.d.comb += [
            crc.start.eq(two.out & ~two.frame & ~two.crc),
            crc.valid.eq(two.frame),
            crc.data.eq(two.byte),
        ]
        which = Signal(range(CRC_BYTES))
        m.d.sync += which.eq(Mux(two.crc, which + 1, 0))
        m.d.sync += [
            self.valid.eq(two.out),
            self.data.eq(Mux(two.crc, crc.crc.word_select(which, 8), two.byte)),
        ]
        return m

    def constant_sum(self) -> int:
        """Of the words of IP's header that are always the same."""
        ip = self.address.ip
        words = [0x4500, 0x4000, 0x4011, ip[0] << 8 | ip[1], ip[2] << 8 | ip[3]]
        found = sum(words)
        return (found & 0xFFFF) + (found >> 16)

    def header(
        self, to: data.View, flags: Value, number: Value, limit: Value, total: Value, sum_: Value
    ) -> tuple[list[Value], list[Value]]:
        """The bytes of a frame's headers, of an answer to ARP and of a datagram, in order."""
        me = self.address

        def big(value: Value) -> list[Value]:
            return [value[at : at + 8] for at in range(len(value) - 8, -1, -8)]

        def little(value: Value) -> list[Value]:
            return big(value)[::-1]

        def plain(raw: bytes) -> list[Value]:
            return [Const(byte, 8) for byte in raw]

        udp_total = total - IP_HEADER
        ether = [*big(to.mac), *plain(me.mac)]
        arp = [
            *ether, *plain(bytes.fromhex("0806 0001 0800 06 04 0002")),
            *plain(me.mac), *plain(me.ip), *big(to.mac), *big(to.ip),
        ]  # fmt: skip
        udp = [
            *ether, *plain(bytes.fromhex("0800 4500")), *big(total[:16]),
            *plain(bytes.fromhex("0000 4000 40 11")), *big(~sum_[:16]), *plain(me.ip), *big(to.ip),
            *plain(me.port.to_bytes(2, "big")), *big(to.port), *big(udp_total[:16]),
            *plain(bytes(2)),
            *plain(MAGIC + bytes([VERSION])), flags, *little(number), *little(limit),
        ]  # fmt: skip
        assert (len(arp), len(udp)) == (ARP_BYTES, PAYLOAD_AT)
        none = Const(0, 8)
        return [*arp, *[none] * (64 - len(arp))], [*udp, *[none] * (64 - len(udp))]
