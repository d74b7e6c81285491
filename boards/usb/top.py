"""A shell whose link is USB, with its clock: what is simulated, and what a board gets."""

from __future__ import annotations

from amaranth.hdl import ClockDomain, ClockSignal, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from boards.shell import Shell
from boards.usb.link import UsbLink
from boards.usb.packets import DOMAIN

__all__ = ["CLOCK_HZ", "UsbShell"]

CLOCK_HZ = 48e6  # four samples of each bit


class UsbShell(wiring.Component):
    """``shell``, whose link is a UsbLink.

    Members     usb_clk: In(1), of 48 MHz; the others are the link's
    """

    def __init__(self, shell: Shell):
        self.shell = shell
        super().__init__({"usb_clk": In(1)} | UsbLink.pins)

    def elaborate(self, platform):
        m = Module()
        m.domains += ClockDomain(DOMAIN, reset_less=True)
        m.submodules.shell = shell = self.shell
        m.d.comb += ClockSignal(DOMAIN).eq(self.usb_clk)
        for name, member in UsbLink.pins.items():
            inner, outer = getattr(shell, name), getattr(self, name)
            m.d.comb += inner.eq(outer) if member.flow is In else outer.eq(inner)
        return m
