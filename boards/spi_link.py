"""An SPI slave as a board's link; ``boards.spi_transactions`` says what goes over it."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import fifo
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from boards.byte_link import ByteLink
from boards.spi_transactions import MARK, UNIT, Command
from fq_hw.errors import require

__all__ = [
    "CYCLES",
    "PLACES",
    "REPLY_PLACES",
    "SpiLink",
]

CYCLES = 4  # of the design's clock in one of SCK, at least
PLACES = 2048  # bytes of requests, which fill a block RAM of an ECP5
LEAST_PLACES = 256  # more than a host waits for
REPLY_PLACES = 63  # which a run's length can say
SPARE = 4  # places for what comes while the room is told, and for marks


class SpiLink(ByteLink):
    """Transactions as above, in which the host waits for room, and asks for replies.

    Members     as ByteLink; sck, cs_n, copi: In(1), asynchronous; cipo: Out(1), which may drive its
                pin while cs_n is low
    Clock       SCK is at most a CYCLES-th of the design's; cipo changes two to three cycles behind
                its rising edge, so that at this bound one cycle is left for pads, wires and the
                host. cs_n is high for two cycles between transactions
    Latency     a byte is offered a few cycles behind its last bit; that of a reply can be read when
                it was given
    Throughput  a byte in eight cycles of SCK, and one to three more in a transaction
    Resources   ``places`` of nine bits and REPLY_PLACES of eight in RAM
    Errors      what there is no room for is dropped, and so is a byte that was not whole
    """

    patient = True
    pins = {"sck": In(1), "cs_n": In(1, init=1), "copi": In(1), "cipo": Out(1)}

    def __init__(self, *, places: int = PLACES):
        power = LEAST_PLACES <= places <= PLACES and places & (places - 1) == 0
        contract = f"places must be a power of two in {LEAST_PLACES}..{PLACES}"
        require(power, "SpiLink", contract, places)
        self.places = places
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        sck, cs_n, copi, was = Signal(), Signal(init=1), Signal(), Signal()
        m.submodules += FFSynchronizer(self.sck, sck)
        m.submodules += FFSynchronizer(self.cs_n, cs_n, init=1)
        m.submodules += FFSynchronizer(self.copi, copi)
        rises, place = Signal(), Signal(3)  # of the next bit in its byte
        come, byte, whole = Signal(7), Signal(8), Signal()
        going, then = Signal(8, init=MARK), Signal(8)
        m.d.comb += [
            rises.eq(sck & ~was & ~cs_n),
            byte.eq(Cat(copi, come)),
            whole.eq(rises & (place == 7)),
            self.cipo.eq(going[7]),
        ]
        m.d.sync += was.eq(sck)
        first, taking, telling = Signal(init=1), Signal(), Signal()  # the byte is a command; then
        with m.If(cs_n):
            m.d.sync += [place.eq(0), going.eq(MARK), first.eq(1), taking.eq(0), telling.eq(0)]
        with m.Elif(rises):  # not when it falls: the host has it, and a byte's last bit is here
            m.d.sync += [place.eq(place + 1), come.eq(byte)]
            m.d.sync += going.eq(Mux(whole, then, going << 1))

        begin, finish = byte == Command.BEGIN, byte == Command.FINISH
        with m.If(whole & first):
            m.d.sync += [
                first.eq(0),
                taking.eq(begin | (byte == Command.MORE)),
                telling.eq(finish | (byte == Command.READ)),
            ]
        room = self.take(m, byte, whole & taking, whole & first & (begin | finish))
        run = self.tell(m, cs_n, rises & (place == 0), whole & telling)
        m.d.comb += then.eq(Mux(first | taking, room, Mux(telling, run, 0)))
        return m

    def take(self, m: Module, byte: Signal, comes, mark) -> Signal:
        """Bytes of requests, and a ``mark`` where one begins or ends; returns the room."""
        m.submodules.requests = queue = fifo.SyncFIFOBuffered(width=9, depth=self.places + 1)
        marked = Signal(init=1)  # nothing came since
        head_marks = queue.r_data[8]
        m.d.comb += [
            queue.w_data.eq(Cat(byte, mark)),
            queue.w_en.eq(comes | (mark & ~marked)),
            self.o.valid.eq(queue.r_rdy & ~head_marks),
            self.o.payload.eq(queue.r_data[:8]),
            queue.r_en.eq(self.o.ready | head_marks),
        ]
        with m.If(queue.w_en & queue.w_rdy):
            m.d.sync += marked.eq(mark)
        with m.If(queue.r_rdy & head_marks):
            m.d.sync += self.fresh.eq(1)
        with m.Elif(self.o.valid & self.o.ready):
            m.d.sync += self.fresh.eq(0)
        left, room = Signal(signed(self.places.bit_length() + 1)), Signal(8)
        m.d.comb += left.eq(self.places - SPARE - queue.level)
        m.d.sync += room.eq(Mux(left < 0, 0, left // UNIT))
        return room

    def tell(self, m: Module, cs_n: Signal, goes, loads) -> Signal:
        """Bytes of a reply; returns the next of a run, which ``loads`` takes and ``goes`` sends."""
        m.submodules.replies = queue = fifo.SyncFIFOBuffered(width=8, depth=REPLY_PLACES)
        ending, begins = Signal(), Signal(init=1)  # the queue has the last byte; its first is next
        left, sent, over = Signal(6), Signal(), Signal()  # of the run; a byte of it is on its way
        starts = (left == 0) & ~over
        run = Signal(8)
        m.d.comb += [
            queue.w_data.eq(self.i.payload),
            queue.w_en.eq(self.i.valid & ~ending),
            self.i.ready.eq(queue.w_rdy & ~ending),
            queue.r_en.eq(goes & sent),
        ]
        with m.If(left != 0):
            m.d.comb += run.eq(queue.r_data)
        with m.Elif(starts & (queue.level != 0)):
            m.d.comb += run.eq(Cat(queue.level[:6], ending, begins))
        with m.If(self.i.valid & self.i.ready & self.last):
            m.d.sync += ending.eq(1)
        with m.If(queue.r_en):  # the host has its first bit: if the rest is lost, so is the reply
            m.d.sync += begins.eq(0)
            with m.If(ending & (queue.level == 1)):
                m.d.sync += [begins.eq(1), ending.eq(0)]
        with m.If(cs_n):
            m.d.sync += [left.eq(0), sent.eq(0), over.eq(0)]
        with m.Elif(loads):
            m.d.sync += sent.eq(left != 0)
            with m.If(left != 0):
                m.d.sync += left.eq(left - 1)
            with m.Elif(starts):
                m.d.sync += [left.eq(queue.level[:6]), over.eq(ending)]
        return run
