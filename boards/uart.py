"""UART receiver and transmitter: 8 data bits, no parity, 1 stop bit, least significant first."""

from __future__ import annotations

from fractions import Fraction

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from fq_hw.errors import require

__all__ = ["BitClock", "UartReceiver", "UartTransmitter", "divisor"]


PARTS = 16  # of a clock cycle, where bits are not whole cycles
FEWEST = 8  # cycles of such a bit: its ends are a cycle early or late


def divisor(clock_hz: float, baud: float) -> Fraction:
    """Clock cycles of one bit: whole ones within 2 %, or 8 and more in sixteenths.

    Raises ParameterError where rounding would spoil the sampling.
    """
    wanted = clock_hz / baud
    cycles = Fraction(round(wanted))
    if abs(wanted - cycles) > 0.02 * cycles and wanted >= FEWEST:
        cycles = Fraction(round(PARTS * wanted), PARTS)
    fits = cycles >= 4 and abs(wanted - cycles) <= 0.02 * cycles
    contract = f"a bit must last 8 or more cycles of the clock of {clock_hz:g} Hz, or whole ones "
    require(fits, "UART baud rate", contract + "from 4 up, within 2 %", baud)
    return cycles


class BitClock:
    """How long the next bit lasts, as a timer counts down: ``cycles`` of it on the average."""

    def __init__(self, cycles: Fraction | int):
        self.cycles = Fraction(cycles)
        self.whole, self.rest = divmod(int(PARTS * self.cycles), PARTS)
        self.phase = Signal(range(PARTS))
        self.sum = self.phase + self.rest

    @property
    def longest(self) -> int:
        """Cycles that a bit may last."""
        return self.whole + (self.rest > 0)

    def next(self, timer: Signal) -> list[object]:
        """Begin a bit."""
        if not self.rest:
            return [timer.eq(self.whole - 1)]
        late = self.sum >= PARTS
        return [timer.eq(Mux(late, self.whole, self.whole - 1)), self.phase.eq(self.sum)]

    def half(self, timer: Signal) -> list[object]:
        """Begin half a bit, from which whole ones go on."""
        steps = [timer.eq(int(self.cycles / 2) - 1)]
        return steps + [self.phase.eq(0)] * (self.rest > 0)


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

    def __init__(self, divisor: Fraction | int):
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
        clock = BitClock(self.divisor)
        left = Signal(range(clock.longest))  # cycles to the next sample
        bit = Signal(range(9))
        byte = Signal(8)

        with m.If(self.o.valid & self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(left != 0):
            m.d.sync += left.eq(left - 1)

        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [*clock.half(left), bit.eq(0)]
                with m.If(~rx):
                    m.next = "START"
            with m.State("START"), m.If(left == 0):
                m.d.sync += clock.next(left)
                with m.If(rx):
                    m.next = "IDLE"
                with m.Else():
                    m.next = "BITS"
            with m.State("BITS"), m.If(left == 0):
                m.d.sync += [*clock.next(left), bit.eq(bit + 1)]
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

    def __init__(self, divisor: Fraction | int):
        self.divisor = divisor
        super().__init__({"i": In(stream.Signature(8)), "tx": Out(1, init=1)})

    def elaborate(self, platform):
        m = Module()

        clock = BitClock(self.divisor)
        left = Signal(range(clock.longest))
        bits = Signal(range(11))  # still to send, stop bit included
        word = Signal(9, init=0x1FF)

        m.d.comb += [self.i.ready.eq(bits == 0), self.tx.eq(word[0])]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [
                word.eq(Cat(Const(0, 1), self.i.payload)),
                bits.eq(10),
                *clock.next(left),
            ]
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        with m.Elif(bits != 0):
            m.d.sync += [
                word.eq(Cat(word[1:], Const(1, 1))),
                bits.eq(bits - 1),
                *clock.next(left),
            ]
        return m
