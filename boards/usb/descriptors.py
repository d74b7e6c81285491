"""What the device says of itself: a serial port (CDC-ACM), for which hosts have a driver."""

from __future__ import annotations

import struct

from boards.usb.packets import PACKET

__all__ = ["BULK", "CONFIGURATION", "LINE_CODING", "NOTICES", "PRODUCT", "VENDOR", "configuration",
           "device", "strings"]  # fmt: skip

VENDOR, PRODUCT = 0x1209, 0x0001  # of pid.codes, for tests: nobody is sold a device with them
MAKER = "fq-hw"
NAME = f"{MAKER} accelerator"
CONFIGURATION = 1  # the only one
BULK, NOTICES = 1, 2  # endpoints: bytes each way; and the one that never says anything
LANGUAGE = 0x0409  # US English
CDC, ACM, AT_COMMANDS, CDC_DATA = 2, 2, 1, 10
LINE_CODING = struct.pack("<IBBB", 1_000_000, 0, 0, 8)  # which says nothing here


def descriptor(kind: int, form: str, *fields: int) -> bytes:
    """A descriptor: its length, its kind, its fields."""
    return struct.pack(f"<BB{form}", 2 + struct.calcsize(f"<{form}"), kind, *fields)


def device() -> bytes:
    """The device (USB 2.0, 9.6.1): of a communications class, with two strings."""
    fields = 0x0200, CDC, 0, 0, PACKET, VENDOR, PRODUCT, 0x0100, 1, 2, 0, 1
    return descriptor(1, "HBBBBHHHBBBB", *fields)


def configuration() -> bytes:
    """The configuration and all below it (USB 2.0, 9.6.3 to 9.6.6; CDC 1.2, 5.2; PSTN 1.2, 5.3)."""
    below = [
        descriptor(4, "BBBBBBB", 0, 0, 1, CDC, ACM, AT_COMMANDS, 0),
        descriptor(0x24, "BH", 0, 0x0120),  # CDC 1.2
        descriptor(0x24, "BBB", 1, 0, 1),  # calls are not managed; data go over interface 1
        descriptor(0x24, "BB", 2, 2),  # the requests of a line's coding and state
        descriptor(0x24, "BBB", 6, 0, 1),  # interface 0 speaks for 1
        descriptor(5, "BBHB", 0x80 | NOTICES, 3, 8, 255),
        descriptor(4, "BBBBBBB", 1, 0, 2, CDC_DATA, 0, 0, 0),
        descriptor(5, "BBHB", BULK, 2, PACKET, 0),
        descriptor(5, "BBHB", 0x80 | BULK, 2, PACKET, 0),
    ]
    total = 9 + sum(map(len, below))
    # Powered by the bus, 500 mA at most.
    return descriptor(2, "HBBBBB", total, 2, CONFIGURATION, 0, 0x80, 250) + b"".join(below)


def strings() -> list[bytes]:
    """The strings by their numbers; the first one says in which language they are."""
    return [descriptor(3, "H", LANGUAGE)] + [
        bytes([2 + 2 * len(text), 3]) + text.encode("utf-16-le") for text in (MAKER, NAME)
    ]
