"""A board's UART as a link."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from boards.byte_link import ByteLink
from boards.protocol import BAUD, IDLE_S
from boards.uart import UartReceiver, UartTransmitter, divisor
from fq_hw.errors import require

__all__ = ["SerialLink"]


class SerialLink(ByteLink):
    """Two pins, on which the host waits for a reply; bytes are fresh after ``idle_s`` without one.

    Members     as ByteLink; rx: In(1), asynchronous, 1 when idle; tx: Out(1), 1 when idle
    Latency     that of UartReceiver and UartTransmitter
    Errors      broken: a byte without its stop bit, which is not offered
    """

    pins = {"rx": In(1, init=1), "tx": Out(1, init=1)}

    def __init__(self, *, clock_hz: float, baud: float = BAUD, idle_s: float = IDLE_S):
        self.divisor = divisor(clock_hz, baud)
        self.idle_cycles = round(clock_hz * idle_s)
        contract = "idle_s must be longer than two bytes on the line"
        require(self.idle_cycles > 20 * self.divisor, "SerialLink", contract, idle_s)
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.uart_rx = uart_rx = UartReceiver(self.divisor)
        m.submodules.uart_tx = uart_tx = UartTransmitter(self.divisor)
        idle_for = Signal(range(self.idle_cycles + 1))

        m.d.comb += [
            uart_rx.rx.eq(self.rx),
            self.tx.eq(uart_tx.tx),
            self.broken.eq(uart_rx.framing_error),
            self.fresh.eq(idle_for == self.idle_cycles),
        ]
        wiring.connect(m, uart_rx.o, wiring.flipped(self.o))
        wiring.connect(m, wiring.flipped(self.i), uart_tx.i)
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += idle_for.eq(0)
        with m.Elif(~self.fresh):
            m.d.sync += idle_for.eq(idle_for + 1)
        return m
