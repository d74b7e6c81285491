"""A host's driver for a serial port on USB (CDC-ACM), on a simulated host.

``UsbSerial`` is to ``boards.link`` what pyserial's port is on Linux's, so that the host's side is
the same for the simulation and for the board.
"""

from __future__ import annotations

import struct

from sim.usb_host import CYCLES_PER_S, PACKET, Device, UsbHost, failed

__all__ = ["UsbSerial"]

CODING, LINES = 0x20, 0x22  # requests of the class (PSTN 1.2, 6.3)
INTERFACE = 0x21
LINE_CODING = struct.pack("<IBBB", 1_000_000, 0, 0, 8)
OPEN, CLOSED = 3, 0  # DTR and RTS


class UsbSerial:
    """The port of ``device``, open, with ``read`` and ``write`` as pyserial's.

    timeout  seconds of simulated time for which ``read`` waits, and ``write`` for room
    """

    def __init__(self, host: UsbHost, device: Device, timeout: float):
        self.host, (self.out, self.into) = host, device.bulk
        self.limit = timeout * CYCLES_PER_S
        self.heard = bytearray()
        self.open()

    def open(self) -> None:
        """As Linux does it."""
        self.host.ask(INTERFACE, CODING, 0, 0, payload=LINE_CODING)
        self.host.ask(INTERFACE, LINES, OPEN)

    def close(self) -> None:
        """What was not read is gone from the host, and waits on the board where it is still."""
        self.host.ask(INTERFACE, LINES, CLOSED)
        self.heard.clear()

    def write(self, data: bytes) -> int:
        """Send bytes; those that come meanwhile are kept."""
        ends = self.host.pins.now + self.limit
        for at in range(0, len(data), PACKET):
            while not self.host.put(self.out, data[at : at + PACKET]):
                self.poll()
                if self.host.pins.now > ends:
                    failed("bytes must be taken in time")
        return len(data)

    def poll(self) -> bool:
        """Ask for a packet; whether there was one."""
        packet = self.host.get(self.into)
        self.heard += packet or b""
        return packet is not None

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; fewer where no more come in time."""
        ends = self.host.pins.now + self.limit
        while len(self.heard) < size and self.host.pins.now < ends:
            self.poll()
        found = bytes(self.heard[:size])
        del self.heard[:size]
        return found

    def reset_input_buffer(self) -> None:
        """Forget what has come."""
        while self.poll():
            pass
        self.heard.clear()

    def sleep(self, seconds: float) -> None:
        """Let simulated time pass; an open port is read meanwhile."""
        self.host.sleep(seconds * CYCLES_PER_S)
        while self.poll():
            pass
