"""The serial link between a host and an accelerator: what goes over it. Version 3.

The line is a UART: 8 data bits, no parity, 1 stop bit. The host sends one request and waits for
its reply. All numbers are little-endian. Requests and replies are packets::

    bytes       request      reply
    2           A5 5A        5A A5
    1           version 3    version 3
    1           Request      Status
    3           length       length       in bytes, of number and payload together
    1           number       number
    length - 1  payload      payload
    4           CRC-32       CRC-32       zlib.crc32 of all between the two sync bytes and it

All but number and payload is the same in every version, so that two versions can tell each other
apart. The host gives its requests the numbers 1 to 255, then 1 again; a reply, an error too,
has the number of the request that it answers. It is 0 in the reply to a request whose header did
not come whole. A number is enough to know an answer by: bytes do not overtake each other, so what
answers an earlier request comes before what answers a later one, and is dropped by its number.
Only an answer that comes when 255 requests have been given up since could be taken for another,
and each of them takes 1.5 ``idle_s`` or more: 38 s.

``Request.FRAME`` carries height * width * colours bytes: rows, then columns, colour fastest, in
chunks of ``chunk_pixels`` pixels, the last one maybe shorter. A CRC-32 stands behind each chunk, of
all since the one before it; the last chunk's is the packet's. So a board plays a chunk while the
next one comes, and needs no room for a frame. Its reply is ``Status.RESULT`` with one signed score
for each class, then the best classes, best first: the first of them is the label. ``Info`` gives
how many they are, and the bytes of each. ``Request.QUERY`` carries nothing; its reply is
``Status.INFO`` with an ``Info``.

The accelerator sees a chunk only after its CRC was found right. Where a frame ends with an error
after that, the board makes up the rest of it, drops what comes of it, and until then answers other
frames with ``Status.BUSY``; so it does where the accelerator has not taken a chunk when the next
one is in and more are to come.

Where weights lie in a memory outside the chip, ``Info.load_words`` says how many words of 16 bits,
low byte first, must be loaded into it after the board's start. ``Request.WORDS`` carries some of
them, the next ones; ``Request.MEMORY`` carries nothing. The reply to both is ``Status.MEMORY`` with
a ``Memory`` in a byte, and in four bytes how many words have come of those that are wanted. Once
all have come the board reads them back, and it is ``Memory.READY``, or ``Memory.BAD`` and wants all
of them again, from the first. Words of a packet with a wrong CRC may have come too: the count says.
Until it is ready frames are refused, with ``Status.UNLOADED`` or ``Status.SPOILT``.

Every other status is an error and has no payload. Version, kind and length are judged when the
header is in, so a wrong length is refused at once, while the host may still be sending. After an
error the board throws away what it receives until the line has been idle for ``idle_s``; so does a
request that stops in the middle get its ``Status.TIMEOUT``. While it answers it throws away what
comes, and until it sees the sync bytes it ignores everything, and says nothing: a request that
comes too early or whose sync bytes are damaged has no reply.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import astuple, dataclass
from enum import IntEnum

from fq_hw.errors import require

__all__ = [
    "BAUD",
    "BITS_PER_BYTE",
    "CHUNK_PIXELS",
    "CRC_BYTES",
    "HEADER_BYTES",
    "IDLE_S",
    "INFO",
    "LAST_NUMBER",
    "MEMORY",
    "NO_NUMBER",
    "NUMBER_BYTES",
    "REPLY_SYNC",
    "REQUEST_SYNC",
    "VERSION",
    "Info",
    "Memory",
    "Request",
    "Status",
    "frame_request",
    "pack",
    "payload_bytes",
    "reply_bytes",
    "request_bytes",
]

BAUD = 1_000_000  # 25 clock cycles a bit on the ULX3S; its USB bridge divides 3 MHz
BITS_PER_BYTE = 10  # on the line: a start bit, 8 data bits, a stop bit
VERSION = 3
REQUEST_SYNC = b"\xa5\x5a"
REPLY_SYNC = b"\x5a\xa5"
NUMBER_BYTES = 1
HEADER_BYTES = 5 + NUMBER_BYTES  # version, kind or status, length, number
LENGTH_BYTES = 3
CRC_BYTES = 4
NO_NUMBER, LAST_NUMBER = 0, 255
IDLE_S = 0.1  # longer than any pause inside a write that a USB bridge or a busy host makes
CHUNK_PIXELS = 256  # two chunks of three colours are one block RAM of an ECP5
INFO = struct.Struct("<IBHBBBHI")
MEMORY = struct.Struct("<BI")


class Request(IntEnum):
    """What a request asks for."""

    FRAME = 1
    QUERY = 2
    MEMORY = 3
    WORDS = 4


class Status(IntEnum):
    """What a reply says; from BAD_VERSION on it is an error."""

    RESULT = 0
    INFO = 1
    MEMORY = 2
    BAD_VERSION = 0x80
    BAD_KIND = 0x81
    BAD_LENGTH = 0x82
    BAD_CHECK = 0x83
    TIMEOUT = 0x84
    FRAMING = 0x85
    BUSY = 0x86
    UNLOADED = 0x87
    SPOILT = 0x88


class Memory(IntEnum):
    """How the memory outside the chip is."""

    WANTED = 0  # words are missing, or are being read back
    READY = 1
    BAD = 2  # what was read back is not what belongs there


@dataclass(frozen=True, kw_only=True)
class Info:
    """What a board was built for."""

    pixels: int
    colours: int
    classes: int
    best: int
    label_bytes: int
    score_bytes: int
    chunk_pixels: int = CHUNK_PIXELS
    load_words: int = 0

    def pack(self) -> bytes:
        """The payload of ``Status.INFO``; ParameterError where a number exceeds its field."""
        try:
            return INFO.pack(*astuple(self))
        except struct.error:
            message = "needs pixels and load_words < 2**32, classes and chunk_pixels < 2**16, "
            message += "the others < 2**8"
            require(False, "Info", message, self)

    @property
    def frame_bytes(self) -> int:
        """A frame's pixels, in bytes."""
        return self.pixels * self.colours

    @property
    def chunk_bytes(self) -> int:
        """A whole chunk's pixels, in bytes."""
        return self.chunk_pixels * self.colours

    @property
    def result_bytes(self) -> int:
        """The payload of ``Status.RESULT``, in bytes."""
        return self.classes * self.score_bytes + self.best * self.label_bytes


