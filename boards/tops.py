"""A shell on a board's pins: what Amaranth's platforms build."""

from __future__ import annotations

from amaranth.hdl import ClockSignal, Elaboratable, Module, Signal
from amaranth.lib import io

from boards.clock import PllClock
from boards.ethernet.phy import RESET_S, PhyPins
from boards.ethernet.top import CLOCK_HZ, EthernetShell
from boards.pll import Setting
from boards.shell import Shell
from boards.usb.top import UsbShell

__all__ = ["PHY_CLOCK", "USB_CLOCK", "EthernetTop", "SerialTop", "SpiTop", "Top", "UsbTop"]

PHY_CLOCK, USB_CLOCK = "phy_clock", "usb_clk"


class Top(Elaboratable):
    """The design's top: a shell, and its clock from ``clock``.

    Without a clock the platform makes it, from the board's oscillator.
    """

    def __init__(self, shell: Shell, clock: PllClock | None = None):
        self.shell, self.clock = shell, clock

    def begin(self) -> Module:
        """The module, with its clock."""
        m = Module()
        if self.clock:
            m.domains += self.clock.domains
            m.submodules.clock = self.clock
        return m


class SerialTop(Top):
    """A Shell on the board's ``uart`` resource."""

    def elaborate(self, platform):
        m = self.begin()
        m.submodules.shell = self.shell
        uart = platform.request("uart", 0, dir="-")
        m.submodules.rx = rx = io.Buffer("i", uart.rx)
        m.submodules.tx = tx = io.Buffer("o", uart.tx)
        m.d.comb += [self.shell.rx.eq(rx.i), tx.o.eq(self.shell.tx)]
        return m


class SpiTop(Top):
    """A Shell on the board's ``spi`` resource; it drives cipo while it is selected."""

    def elaborate(self, platform):
        m = self.begin()
        m.submodules.shell = shell = self.shell
        spi = platform.request("spi", 0, dir="-")
        m.submodules.clk = clk = io.Buffer("i", spi.clk)
        m.submodules.cs = cs = io.Buffer("i", spi.cs)
        m.submodules.copi = copi = io.Buffer("i", spi.copi)
        m.submodules.cipo = cipo = io.Buffer("o", spi.cipo)
        m.d.comb += [shell.sck.eq(clk.i), shell.cs_n.eq(~cs.i), shell.copi.eq(copi.i)]
        m.d.comb += [cipo.o.eq(shell.cipo), cipo.oe.eq(cs.i)]
        return m


class EthernetTop(Top):
    """A Shell on the board's PHY, which is reset first.

    clock_hz  of the design
    """

    def __init__(self, shell: Shell, pins: PhyPins, clock_hz: float, clock: PllClock | None = None):
        super().__init__(shell, clock)
        self.pins, self.clock_hz = pins, clock_hz

    def elaborate(self, platform):
        m = self.begin()
        pins = self.pins
        m.submodules.shell = shell = EthernetShell(self.shell, pins)
        phy = platform.request(pins.resource, pins.number, dir="-")

        def found(*names: str) -> io.PortLike:
            """Platforms call the control pins by either name."""
            return next(getattr(phy, name) for name in names if hasattr(phy, name))

        inputs = {"rx_ctl": ("rx_ctl", "rx_ctrl"), "rx_data": ("rx_data",)}
        for name, names in inputs.items():
            m.submodules[name] = pin = io.Buffer("i", found(*names))
            m.d.comb += getattr(shell, name).eq(pin.i)
        outputs = {"tx_clk": ("tx_clk",), "tx_ctl": ("tx_ctl", "tx_ctrl"), "tx_data": ("tx_data",)}
        for name, names in outputs.items():
            m.submodules[name] = pin = io.Buffer("o", found(*names))
            m.d.comb += pin.o.eq(getattr(shell, name))
        # By a name of its own, which nextpnr's constraint and report have.
        clock = Signal(name=PHY_CLOCK, attrs={"keep": "1"})
        m.submodules.rx_clk = pin = io.Buffer("i", phy.rx_clk)
        m.d.comb += [clock.eq(pin.i), shell.rx_clk.eq(clock)]
        platform.add_clock_constraint(clock, CLOCK_HZ)

        cycles = round(RESET_S * self.clock_hz)
        left = Signal(range(cycles + 1), init=cycles)
        m.submodules.rst = rst = io.Buffer("o", phy.rst)
        m.d.comb += rst.o.eq(left != 0)
        with m.If(left != 0):
            m.d.sync += left.eq(left - 1)
        return m


class UsbTop(Top):
    """A Shell on the board's ``usb`` resource, an ECP5's.

    setting  of a PLL that makes 48 MHz; None where the oscillator does
    """

    def __init__(self, shell: Shell, setting: Setting | None, clock: PllClock | None = None):
        super().__init__(shell, clock)
        self.setting = setting

    def elaborate(self, platform):
        m = self.begin()
        m.submodules.shell = shell = UsbShell(self.shell)
        usb = platform.request("usb", 0, dir="-")
        for name, pin in (("d_p", usb.d_p), ("d_n", usb.d_n)):
            m.submodules[name] = buffer = io.Buffer("io", pin)
            m.d.comb += [
                getattr(shell, f"{name}_i").eq(buffer.i),
                buffer.o.eq(getattr(shell, f"{name}_o")),
                buffer.oe.eq(shell.d_oe),
            ]
        m.submodules.pull_up = pull_up = io.Buffer("o", usb.pullup)
        m.d.comb += pull_up.o.eq(1)  # of D+, which says: full speed

        made = self.clock.oscillator if self.clock else ClockSignal()
        if self.setting:
            m.submodules.usb_pll = pll = PllClock(
                self.setting, "ecp5", name="usb_made", source=made
            )
            m.domains += pll.domains
            made = pll.sync.clk
        if self.clock or self.setting:  # else it is the design's clock
            clock = Signal(name=USB_CLOCK, attrs={"keep": "1"})
            m.d.comb += clock.eq(made)
            made = clock
        m.d.comb += shell.usb_clk.eq(made)
        return m
