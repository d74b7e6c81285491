"""Amaranth's platforms of Colorlight's i5 and i9, cards for a SODIMM socket.

The pins are those of litex-boards (2f06d08), which names their sources; the UART is that of the
extension board's programmer.
"""

from __future__ import annotations

from amaranth.build import Attrs, Clock, Pins, PinsN, Resource, Subsignal
from amaranth.vendor import LatticeECP5Platform
from amaranth_boards.resources import LEDResources, SDRAMResource, UARTResource

__all__ = ["ColorlightI5", "ColorlightI9"]

LEVELS = Attrs(IO_TYPE="LVCMOS33")


def ethernet(number: int, tx_clk: str, tx_ctrl: str, tx: str, rx_clk: str, rx_ctrl: str, rx: str):
    """One of the two PHYs (B50612D), in the order of their addresses; reset and MDIO are shared."""
    return Resource(
        "eth_rgmii", number,
        Subsignal("rst", PinsN("P4", dir="o")),
        Subsignal("mdio", Pins("P5", dir="io")),
        Subsignal("mdc", Pins("N5", dir="o")),
        Subsignal("tx_clk", Pins(tx_clk, dir="o")),
        Subsignal("tx_ctrl", Pins(tx_ctrl, dir="o")),
        Subsignal("tx_data", Pins(tx, dir="o")),
        Subsignal("rx_clk", Pins(rx_clk, dir="i")),
        Subsignal("rx_ctrl", Pins(rx_ctrl, dir="i")),
        Subsignal("rx_data", Pins(rx, dir="i")),
        LEVELS,
    )  # fmt: skip


RESOURCES = [
    Resource("clk25", 0, Pins("P3", dir="i"), Clock(25e6), LEVELS),
    UARTResource(0, rx="H18", tx="J17", attrs=LEVELS),
    SDRAMResource(  # DQM and CS are low on the card, CKE is high
        0,
        clk="B9", we_n="A10", cas_n="A9", ras_n="B10", ba="B11 C8",
        a="B13 C14 A16 A17 B16 B15 A14 A13 A12 A11 B12",
        dq="D15 E14 E13 D12 E12 D11 C10 B17 B8  A8  C7  A7  A6  B6  A5  B5 "
           "D5  C5  D6  C6  E7  D7  E8  D8  E9  D9  E11 C11 C12 D13 D14 C15",
        attrs=Attrs(IO_TYPE="LVCMOS33", SLEWRATE="FAST"),
    ),
    ethernet(0, "G1", "K1", "G2 H1 J1 J3", "H2", "P2", "K2 L1 N1 P1"),
    ethernet(1, "U19", "P19", "U20 T19 T20 R20", "L19", "M20", "P20 N19 N20 M19"),
]  # fmt: skip


class ColorlightI5(LatticeECP5Platform):
    """Version 7.0."""

    device, package, speed = "LFE5U-25F", "BG381", "6"
    default_clk = "clk25"
    resources = [*RESOURCES, *LEDResources(pins="U16", invert=True, attrs=LEVELS)]
    connectors = []


class ColorlightI9(LatticeECP5Platform):
    """Version 7.2."""

    device, package, speed = "LFE5U-45F", "BG381", "6"
    default_clk = "clk25"
    resources = [*RESOURCES, *LEDResources(pins="L2", invert=True, attrs=LEVELS)]
    connectors = []