def pack(
    sync: bytes, code: int, number: int, payload: bytes = b"", version: int = VERSION
) -> bytes:
    """One packet: a request (``REQUEST_SYNC``, Request) or a reply (``REPLY_SYNC``, Status)."""
    length, limit = NUMBER_BYTES + len(payload), 256**LENGTH_BYTES - NUMBER_BYTES
    fits = len(payload) < limit
    require(fits, "packet", f"payload must be shorter than {limit} bytes", len(payload))
    body = bytes([version, code]) + length.to_bytes(LENGTH_BYTES, "little")
    body += bytes([number]) + payload
    return sync + body + zlib.crc32(body).to_bytes(CRC_BYTES, "little")


def payload_bytes(frame_bytes: int, chunk_bytes: int) -> int:
    """The payload of ``Request.FRAME``, in bytes: chunks, and the CRCs between them."""
    return frame_bytes + (frame_bytes - 1) // chunk_bytes * CRC_BYTES


def frame_request(number: int, frame: bytes, info: Info) -> bytes:
    """The packet of ``Request.FRAME``."""
    length = NUMBER_BYTES + payload_bytes(info.frame_bytes, info.chunk_bytes)
    part = bytes([VERSION, Request.FRAME]) + length.to_bytes(LENGTH_BYTES, "little")
    part += bytes([number])
    found = bytearray(REQUEST_SYNC)
    for at in range(0, len(frame), info.chunk_bytes):
        part += frame[at : at + info.chunk_bytes]
        found += part + zlib.crc32(part).to_bytes(CRC_BYTES, "little")
        part = b""
    return bytes(found)


AROUND = len(REQUEST_SYNC) + HEADER_BYTES + CRC_BYTES  # bytes of a packet beside its payload


def request_bytes(info: Info) -> int:
    """Bytes on the link of one frame's request."""
    return AROUND + payload_bytes(info.frame_bytes, info.chunk_bytes)


def reply_bytes(info: Info) -> int:
    """Bytes on the link of the reply to it."""
    return AROUND + info.result_bytes
