"""Amaranth's platform of UPduino v3 with the clock of its crystal and a UART on its pins.

Its own platform takes the oscillator inside the chip, which is not exact enough for a UART. That
the flash has a pin HOLD there leaves none for the crystal.
"""

from __future__ import annotations

from typing import ClassVar

from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth_boards.resources import SPIFlashResources, UARTResource
from amaranth_boards.upduino_v3 import UpduinoV3Platform

__all__ = ["UPduino"]

LEVELS = Attrs(IO_STANDARD="SB_LVCMOS")


class UPduino(UpduinoV3Platform):
    """Its jumper OSC is closed: the crystal is on pin 20. A UART is on pins 23 (rx) and 25 (tx)."""

    default_clk = "clk12"
    resources: ClassVar = [
        Resource("clk12", 0, Pins("20", dir="i"), Clock(12e6), LEVELS),
        UARTResource(0, rx="23", tx="25", attrs=LEVELS),
        *SPIFlashResources(0, cs_n="16", clk="15", cipo="17", copi="14", attrs=LEVELS),
    ]
