"""USB as a board's link: packets in a clock of their own, bytes in the design's."""

from __future__ import annotations

from amaranth.hdl import Cat, DomainRenamer, Module, Mux, Shape, Signal
from amaranth.lib import data, fifo, memory
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from boards.byte_link import ByteLink
from boards.protocol import IDLE_S
from boards.usb.device import UsbDevice
from boards.usb.packets import DOMAIN, PACKET
from fq_hw.errors import require

__all__ = ["SLOTS", "UsbLink"]

SLOTS = 16  # packets of requests for which there is room
SIDES = 2  # of replies
PIECE = data.StructLayout({"length": range(PACKET + 1), "opens": 1})


class UsbLink(ByteLink):
    """A serial port of the host's, which waits for room.

    Members     as ByteLink; d_p_i, d_n_i: In(1), asynchronous; d_p_o, d_n_o, d_oe: Out(1)
                fresh where the host opened the port, and after ``idle_s`` without a byte
    Clock       DOMAIN, 48 MHz, which the top drives
    Order       bytes of whole packets, each once
    Latency     a packet's bytes are offered when all of it has come; those of a reply are sent when
                there are PACKET of them, or its last one. An empty packet follows a reply that ends
                with a full one, so that no host waits for more
    Throughput  in, one byte per cycle but for four in each packet; out, one byte per cycle
    Resources   block RAM for SLOTS and SIDES packets
    Errors      none: what was damaged is sent again
    """

    patient = True
    pins = {
        "d_p_i": In(1, init=1),
        "d_n_i": In(1),
        "d_p_o": Out(1),
        "d_n_o": Out(1),
        "d_oe": Out(1),
    }

    def __init__(self, *, clock_hz: float, idle_s: float = IDLE_S):
        self.idle_cycles = round(clock_hz * idle_s)
        require(self.idle_cycles > 0, "UsbLink", "idle_s must be longer than a cycle", idle_s)
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.device = device = DomainRenamer(DOMAIN)(UsbDevice())
        for name, init in (("d_p_i", 1), ("d_n_i", 0)):
            outer, inner = getattr(self, name), getattr(device, name)
            m.submodules[name] = FFSynchronizer(outer, inner, o_domain=DOMAIN, init=init)
        for name in ("d_p_o", "d_n_o", "d_oe"):
            m.d.comb += getattr(self, name).eq(getattr(device, name))
        self.read(m, device)
        self.write(m, device)
        return m

    def read(self, m: Module, device: UsbDevice) -> None:
        """Bytes of the packets that have come, and where the port was opened."""
        m.submodules.come = come = memory.Memory(shape=8, depth=SLOTS * PACKET, init=[])
        write, read = come.write_port(domain=DOMAIN), come.read_port()
        # A piece leaves when its last byte is read, so that as many fit as there are slots.
        m.submodules.pieces = pieces = fifo.AsyncFIFO(
            width=PIECE.size, depth=SLOTS, w_domain=DOMAIN, r_domain="sync"
        )
        filled = Signal(range(SLOTS))
        was_open, opens = Signal(), Signal()
        stored = device.come & (device.come_length != 0)
        m.d.comb += [
            write.addr.eq(Cat(device.at, filled)),
            write.data.eq(device.byte),
            write.en.eq(device.write),
            device.room.eq(pieces.w_rdy & ~opens),
            pieces.w_data.eq(Cat(device.come_length, opens)),
            pieces.w_en.eq(opens | stored),
        ]
        m.d[DOMAIN] += [was_open.eq(device.open), filled.eq(filled + stored)]
        with m.If(device.open & ~was_open):
            m.d[DOMAIN] += opens.eq(1)
        with m.Elif(pieces.w_rdy):
            m.d[DOMAIN] += opens.eq(0)

        piece = PIECE(pieces.r_data)
        slot, at = Signal(range(SLOTS)), Signal(range(PACKET))
        idle_for = Signal(range(self.idle_cycles + 1))
        was_read, advance = self.offer(m, read, slot, at)
        m.d.sync += idle_for.eq(0)
        with m.FSM():
            with m.State("WAIT"), m.If(~was_read & ~self.o.valid):
                m.d.sync += at.eq(0)
                with m.If(pieces.r_rdy & piece.opens):
                    m.d.comb += pieces.r_en.eq(1)
                    m.d.sync += self.fresh.eq(1)
                with m.Elif(pieces.r_rdy):
                    m.next = "READ"
                with m.Elif(idle_for == self.idle_cycles):
                    m.d.sync += self.fresh.eq(1)
                with m.Else():
                    m.d.sync += idle_for.eq(idle_for + 1)
            with m.State("READ"), m.If(advance):
                m.d.sync += [was_read.eq(1), at.eq(at + 1)]
                with m.If(at + 1 == piece.length):
                    m.d.comb += pieces.r_en.eq(1)
                    m.d.sync += slot.eq(slot + 1)
                    m.next = "WAIT"

    def write(self, m: Module, device: UsbDevice) -> None:
        """Packets of the replies that the shell gives."""
        m.submodules.going = going = memory.Memory(shape=8, depth=SIDES * PACKET, init=[])
        write, read = going.write_port(), going.read_port(domain=DOMAIN)
        size = PIECE["length"].shape
        # As above: one leaves when the host has it.
        m.submodules.replies = replies = fifo.AsyncFIFO(
            width=Shape.cast(size).width, depth=SIDES, w_domain="sync", r_domain=DOMAIN
        )
        side, at = Signal(range(SIDES)), Signal(range(PACKET))
        length, offered = Signal(size), Signal()
        closes = Signal()  # an empty packet is to follow
        free, taken, ends, full = Signal(), Signal(), Signal(), at == PACKET - 1
        m.d.comb += [
            free.eq(replies.w_rdy & ~offered),
            self.i.ready.eq(free & ~closes),
            taken.eq(self.i.valid & self.i.ready),
            write.addr.eq(Cat(at, side)),
            write.data.eq(self.i.payload),
            write.en.eq(taken),
            ends.eq((taken & (self.last | full)) | (free & closes)),
            replies.w_data.eq(length),
            replies.w_en.eq(offered),
        ]
        m.d.sync += offered.eq(0)
        with m.If(taken):
            m.d.sync += at.eq(at + 1)
        with m.If(ends):
            m.d.sync += [
                length.eq(Mux(closes, 0, at + 1)),
                offered.eq(1),
                at.eq(0),
                side.eq(side + 1),
                closes.eq(self.last & full & ~closes),
            ]
        out = Signal(range(SIDES))
        m.d.comb += [
            device.i_valid.eq(replies.r_rdy),
            device.i_length.eq(replies.r_data),
            replies.r_en.eq(device.taken),
            read.addr.eq(Cat(device.i_at, out)),
            read.en.eq(1),
            device.i_byte.eq(read.data),
        ]
        with m.If(device.taken):
            m.d[DOMAIN] += out.eq(out + 1)
