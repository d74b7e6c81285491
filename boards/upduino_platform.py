"""Amaranth's platform of UPduino v3 with the clock of its crystal and a UART on its pins.

Its own platform takes the oscillator inside the chip, which is not exact enough for a UART.
"""

from __future__ import annotations

from typing import ClassVar

from amaranth.build import Attrs
from amaranth_boards.resources import UARTResource
from amaranth_boards.upduino_v3 import UpduinoV3Platform

__all__ = ["UPduino"]

UART = UARTResource(0, rx="23", tx="25", attrs=Attrs(IO_STANDARD="SB_LVCMOS"))


class UPduino(UpduinoV3Platform):
    """Its jumper OSC is closed: the crystal is on pin 20. A UART is on pins 23 (rx) and 25 (tx)."""

    default_clk = "clk12"
    resources: ClassVar = [*UpduinoV3Platform.resources, UART]
