"""Ethernet as a board's link: datagrams in a clock of their own, bytes in the design's."""

from __future__ import annotations

from amaranth.hdl import Cat, DomainRenamer, Module, Mux, Signal
from amaranth.lib import fifo, memory
from amaranth.lib.cdc import PulseSynchronizer
from amaranth.lib.wiring import In, Out

from boards.byte_link import ByteLink
from boards.ethernet.datagrams import PAYLOAD, SLOTS, Flag
from boards.ethernet.frames import Address
from boards.ethernet.receive import FrameReceiver
from boards.ethernet.transmit import REPLY_PIECE, FrameSender
from boards.ethernet.window import PEER, PIECE, Window

__all__ = ["DOMAIN", "EthernetLink"]

DOMAIN = "eth"  # of the PHY's clock, 125 MHz, which the top drives
SIDES = 2  # pieces of replies for which there is room


class EthernetLink(ByteLink):
    """Datagrams to ``address``, as ``boards.ethernet.datagrams`` has them, as streams of bytes.

    Members     as ByteLink; in DOMAIN, rx_valid: In(1), rx_data: In(8), tx_valid: Out(1), tx_data:
                Out(8), as a PHY has them at one gigabit a second
    Order       bytes of whole datagrams, in the order of their numbers
    Latency     a datagram's bytes are offered when all of it has come; those of a reply are sent
                when there are PAYLOAD of them, or its last one
    Throughput  in, one byte per cycle but for four in each datagram; out, one byte per cycle
    Resources   block RAM for ``slots`` and SIDES datagrams of PAYLOAD bytes
    Errors      what came damaged, twice, out of order or without room is dropped; a request that
                lost a part ends, and the next byte is ``fresh``
    """

    patient = True
    pins = {
        "rx_valid": In(1),
        "rx_data": In(8),
        "tx_valid": Out(1),
        "tx_data": Out(8),
    }

    def __init__(self, address: Address, *, slots: int = SLOTS):
        self.address, self.slots = address, slots
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        in_eth = DomainRenamer(DOMAIN)
        m.submodules.receiver = receiver = in_eth(FrameReceiver(self.address))
        m.submodules.window = window = in_eth(Window(self.slots))
        m.submodules.sender = sender = in_eth(FrameSender(self.address))
        m.d.comb += [
            receiver.valid.eq(self.rx_valid),
            receiver.data.eq(self.rx_data),
            window.udp.eq(receiver.udp),
            window.i.eq(receiver.o),
            window.told.eq(sender.told),
            sender.tell.eq(window.tell),
            sender.limit.eq(window.limit),
            sender.peer.eq(window.peer),
            self.tx_valid.eq(sender.valid),
            self.tx_data.eq(sender.data),
        ]
        asked, asker = Signal(), Signal(PEER)
        m.d.comb += [sender.arp.eq(asked), sender.asker.eq(asker)]
        with m.If(sender.arp_sent):
            m.d[DOMAIN] += asked.eq(0)
        with m.If(receiver.arp):
            m.d[DOMAIN] += [asked.eq(1), asker.mac.eq(receiver.o.mac), asker.ip.eq(receiver.o.ip)]
        self.read(m, receiver, window)
        self.write(m, sender)
        return m

    def read(self, m: Module, receiver: FrameReceiver, window: Window) -> None:
        """Bytes of the pieces that the window has taken."""
        depth = self.slots * PAYLOAD
        m.submodules.come = come = memory.Memory(shape=8, depth=depth, init=[])
        write, read = come.write_port(domain=DOMAIN), come.read_port()
        m.d[DOMAIN] += [  # a cycle late: the memory may lie far away
            write.addr.eq(Cat(receiver.at, window.slot)),
            write.data.eq(receiver.byte),
            write.en.eq(receiver.write),
        ]
        m.submodules.pieces = pieces = fifo.AsyncFIFO(
            width=PIECE.size, depth=2 * self.slots, w_domain=DOMAIN, r_domain="sync"
        )
        m.submodules.freed = freed = PulseSynchronizer("sync", DOMAIN)
        piece = PIECE(pieces.r_data)
        m.d.comb += [
            pieces.w_data.eq(window.o.payload.as_value()),
            pieces.w_en.eq(window.o.valid),
            window.o.ready.eq(pieces.w_rdy),
            window.freed.eq(freed.o),
        ]

        slot, at = Signal(range(self.slots)), Signal(range(PAYLOAD))
        left = Signal(range(PAYLOAD + 1))
        was_read, advance = self.offer(m, read, slot, at)
        with m.FSM():
            with m.State("WAIT"), m.If(pieces.r_rdy & ~was_read & ~self.o.valid):
                m.d.comb += pieces.r_en.eq(1)
                m.d.sync += [left.eq(piece.length), at.eq(0)]
                with m.If(piece.begin | (piece.length == 0)):
                    m.d.sync += self.fresh.eq(1)
                with m.If(piece.length != 0):
                    m.next = "READ"
            with m.State("READ"), m.If(advance):
                m.d.sync += [was_read.eq(1), at.eq(at + 1), left.eq(left - 1)]
                with m.If(left == 1):
                    m.d.comb += freed.i.eq(1)
                    m.d.sync += slot.eq(slot + 1)
                    m.next = "WAIT"

    def write(self, m: Module, sender: FrameSender) -> None:
        """Pieces of the replies that the shell gives."""
        m.submodules.going = going = memory.Memory(shape=8, depth=SIDES * PAYLOAD, init=[])
        write, read = going.write_port(), going.read_port(domain=DOMAIN)
        m.submodules.replies = replies = fifo.AsyncFIFO(
            width=REPLY_PIECE.size, depth=SIDES, w_domain="sync", r_domain=DOMAIN
        )
        m.submodules.sent = sent = PulseSynchronizer(DOMAIN, "sync")
        side, at = Signal(range(SIDES)), Signal(range(PAYLOAD))
        used = Signal(range(SIDES + 1))
        begins, ends = Signal(init=1), Signal()
        taken, whole = self.i.valid & self.i.ready, self.last | (at == PAYLOAD - 1)
        piece, offered = Signal(REPLY_PIECE), Signal()
        m.d.comb += [
            self.i.ready.eq((used != SIDES) & ~offered),
            write.addr.eq(Cat(at, side)),
            write.data.eq(self.i.payload),
            write.en.eq(taken),
            ends.eq(taken & whole),
            replies.w_data.eq(piece.as_value()),
            replies.w_en.eq(offered),
        ]
        m.d.sync += used.eq(used + ends - sent.o)
        with m.If(offered & replies.w_rdy):
            m.d.sync += offered.eq(0)
        with m.If(taken):
            m.d.sync += at.eq(at + 1)
        with m.If(ends):
            flags = Mux(begins, Flag.BEGIN, 0) | Mux(self.last, Flag.END, 0)
            m.d.sync += [
                piece.length.eq(at + 1),
                piece.flags.eq(flags),
                offered.eq(1),
                at.eq(0),
                side.eq(side + 1),
                begins.eq(self.last),
            ]
        out = Signal(range(SIDES))
        m.d.comb += [
            sender.i.payload.as_value().eq(replies.r_data),
            sender.i.valid.eq(replies.r_rdy),
            replies.r_en.eq(sender.i.ready),
            sent.i.eq(replies.r_rdy & sender.i.ready),
            read.addr.eq(Cat(sender.at, out)),
            read.en.eq(1),
            sender.byte.eq(read.data),
        ]
        with m.If(sent.i):
            m.d[DOMAIN] += out.eq(out + 1)
