"""Which datagrams count: their numbers, the room for them, and the credit that the host has."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from boards.ethernet.datagrams import PAYLOAD, Flag
from boards.ethernet.receive import RECEIVED
from fq_hw.errors import require

__all__ = ["PEER", "PIECE", "Window"]

PEER = data.StructLayout({"mac": 48, "ip": 32, "port": 16})
PIECE = data.StructLayout({"length": range(PAYLOAD + 1), "begin": 1})
BEHIND = 2**15  # numbers from here on are those of old datagrams


class Window(wiring.Component):
    """Takes datagrams in the order of their numbers, as ``boards.ethernet.datagrams`` says.

    Members     udp: In(1), i: In(RECEIVED), a datagram has come, and lies in slot ``slot``
                slot: Out(1), where the next one's payload is to be written
                freed: In(1), high for one cycle when a slot was read
                told: In(1), high for one cycle when ``limit`` went to the host
                o: Out(stream of PIECE), what to read: the next slot, or, of no length, none: then
                what came before has broken off. It must have places for twice the slots
                limit: Out(16), the credit; tell: Out(1), the host should hear it
                peer: Out(PEER), the host
    Latency     three cycles from udp to o.valid
    Throughput  one datagram in four cycles
    Errors      old numbers, other hosts, and what there is no room for, are dropped
    """

    def __init__(self, slots: int):
        power = slots >= 4 and slots & (slots - 1) == 0
        require(power, "Window", "slots must be a power of two from 4 up", slots)
        self.slots = slots
        super().__init__(
            {
                "udp": In(1),
                "i": In(RECEIVED),
                "slot": Out(range(slots)),
                "freed": In(1),
                "told": In(1),
                "o": Out(stream.Signature(PIECE)),
                "limit": Out(16, init=slots),
                "tell": Out(1),
                "peer": Out(PEER),
            }
        )

    def elaborate(self, platform):
        m = Module()
        i, peer = self.i, self.peer
        wanted = Signal(16)  # number of the next datagram
        ahead, ours = Signal(16), Signal()
        broken = Signal()  # what does not begin a request is part of one that broke off
        used = Signal(range(self.slots + 1))
        pushed, free = Signal(), Signal()
        is_poll, begins = (i.flags & Flag.POLL).any(), (i.flags & Flag.BEGIN).any()

        m.d.sync += [
            used.eq(used + pushed - self.freed),
            free.eq(used != self.slots),
            self.limit.eq(wanted + self.slots - used),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += self.o.valid.eq(0)

        def offer(length, begin) -> None:
            m.d.sync += [self.o.valid.eq(1), self.o.p.length.eq(length), self.o.p.begin.eq(begin)]

        poll = Signal()
        m.d.comb += poll.eq(0)
        with m.FSM():
            with m.State("WAIT"), m.If(self.udp):
                m.d.sync += ahead.eq(i.number - wanted)
                m.d.sync += ours.eq((i.ip == peer.ip) & (i.port == peer.port))
                m.next = "JUDGE"
            with m.State("JUDGE"):
                m.next = "WAIT"
                with m.If(self.o.valid):  # whoever reads has no place for another: it is lost
                    pass
                with m.Elif(is_poll):
                    m.d.comb += poll.eq(1)
                    m.d.sync += [peer.mac.eq(i.mac), peer.ip.eq(i.ip), peer.port.eq(i.port)]
                    m.d.sync += wanted.eq(i.number)
                    with m.If(~ours | (ahead != 0)):
                        m.d.sync += broken.eq(1)
                        offer(0, 0)
                with m.Elif(ours & (ahead < BEHIND) & free & (i.length != 0)):
                    m.d.sync += wanted.eq(i.number + 1)
                    with m.If(begins | ((ahead == 0) & ~broken)):
                        m.d.comb += pushed.eq(1)
                        m.d.sync += [self.slot.eq(self.slot + 1), broken.eq(0)]
                        offer(i.length, begins)
                    with m.Elif(ahead != 0):
                        m.d.sync += broken.eq(1)
                        offer(0, 0)

        said, due = Signal(16, init=self.slots), Signal()  # the limit last told; somebody asks
        news = Signal(16)
        m.d.sync += news.eq(self.limit - said)
        m.d.sync += self.tell.eq(due | (news[:15] >= self.slots // 4))
        with m.If(self.told):
            m.d.sync += [said.eq(self.limit), due.eq(0), self.tell.eq(0)]
        with m.If(poll):
            m.d.sync += due.eq(1)
        return m
