"""The pins of a gigabit PHY: RGMII, four bits at each edge of its clock.

Sources: RGMII 2.0 (Hewlett-Packard, 2002); Lattice FPGA-TN-02035, ECP5 high-speed I/O (IDDRX1F,
ODDRX1F, DELAYG).
"""

from __future__ import annotations

from amaranth.hdl import Cat, ClockSignal, Instance, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from boards.ethernet.link import DOMAIN
from boards.ethernet.phy import STEP_NS, PhyPins

__all__ = ["RgmiiEcp5"]


class RgmiiEcp5(wiring.Component):
    """Pins of an ECP5, and bytes as EthernetLink wants them; both clocked by DOMAIN, the PHY's.

    Members     rx_ctl: In(1), rx_data: In(4), from the pins, and so tx_clk: Out(1), tx_ctl: Out(1),
                tx_data: Out(4)
                valid_in: Out(1), data_in: Out(8), valid_out: In(1), data_out: In(8)
    Latency     in: a cycle, and what IDDRX1F takes; out: what ODDRX1F takes
    Resources   no LUT; the cells of eleven pins
    Errors      a byte that the PHY marks as damaged spoils its frame's CRC
    Source      the clock that is sent is the one received, as the PHY is master of both
    """

    def __init__(self, pins: PhyPins):
        self.pins = pins
        super().__init__(
            {
                "rx_ctl": In(1),
                "rx_data": In(4),
                "tx_clk": Out(1),
                "tx_ctl": Out(1),
                "tx_data": Out(4),
                "valid_in": Out(1),
                "data_in": Out(8),
                "valid_out": In(1),
                "data_out": In(8),
            }
        )

    def elaborate(self, platform):
        m = Module()
        rising, falling = Signal(5), Signal(5)
        for n, pin in enumerate(Cat(self.rx_data, self.rx_ctl)):
            late = Signal(name=f"rx_{n}_late")
            m.submodules += self.delay(pin, late, self.pins.rx_delay_ns)
            m.submodules += Instance(
                "IDDRX1F", i_D=late, i_SCLK=ClockSignal(DOMAIN), i_RST=0,
                o_Q0=rising[n], o_Q1=falling[n],
            )  # fmt: skip
        # The control pin says "valid" at the rising edge; it changes at the other if damaged.
        valid, damaged = rising[4], rising[4] ^ falling[4]
        byte = Cat(rising[:4], falling[:4])
        m.d[DOMAIN] += [self.valid_in.eq(valid), self.data_in.eq(Mux(damaged, ~byte, byte))]

        ctl = (self.valid_out, self.valid_out)
        nibbles = zip(self.data_out[:4], self.data_out[4:], strict=True)
        sent = [*zip(self.tx_data, nibbles, strict=True), (self.tx_ctl, ctl)]
        for n, (pin, (first, second)) in enumerate([*sent, (self.tx_clk, (1, 0))]):
            early = Signal(name=f"tx_{n}_early")
            m.submodules += Instance(
                "ODDRX1F", i_SCLK=ClockSignal(DOMAIN), i_RST=0, i_D0=first, i_D1=second, o_Q=early
            )
            delay = self.pins.tx_delay_ns if pin is self.tx_clk else 0.0
            m.submodules += self.delay(early, pin, delay)
        return m

    def delay(self, i: Signal, o: Signal, ns: float) -> Instance:
        """What a signal passes on its way from or to a pin."""
        return Instance(
            "DELAYG", p_DEL_MODE="SCLK_ALIGNED", p_DEL_VALUE=round(ns / STEP_NS), i_A=i, o_Z=o
        )
