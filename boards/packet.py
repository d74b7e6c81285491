"""The packets of ``boards.protocol`` in hardware: requests taken apart, replies put together."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from boards.protocol import (
    CRC_BYTES,
    HEADER_BYTES,
    NO_NUMBER,
    NUMBER_BYTES,
    REPLY_SYNC,
    REQUEST_SYNC,
    VERSION,
    Request,
    Status,
    payload_bytes,
)
from fq_hw.errors import require

__all__ = ["REPLY", "VERDICT", "ReplySender", "RequestReceiver"]

HEADER = data.StructLayout({"version": 8, "kind": 8, "length": 24, "number": 8})
VERDICT = data.StructLayout({"status": 8, "number": 8, "drop": 1})
REPLY = data.StructLayout({"status": 8, "length": 24, "number": 8})  # as they follow on the line


class RequestReceiver(wiring.Component):
    """Finds requests in a stream of bytes, checks them, and says what to answer.

    Members     i: In(stream of u8)
                fresh, broken: In(1), as boards.byte_link has them
                busy: In(1), a frame is still under way; full: In(1), so is the chunk before
                room: In(1), a chunk can be taken
                unready: In(1), frames cannot be: the memory outside has no weights, or bad: In(1)
                start: Out(1), high for one cycle before the first byte of a chunk
                o_frame: Out(stream of u8, always ready), the frame's bytes as they come
                o_words: Out(the same), those of weights, where it ``loads`` any; start_words:
                Out(1), high for one cycle before the first of a request
                play: Out(1), high for one cycle when a chunk is in and its CRC was right
                give_up: Out(1), high for one cycle: the frame whose chunks were played will not be
                whole
                o: Out(stream of VERDICT), the Status to answer with and the request's number; drop:
                the core will give a result that answers nothing
    Order       one VERDICT for each request. Bytes that come before it is taken are thrown away,
                and frames refused that come too early; if ``patient``, both wait
    Latency     two cycles from a request's last byte to o.valid
    Throughput  one byte per cycle, but for three cycles in each request, two behind each chunk
    Errors      the error statuses of boards.protocol, offered as soon as they are known; after one,
                bytes are thrown away until they are ``fresh``
    """

    def __init__(
        self, frame_bytes: int, chunk_bytes: int, *, patient: bool = False, loads: bool = False
    ):
        self.length = NUMBER_BYTES + payload_bytes(frame_bytes, chunk_bytes)
        contract = "a frame's chunks and a number must fit the length field of 24 bits"
        fits = min(frame_bytes, chunk_bytes) > 0 and self.length < 2**24
        require(fits, "RequestReceiver", contract, (frame_bytes, chunk_bytes))
        whole, rest = divmod(frame_bytes - 1, chunk_bytes)  # of a frame: chunks before the last
        self.chunk_bytes, self.chunks, self.last_bytes = chunk_bytes, whole + 1, rest + 1
        self.patient, self.loads = patient, loads
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "fresh": In(1),
                "broken": In(1),
                "busy": In(1),
                "full": In(1),
                "room": In(1),
                "unready": In(1),
                "bad": In(1),
                "start": Out(1),
                "o_frame": Out(stream.Signature(8, always_ready=True)),
                "start_words": Out(1),
                "o_words": Out(stream.Signature(8, always_ready=True)),
                "play": Out(1),
                "give_up": Out(1),
                "o": Out(stream.Signature(VERDICT)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        byte, taken = self.i.payload, Signal()
        header = Signal(HEADER)
        status = Signal(8)
        left = Signal(24)  # bytes of the header, the chunk or the CRC still to come
        rest = Signal(range(self.chunks + 1))  # chunks of the frame behind this one
        played, answered = Signal(), Signal()  # any of this frame; in the cycle before

        m.submodules.crc = crc = CRC32_ISO_HDLC().create()
        m.d.comb += [
            taken.eq(self.i.valid & self.i.ready),
            self.i.ready.eq(1),  # but where something is judged, or another request begins
            crc.data.eq(byte),
            crc.valid.eq(taken),
            self.o_frame.payload.eq(byte),
            self.o_words.payload.eq(byte),
            self.o.payload.status.eq(status),
            self.o.payload.number.eq(header.number),
            self.o.payload.drop.eq(played & (status >= Status.BAD_VERSION)),
            self.give_up.eq(answered & self.o.payload.drop),
        ]
        m.d.sync += [played.eq(played | self.play), answered.eq(0)]
        with m.If(taken):
            m.d.sync += left.eq(left - 1)

        def answer(said: int) -> None:
            m.d.sync += [status.eq(said), answered.eq(1)]
            m.next = "ANSWER"

        def keep_fresh() -> None:
            if self.patient:  # elsewhere what is fresh has not come yet
                m.d.comb += self.i.ready.eq(~self.fresh)

        def refuse_broken() -> None:
            keep_fresh()
            with m.If(self.fresh):
                answer(Status.TIMEOUT)
            with m.If(self.broken):
                answer(Status.FRAMING)

        with m.FSM():
            with m.State("HUNT"), m.If(taken & (byte == REQUEST_SYNC[0])):
                m.next = "SYNC"
            with m.State("SYNC"):
                m.d.comb += [crc.start.eq(1), crc.valid.eq(0)]
                with m.If(taken & (byte == REQUEST_SYNC[1])):
                    m.d.sync += left.eq(HEADER_BYTES)
                    m.next = "HEADER"
                with m.Elif(self.broken | (taken & (byte != REQUEST_SYNC[0]))):
                    m.next = "HUNT"
            with m.State("HEADER"):
                with m.If(taken):
                    m.d.sync += header.eq(Cat(header.as_value()[8:], byte))
                with m.If(taken & (left == 1)):
                    m.next = "JUDGE"
                refuse_broken()
                with m.If(self.fresh | self.broken):
                    m.d.sync += header.number.eq(NO_NUMBER)  # it holds another byte, or an old one
            with m.State("JUDGE"):
                m.d.comb += self.i.ready.eq(0)
                m.d.sync += played.eq(0)
                self._judge(m, header, left, rest, answer)
            with m.State("CHUNK"):
                m.d.comb += self.i.ready.eq(0)
                size = Mux(rest == 1, self.last_bytes, self.chunk_bytes)
                with m.If(self.room if self.patient else 1):
                    m.d.comb += self.start.eq(1)
                    m.d.sync += [left.eq(size), rest.eq(rest - 1)]
                    m.next = "PAYLOAD"
            with m.State("PAYLOAD"):
                if self.loads:
                    m.d.comb += self.o_words.valid.eq(taken & (header.kind == Request.WORDS))
                    m.d.comb += self.o_frame.valid.eq(taken & (header.kind == Request.FRAME))
                else:
                    m.d.comb += self.o_frame.valid.eq(taken)
                with m.If(taken & (left == 1)):
                    m.d.sync += left.eq(CRC_BYTES)
                    m.next = "CRC"
                refuse_broken()
            with m.State("CRC"):
                with m.If(taken & (left == 1)):
                    m.next = "CHECK"
                refuse_broken()
            with m.State("CHECK"):
                is_frame = header.kind == Request.FRAME
                m.d.comb += self.i.ready.eq(0)
                m.d.comb += self.play.eq(crc.match_detected & is_frame)
                with m.If(~crc.match_detected):
                    answer(Status.BAD_CHECK)
                with m.Elif(~is_frame | (rest == 0)):
                    said = Mux(is_frame, Status.RESULT, Status.INFO)
                    if self.loads:
                        said = Mux(header.kind >= Request.MEMORY, Status.MEMORY, said)
                    answer(said)
                with m.Elif(self.full & (not self.patient)):
                    answer(Status.BUSY)
                with m.Else():
                    m.d.comb += crc.start.eq(1)
                    m.next = "CHUNK"
            with m.State("ANSWER"):
                m.d.comb += [self.o.valid.eq(1), self.i.ready.eq(not self.patient)]
                with m.If(self.o.ready & (status < Status.BAD_VERSION)):
                    m.next = "HUNT"
                with m.Elif(self.o.ready):
                    m.next = "SETTLE"
            with m.State("SETTLE"):
                keep_fresh()
                with m.If(self.fresh):
                    m.next = "HUNT"
        return m

    def _judge(self, m, header, left, rest, answer) -> None:
        """Decide on a request by its header, before its payload comes."""
        with m.If(header.version != VERSION):
            answer(Status.BAD_VERSION)
        with m.Elif((header.kind == Request.FRAME) & (header.length == self.length)):
            with m.If(self.unready):
                answer(Mux(self.bad, Status.SPOILT, Status.UNLOADED))
            with m.Elif(self.busy & (not self.patient)):
                answer(Status.BUSY)
            with m.Else():
                m.d.sync += rest.eq(self.chunks)
                m.next = "CHUNK"
        with m.Elif((header.kind == Request.QUERY) & (header.length == NUMBER_BYTES)):
            m.d.sync += left.eq(CRC_BYTES)
            m.next = "CRC"
        if self.loads:
            # Behind the number come whole words.
            some = header.length[0] & (header.length != NUMBER_BYTES)
            with m.Elif((header.kind == Request.MEMORY) & (header.length == NUMBER_BYTES)):
                m.d.sync += left.eq(CRC_BYTES)
                m.next = "CRC"
            with m.Elif((header.kind == Request.WORDS) & some):
                m.d.comb += self.start_words.eq(1)
                m.d.sync += [left.eq(header.length - NUMBER_BYTES), rest.eq(0)]
                m.next = "PAYLOAD"
            with m.Elif((header.kind == Request.MEMORY) | (header.kind == Request.WORDS)):
                answer(Status.BAD_LENGTH)
        with m.Elif((header.kind == Request.FRAME) | (header.kind == Request.QUERY)):
            answer(Status.BAD_LENGTH)
        with m.Else():
            answer(Status.BAD_KIND)


class ReplySender(wiring.Component):
    """Sends one reply for each beat: sync bytes, header, payload, CRC.

    Members     i: In(stream of REPLY), taken in the cycle in which its last byte is; length counts
                   the payload and the number
                i_payload: In(stream of u8), of which each reply takes its payload
                o: Out(stream of u8); last: Out(1), it is the reply's last
    Latency     o.valid one cycle after i.valid
    Throughput  one byte in two cycles
    Errors      none
    """

    def __init__(self):
        super().__init__(
            {
                "i": In(stream.Signature(REPLY)),
                "i_payload": In(stream.Signature(8)),
                "o": Out(stream.Signature(8)),
                "last": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        left = Signal(24)  # bytes of this part still to go and one, as length counts the number
        more = Signal()  # there are any
        part = Signal(64)  # sync bytes and header, or CRC: the next byte lowest
        sync_left = Signal(2)
        free, offer, byte = Signal(), Signal(), Signal(8)
        checked = Signal()  # the byte in o counts, and has not reached the CRC yet

        m.submodules.crc = crc = CRC32_ISO_HDLC().create()
        m.d.comb += [
            free.eq(~self.o.valid | self.o.ready),
            crc.data.eq(self.o.payload),  # registered: the byte comes from a wide multiplexer
            crc.valid.eq(checked),
        ]
        m.d.sync += checked.eq(offer & (sync_left == 0))
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(offer):
            m.d.sync += [self.o.payload.eq(byte), self.o.valid.eq(1)]
            m.d.sync += [left.eq(left - 1), more.eq(left != 2), part.eq(part >> 8)]
            with m.If(sync_left != 0):
                m.d.sync += sync_left.eq(sync_left - 1)

        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += crc.start.eq(1)  # whether a reply begins or not: that is known late
                with m.If(self.i.valid):
                    head = Cat(Const.cast(int.from_bytes(REPLY_SYNC, "little")), Const(VERSION, 8))
                    m.d.sync += part.eq(Cat(head, self.i.payload))
                    m.d.sync += left.eq(len(REPLY_SYNC) + HEADER_BYTES + 1)
                    m.d.sync += [sync_left.eq(len(REPLY_SYNC)), more.eq(1)]
                    m.next = "HEADER"
            with m.State("HEADER"):
                m.d.comb += [byte.eq(part[:8]), offer.eq(free & more)]
                with m.If(~more):
                    m.d.sync += left.eq(self.i.payload.length)
                    m.d.sync += more.eq(self.i.payload.length != NUMBER_BYTES)
                    m.next = "PAYLOAD"
            with m.State("PAYLOAD"):
                m.d.comb += byte.eq(self.i_payload.payload)
                m.d.comb += self.i_payload.ready.eq(free & more)
                m.d.comb += offer.eq(free & more & self.i_payload.valid)
                with m.If(~more & ~checked):
                    m.d.sync += [left.eq(CRC_BYTES + 1), more.eq(1), part.eq(crc.crc)]
                    m.next = "CRC"
            with m.State("CRC"):
                m.d.comb += [byte.eq(part[:8]), offer.eq(free & more)]
                with m.If(offer):
                    m.d.sync += self.last.eq(left == 2)
                with m.If(~more & free):
                    m.d.comb += self.i.ready.eq(1)
                    m.d.sync += self.last.eq(0)
                    m.next = "IDLE"
        return m
