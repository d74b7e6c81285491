"""UART receiver and transmitter: 8 data bits, no parity, 1 stop bit, least significant first."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from fq_hw.errors import require

__all__ = ["UartReceiver", "UartTransmitter", "divisor"]


def divisor(clock_hz: float, baud: float) -> int:
    """Clock cycles of one bit; ParameterError where rounding would spoil the sampling."""
    cycles = round(clock_hz / baud)
    fits = cycles >= 4 and abs(clock_hz / baud - cycles) <= 0.02 * cycles
    contract = f"a bit must last 4 or more whole cycles of the clock of {clock_hz:g} Hz, within 2 %"
    require(fits, "UART baud rate", contract, baud)
    return cycles


class UartReceiver(wiring.Component):
    """Bytes from a serial line.

    Members     rx: In(1), asynchronous, 1 when idle
                o: Out(stream of u8)
                framing_error, overrun: Out(1), each high for one cycle
    Order       in the order received
    Latency     a byte is offered in the middle of its stop bit
    Throughput  one byte per 10 bits; the next start bit is looked for from the middle of the stop
    Errors      framing_error: the stop bit was 0; no byte is offered, and the line must go to 1
                before another start bit counts. overrun: a byte ended before the one before it
                was taken; the new one is lost
    Source      a start bit that has gone by its middle was noise
    """

    def __init__(self, divisor: int):
        self.divisor = divisor
        super().__init__(
            {
                "rx": In(1, init=1),
                "o": Out(stream.Signature(8)),
                "framing_error": Out(1),
                "overrun": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()

        rx = Signal(init=1)
        m.submodules.synchroniser = FFSynchronizer(self.rx, rx, init=1)
        left = Signal(range(self.divisor))  # cycles to the next sample
        bit = Signal(range(9))
        byte = Signal(8)

        with m.If(self.o.valid & self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(left != 0):
            m.d.sync += left.eq(left - 1)

        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [left.eq(self.divisor // 2 - 1), bit.eq(0)]
                with m.If(~rx):
                    m.next = "START"
            with m.State("START"), m.If(left == 0):
                m.d.sync += left.eq(self.divisor - 1)
                with m.If(rx):
                    m.next = "IDLE"
                with m.Else():
                    m.next = "BITS"
            with m.State("BITS"), m.If(left == 0):
                m.d.sync += [left.eq(self.divisor - 1), bit.eq(bit + 1)]
                with m.If(bit != 8):
                    m.d.sync += byte.eq(Cat(byte[1:], rx))
                with m.Elif(rx):
                    m.next = "IDLE"
                    with m.If(self.o.valid & ~self.o.ready):
                        m.d.comb += self.overrun.eq(1)
                    with m.Else():
                        m.d.sync += [self.o.payload.eq(byte), self.o.valid.eq(1)]
                with m.Else():
                    m.d.comb += self.framing_error.eq(1)
                    m.next = "BREAK"
            with m.State("BREAK"), m.If(rx):
                m.next = "IDLE"
        return m


class UartTransmitter(wiring.Component):
    """A serial line from bytes.

    Members     i: In(stream of u8)
                tx: Out(1), 1 when idle
    Order       as taken
    Latency     the start bit begins in the cycle after the byte was taken
    Throughput  one byte per 10 bits and one cycle
    Errors      none
    """

    def __init__(self, divisor: int):
        self.divisor = divisor
        super().__init__({"i": In(stream.Signature(8)), "tx": Out(1, init=1)})

    def elaborate(self, platform):
        m = Module()

        left = Signal(range(self.divisor))
        bits = Signal(range(11))  # still to send, stop bit included
        word = Signal(9, init=0x1FF)

        m.d.comb += [self.i.ready.eq(bits == 0), self.tx.eq(word[0])]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [
                word.eq(Cat(Const(0, 1), self.i.payload)),
                bits.eq(10),
                left.eq(self.divisor - 1),
            ]
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        with m.Elif(bits != 0):
            m.d.sync += [
                word.eq(Cat(word[1:], Const(1, 1))),
                bits.eq(bits - 1),
                left.eq(self.divisor - 1),
            ]
        return m
