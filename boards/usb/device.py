"""A USB device: transactions, with two buffers of its user's for bulk data."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from boards.usb.descriptors import BULK, NOTICES
from boards.usb.packets import PACKET, SAMPLES, Pid
from boards.usb.receive import BitReceiver, PacketReceiver
from boards.usb.requests import SETUP, ControlRequests, Effect
from boards.usb.transmit import PacketSender

__all__ = ["UsbDevice"]

WAIT = 18 * SAMPLES  # cycles without a packet, by which the other end says nothing (7.1.19.1)
PAUSE = 6  # cycles before an answer: with those of receiver and sender, 2 to 6.5 bits (7.1.18.1)


class UsbDevice(wiring.Component):
    """A device with a control endpoint, one of notices that never come, and bulk data both ways.

    Members     d_p_i, d_n_i: In(1), in step with the clock; d_p_o, d_n_o, d_oe: Out(1)
                write: Out(1), at: Out(range(PACKET)), byte: Out(8): a byte of bulk data, which may
                turn out to be damaged
                room: In(1), there is a place for a packet, until one has come
                come: Out(1), for one cycle, come_length: Out(range(PACKET + 1)): the bytes since
                are a packet, in order, once
                i_valid: In(1), i_length: In(range(PACKET + 1)): a packet for the host, which may be
                empty; i_at: Out(range(PACKET)), i_byte: In(8), a few cycles later
                taken: Out(1), for one cycle: the host has it
                open: Out(1), the host has the port open (DTR)
    Clock       SAMPLES in each bit of 12 MHz
    Order       as transactions are; what comes twice is taken once
    Errors      none: what is damaged or missing is not answered, and the host tries again
    Source      USB 2.0, 8.5 and 8.6
    """

    def __init__(self):
        place, size = range(PACKET), range(PACKET + 1)
        super().__init__(
            {
                "d_p_i": In(1),
                "d_n_i": In(1),
                "d_p_o": Out(1),
                "d_n_o": Out(1),
                "d_oe": Out(1),
                "write": Out(1),
                "at": Out(place),
                "byte": Out(8),
                "room": In(1),
                "come": Out(1),
                "come_length": Out(size),
                "i_valid": In(1),
                "i_length": In(size),
                "i_at": Out(place),
                "i_byte": In(8),
                "taken": Out(1),
                "open": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.bits = bits = BitReceiver()
        m.submodules.receiver = receiver = PacketReceiver()
        m.submodules.sender = sender = PacketSender()
        m.submodules.requests = requests = ResetInserter(bits.reset)(ControlRequests())
        m.d.comb += [
            bits.d_p.eq(self.d_p_i),
            bits.d_n.eq(self.d_n_i),
            bits.deaf.eq(sender.busy),
            receiver.i_valid.eq(bits.o_valid),
            receiver.i.eq(bits.o),
            receiver.begun.eq(bits.begun),
            receiver.ended.eq(bits.ended),
            receiver.broken.eq(bits.broken),
            self.d_p_o.eq(sender.d_p),
            self.d_n_o.eq(sender.d_n),
            self.d_oe.eq(sender.oe),
            self.at.eq(receiver.at),
            self.byte.eq(receiver.byte),
            self.come_length.eq(receiver.length),
            self.i_at.eq(sender.at),
            requests.at.eq(sender.at),
        ]

        address, configured = Signal(7), Signal()
        setup, stage_toggle = Signal(SETUP), Signal()  # of the control transfer's data
        come_toggle, going_toggle = Signal(), Signal()
        kind, endpoint = Signal(4), Signal(4)  # of the transaction
        fits = Signal()  # there was a place for its data when it began
        is_control = endpoint == 0
        is_bulk, is_notices = Signal(), Signal()
        waited = Signal(range(WAIT + 1))
        pause = Signal(range(PAUSE + 1))
        m.d.comb += [
            is_bulk.eq((endpoint == BULK) & configured),
            is_notices.eq((endpoint == NOTICES) & configured),
            requests.setup.eq(setup),
            requests.configured.eq(configured),
        ]

        def answer(pid, has_data=0, length=0) -> None:
            m.d.sync += [sender.pid.eq(pid), sender.has_data.eq(has_data), sender.length.eq(length)]
            m.next = "PAUSE"

        def hear_token() -> None:
            """A token begins a transaction, whatever was before."""
            with m.If(receiver.token & (receiver.pid != Pid.SOF)):
                m.d.sync += [kind.eq(receiver.pid), endpoint.eq(receiver.endpoint), waited.eq(0)]
                m.d.sync += fits.eq(self.room)
                with m.If(receiver.address != address):
                    m.next = "IDLE"
                with m.Elif(receiver.pid == Pid.IN):
                    m.next = "GIVE"
                with m.Else():
                    m.next = "DATA"

        def wait() -> None:
            """For a packet; until it begins, not for long."""
            m.d.sync += waited.eq(waited + 1)
            with m.If(bits.begun):
                m.d.sync += waited.eq(WAIT + 1)
            with m.Elif(waited == WAIT + 1):
                m.d.sync += waited.eq(waited)
            with m.If((waited == WAIT) | receiver.over):
                m.next = "IDLE"

        with m.FSM():
            with m.State("IDLE"):
                hear_token()
            with m.State("DATA"):
                wait()
                m.d.comb += self.write.eq(receiver.write & is_bulk & fits)
                with m.If(receiver.write & (receiver.at < 8) & (kind == Pid.SETUP)):
                    m.d.sync += setup.eq(Cat(setup.as_value()[8:], receiver.byte))
                hear_token()
                with m.If(receiver.data):
                    with m.If(is_control & (kind == Pid.SETUP)):
                        m.d.comb += requests.set.eq(1)
                        m.d.sync += stage_toggle.eq(1)
                        answer(Pid.ACK)
                    with m.Elif(is_control):
                        answer(Mux(requests.refused, Pid.STALL, Pid.ACK))
                    with m.Elif(is_bulk & (receiver.pid[3] != come_toggle)):
                        answer(Pid.ACK)  # it has come before, and its handshake was lost
                    with m.Elif(is_bulk & ~fits):
                        answer(Pid.NAK)
                    with m.Elif(is_bulk):
                        m.d.comb += self.come.eq(1)
                        m.d.sync += come_toggle.eq(~come_toggle)
                        answer(Pid.ACK)
            with m.State("GIVE"):
                m.next = "IDLE"
                with m.If(is_bulk & self.i_valid):
                    answer(data_pid(going_toggle), 1, self.i_length)
                with m.Elif(is_bulk | is_notices):
                    answer(Pid.NAK)
                with m.Elif(is_control & requests.refused):
                    answer(Pid.STALL)
                with m.Elif(is_control & requests.reads):
                    answer(data_pid(stage_toggle), 1, requests.length)
                with m.Elif(is_control):
                    answer(Pid.DATA1, 1, 0)
            with m.State("PAUSE"):
                m.d.sync += pause.eq(pause + 1)
                with m.If(pause == PAUSE):
                    m.d.sync += pause.eq(0)
                    m.d.comb += sender.start.eq(1)
                    m.next = "SEND"
            with m.State("SEND"), m.If(~sender.busy):
                m.d.sync += waited.eq(0)
                m.next = "IDLE"
                with m.If(sender.has_data):
                    m.next = "ACK"
            with m.State("ACK"):
                wait()
                hear_token()
                with m.If(receiver.ack):
                    with m.If(is_bulk):
                        m.d.comb += self.taken.eq(1)
                        m.d.sync += going_toggle.eq(~going_toggle)
                    with m.Elif(requests.reads):
                        m.d.comb += requests.taken.eq(1)
                        m.d.sync += stage_toggle.eq(~stage_toggle)
                    with m.Elif(requests.effect == Effect.ADDRESS):
                        m.d.sync += address.eq(setup.value)
                    with m.Elif(requests.effect == Effect.CONFIGURATION):
                        m.d.sync += configured.eq(setup.value[0])
                        m.d.sync += [come_toggle.eq(0), going_toggle.eq(0)]
                    with m.Elif(requests.effect == Effect.CLEAR_HALT):
                        toggles = Mux(setup.index[7], 1, 2)  # those that stay
                        both = Cat(come_toggle, going_toggle)
                        m.d.sync += both.eq(both & toggles)
                    with m.Elif(requests.effect == Effect.LINES):
                        m.d.sync += self.open.eq(setup.value[0])
        m.d.comb += sender.byte.eq(Mux(is_control, requests.byte, self.i_byte))
        with m.If(bits.reset):
            m.d.sync += [address.eq(0), configured.eq(0), self.open.eq(0)]
            m.d.sync += [come_toggle.eq(0), going_toggle.eq(0)]
        return m


def data_pid(toggle: Signal):
    """DATA0 or DATA1."""
    return Mux(toggle, Pid.DATA1, Pid.DATA0)
