"""What packets of USB are called (USB 2.0, 8.3.1), and how many bytes they carry."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["DOMAIN", "PACKET", "SAMPLES", "Pid"]

DOMAIN = "usb"  # the clock domain, SAMPLES in each bit
SAMPLES = 4
PACKET = 64  # bytes at most


class Pid(IntEnum):
    """The low half of a packet's first byte; the high half is its complement."""

    OUT = 0b0001
    IN = 0b1001
    SOF = 0b0101
    SETUP = 0b1101
    DATA0 = 0b0011
    DATA1 = 0b1011
    ACK = 0b0010
    NAK = 0b1010
    STALL = 0b1110
