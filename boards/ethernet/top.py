"""A shell whose link is Ethernet, with its PHY's pins: what is simulated, and what a board gets."""

from __future__ import annotations

from amaranth.hdl import ClockDomain, ClockSignal, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from boards.ethernet.link import DOMAIN
from boards.ethernet.phy import PhyPins
from boards.ethernet.rgmii import RgmiiEcp5
from boards.shell import Shell

__all__ = ["CLOCK_HZ", "EthernetShell"]

CLOCK_HZ = 125e6  # of a PHY at one gigabit a second


class EthernetShell(wiring.Component):
    """``shell``, whose link is an EthernetLink, at the pins of an ECP5's PHY.

    Members     rx_clk: In(1), rx_ctl: In(1), rx_data: In(4), tx_clk: Out(1), tx_ctl: Out(1),
                tx_data: Out(4)
    Clocks      DOMAIN, which is driven by rx_clk, 125 MHz
    """

    def __init__(self, shell: Shell, pins: PhyPins):
        self.shell, self.pins = shell, pins
        super().__init__(
            {
                "rx_clk": In(1),
                "rx_ctl": In(1),
                "rx_data": In(4),
                "tx_clk": Out(1),
                "tx_ctl": Out(1),
                "tx_data": Out(4),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.domains += ClockDomain(DOMAIN, reset_less=True)
        m.submodules.shell = shell = self.shell
        m.submodules.phy = phy = RgmiiEcp5(self.pins)
        m.d.comb += [
            ClockSignal(DOMAIN).eq(self.rx_clk),
            phy.rx_ctl.eq(self.rx_ctl),
            phy.rx_data.eq(self.rx_data),
            self.tx_clk.eq(phy.tx_clk),
            self.tx_ctl.eq(phy.tx_ctl),
            self.tx_data.eq(phy.tx_data),
            shell.rx_valid.eq(phy.valid_in),
            shell.rx_data.eq(phy.data_in),
            phy.valid_out.eq(shell.tx_valid),
            phy.data_out.eq(shell.tx_data),
        ]
        return m
