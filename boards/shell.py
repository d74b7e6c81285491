"""Any accelerator core behind a link: the board's side of ``boards.protocol``."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib import data, fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from boards.byte_link import ByteLink
from boards.chunk_buffer import ChunkBuffer
from boards.packet import VERDICT, ReplySender, RequestReceiver
from boards.protocol import MEMORY, NUMBER_BYTES, Info, Memory, Status
from fq_hw.errors import require
from fq_hw.schedule.units import ResultKind
from rtl_gen.array.single_port import LANE

__all__ = ["Shell"]

VERDICTS = 8  # frames under way where the link lets them wait
LOAD_PLACES = 16  # words: they come every 80 cycles or more, and a memory waits for its slot


class Shell(wiring.Component):
    """A core, room for two chunks of pixels, and the protocol of ``boards.protocol`` over a link.

    Members     the pins of ``link``
    Core        i: In(stream of u8 x colours), one beat per pixel in raster order
                o: Out(stream of {data: s<n>, kind: ResultKind, last: 1}), for each frame the
                scores and best classes that ``info`` says, after its last pixel was taken
                where ``info`` has words to load, i_fill: In(stream of 16 bits), ready: Out(1),
                bad: Out(1), as rtl_gen.sdram_words.SdramWords
    Order       replies in the order of their requests; where the link is not ``patient``, the host
                sends the next request after the reply
    Latency     the request and the reply on the link, and the core
    Throughput  one frame at a time; over a patient link the core's, and VERDICTS under way
    Resources   the core's and the link's, two chunks in block RAM, about 500 LUT4 and 300
                flip-flops
    Errors      the error statuses of boards.protocol; the shell cannot see that a core hangs
    """

    def __init__(self, core: wiring.Component, *, info: Info, link: ByteLink):
        self.core, self.info, self.link = core, info, link
        check_core(core, info)
        super().__init__(link.pins)

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = self.core
        m.submodules.link = link = self.link
        loads = self.info.load_words > 0
        m.submodules.receiver = receiver = RequestReceiver(
            self.info.frame_bytes, self.info.chunk_bytes, patient=link.patient, loads=loads
        )
        m.submodules.frame = frame = ChunkBuffer(
            self.info.pixels, self.info.colours, self.info.chunk_pixels, several=link.patient
        )
        m.submodules.sender = sender = ReplySender()

        results = self.results(m)
        dropping = Signal()  # a result is to come of a frame that was given up
        for name, member in link.pins.items():
            inner, outer = getattr(link, name), getattr(self, name)
            m.d.comb += inner.eq(outer) if member.flow is In else outer.eq(inner)
        m.d.comb += [
            receiver.fresh.eq(link.fresh),
            receiver.broken.eq(link.broken),
            link.last.eq(sender.last),
            frame.start.eq(receiver.start),
            frame.play.eq(receiver.play),
            frame.give_up.eq(receiver.give_up),
            receiver.full.eq(frame.full),
            receiver.room.eq(frame.room),
            receiver.busy.eq(frame.busy | dropping),
        ]
        wiring.connect(m, link.o, receiver.i)
        wiring.connect(m, receiver.o_frame, frame.i)
        wiring.connect(m, frame.o, core.i)
        wiring.connect(m, sender.o, link.i)

        verdict = self.verdicts(m, receiver)
        with m.If(results.valid & results.p.last & dropping):
            m.d.sync += dropping.eq(0)
        with m.If(verdict.valid & verdict.ready & verdict.p.drop):
            m.d.sync += dropping.eq(1)

        # The core and the verdict hold their beats until the reply is out.
        status = verdict.p.status
        has_result, has_info = status == Status.RESULT, status == Status.INFO
        has_memory, its_result = Const(0), results.valid & ~dropping
        may_drop = ~dropping | ~verdict.p.drop
        result_bytes, info = self.info.result_bytes, self.info.pack()
        result_length, info_length = NUMBER_BYTES + result_bytes, NUMBER_BYTES + len(info)
        length = Mux(has_result, result_length, Mux(has_info, info_length, NUMBER_BYTES))
        info_word = Const(int.from_bytes(info, "little"), 8 * len(info))
        if loads:
            has_memory = status == Status.MEMORY
            length = Mux(has_memory, NUMBER_BYTES + MEMORY.size, length)
            info_word = Mux(has_memory, self.load(m, receiver), info_word)
        m.d.comb += [
            sender.i.valid.eq(verdict.valid & Mux(has_result, its_result, may_drop)),
            sender.i.payload.status.eq(status),
            sender.i.payload.length.eq(length),
            sender.i.payload.number.eq(verdict.p.number),
            verdict.ready.eq(sender.i.ready),
        ]

        # Scores and classes go out as whole bytes, a beat when its last byte does.
        beat, label_bytes, score_bytes = results.p, self.info.label_bytes, self.info.score_bytes
        number = Signal(signed(8 * max(label_bytes, score_bytes)))
        place = Signal(range(max(label_bytes, score_bytes, len(info))))
        is_score = beat.kind == ResultKind.SCORE
        last_byte = place == Mux(is_score, score_bytes, label_bytes) - 1
        taken, word = Signal(), Mux(has_result, number, info_word)
        m.d.comb += [
            number.eq(beat.data),
            taken.eq(sender.i_payload.valid & sender.i_payload.ready),
            sender.i_payload.payload.eq(word.word_select(place, 8)),
            sender.i_payload.valid.eq(~has_result | its_result),
            results.ready.eq((has_result & taken & last_byte) | dropping),
        ]
        with m.If(taken):
            m.d.sync += place.eq(Mux(has_result & last_byte, 0, place + 1))
        with m.If(verdict.ready):
            m.d.sync += place.eq(0)
        return m

    def verdicts(self, m: Module, receiver: RequestReceiver) -> stream.Interface:
        """What to answer, request by request; some wait where more than one may be under way."""
        if not self.link.patient:
            return receiver.o
        verdict = stream.Signature(VERDICT).create()
        m.submodules.verdicts = queue = fifo.SyncFIFO(width=VERDICT.size, depth=VERDICTS)
        m.d.comb += [
            queue.w_data.eq(receiver.o.payload.as_value()),
            queue.w_en.eq(receiver.o.valid),
            receiver.o.ready.eq(queue.w_rdy),
            verdict.payload.as_value().eq(queue.r_data),
            verdict.valid.eq(queue.r_rdy),
            queue.r_en.eq(verdict.ready),
        ]
        return verdict

    def results(self, m: Module) -> stream.Interface:
        """What the core gives, behind a register each way: from the line back is a long way."""
        given = self.core.o
        results = stream.Signature(given.payload.shape()).create()
        m.d.comb += given.ready.eq(~results.valid)
        with m.If(~results.valid):
            m.d.sync += [results.valid.eq(given.valid), results.payload.eq(given.payload)]
        with m.Elif(results.ready):
            m.d.sync += results.valid.eq(0)
        return results

    def load(self, m: Module, receiver: RequestReceiver) -> Value:
        """Words into the core, from the line, which does not wait; what Status.MEMORY says."""
        core, total = self.core, self.info.load_words
        m.submodules.words = words = fifo.SyncFIFO(width=16, depth=LOAD_PLACES)
        low, second, come = Signal(8), Signal(), Signal(range(total + 1))
        byte = receiver.o_words
        with m.If(receiver.start_words):
            m.d.sync += second.eq(0)
        with m.Elif(byte.valid):
            m.d.sync += [second.eq(~second), low.eq(byte.payload)]
        m.d.comb += [
            words.w_data.eq(Cat(low, byte.payload)),
            words.w_en.eq(byte.valid & second),
            core.i_fill.valid.eq(words.r_rdy),
            core.i_fill.payload.eq(words.r_data),
            words.r_en.eq(core.i_fill.ready),
            receiver.unready.eq(~core.ready),
            receiver.bad.eq(core.bad),
        ]
        with m.If(words.r_rdy & core.i_fill.ready):
            m.d.sync += come.eq(Mux(come == total, 1, come + 1))
        state = Mux(core.ready, Memory.READY, Mux(core.bad, Memory.BAD, Memory.WANTED))
        missing = Mux(core.bad, 0, come)
        return Cat(state | Const(0, 8), missing | Const(0, 32))


def check_core(core: wiring.Component, info: Info) -> None:
    """Raise ParameterError where a port is not what Shell wants."""
    where = f"core {type(core).__name__}"
    ports = {name: member for name, member in core.signature.members.items() if member.is_signature}
    pixel = data.ArrayLayout(unsigned(8), info.colours)
    i, o = ports.get("i"), ports.get("o")
    fits = i == In(stream.Signature(pixel))
    require(fits, where, f"i must be In(stream.Signature({pixel!r}))", i)
    offered = o.signature.members.get("payload") if o else None
    layout = offered.shape if offered and offered.is_port else None
    fits = (
        isinstance(layout, data.StructLayout)
        and o == Out(stream.Signature(layout))
        and set(layout.members) == {"data", "kind", "last"}
        and Shape.cast(layout["data"].shape).signed
    )
    require(fits, where, "o must be Out(stream of {data: s<n>, kind, last})", o)
    wanted = {"i_fill": In(stream.Signature(LANE)), "ready": Out(1), "bad": Out(1)}
    members = dict(core.signature.members)
    fits = not info.load_words or wanted.items() <= members.items()
    require(fits, where, "must have i_fill, ready and bad, for there are words to load")
