"""What goes over UDP between a host and a board: pieces of the streams of bytes, with credit.

``boards.protocol`` says what the bytes are. A request's bytes go in datagrams of up to PAYLOAD
each, the first one marked BEGIN; a reply's go back so, the last one marked END. Both ways a
datagram begins with a header; numbers are little-endian::

    bytes  to the board         to the host
    2      "FQ"                 "FQ"
    1      version 1            version 1
    1      flags                flags
    2      number               number
    2      0                    limit

Numbers count the datagrams with a payload, modulo 2**16, each way by itself. The board takes them
in order only. One from before the next number is an old one, and dropped. One from behind it shows
that others were lost: what is left of their request is dropped, and the board answers it with
``Status.TIMEOUT``, if its header had come. So a datagram that is lost, damaged or out of order
costs one frame, and one that came twice none.

``limit`` is credit: the first number for which the board has no room yet. The host sends up to it,
and waits; what is sent beyond is lost. The board tells it with every reply, and by itself when a
quarter of its room has become free. A datagram marked POLL has no payload; its number is that of
the next one with a payload. The board goes on from there, answers with its limit, and hears from
then on the host that sent it, and no other. So a conversation starts, and goes on where credit was
lost.

Ethernet's own CRC-32 guards each datagram on its way, and the CRC-32 of ``boards.protocol`` what
was put together of them. The checksum of IP's header is checked; UDP's is 0, which says that there
is none.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntFlag

__all__ = [
    "HEADER",
    "MAGIC",
    "NUMBERS",
    "PAYLOAD",
    "PORT",
    "SLOTS",
    "VERSION",
    "WIRE_BYTES",
    "Datagram",
    "Flag",
]

MAGIC = b"FQ"
VERSION = 1
HEADER = struct.Struct("<2sBBHH")
PAYLOAD = 1024  # bytes of the stream in a datagram: one block RAM of an ECP5 has room for two
SLOTS = (
    16  # datagrams for which a board has room: 130 us of a full line, which a host needs to turn
)
NUMBERS = 2**16
PORT = 7654  # of UDP, on the board
# Around a payload: preamble, header and CRC of Ethernet, IP, UDP, HEADER, the gap to the next one.
WIRE_BYTES = 8 + 14 + 20 + 8 + HEADER.size + 4 + 12


class Flag(IntFlag):
    """What a datagram is."""

    BEGIN = 1  # its first byte is a request's, or a reply's
    END = 2  # its last byte is a reply's
    POLL = 4


@dataclass(frozen=True, kw_only=True)
class Datagram:
    """One datagram; ``limit`` is the board's credit."""

    flags: Flag
    number: int
    limit: int = 0
    payload: bytes = b""

    def pack(self) -> bytes:
        """As it goes over UDP."""
        return HEADER.pack(MAGIC, VERSION, self.flags, self.number, self.limit) + self.payload

    @classmethod
    def unpack(cls, raw: bytes) -> Datagram | None:
        """What came; None where it is nobody's."""
        if len(raw) < HEADER.size:
            return None
        magic, version, flags, number, limit = HEADER.unpack_from(raw)
        if (magic, version) != (MAGIC, VERSION):
            return None
        return cls(flags=Flag(flags), number=number, limit=limit, payload=raw[HEADER.size :])
