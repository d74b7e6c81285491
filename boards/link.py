"""The host's side of the serial link to an accelerator, and its protocol, version 1.

The line is a UART: 8 data bits, no parity, 1 stop bit. The host sends one request and waits for
its reply. All numbers are little-endian. Requests and replies are packets::

    bytes  request      reply
    2      A5 5A        5A A5
    1      version 1    version 1
    1      Request      Status
    3      length       length         of the payload, in bytes
    length payload      payload
    4      CRC-32       CRC-32         zlib.crc32 of all between the two sync bytes and it

``Request.FRAME`` carries height * width * colours bytes: rows, then columns, colour fastest. Its
reply is ``Status.RESULT`` with the label, then one score for each class, signed; ``Info`` gives
the number of bytes of each. ``Request.QUERY`` carries nothing; its reply is ``Status.INFO`` with
an ``Info``. The accelerator sees a frame only after its length and its CRC were found right.

Every other status is an error and has no payload. Version, kind and length are judged when the
seventh byte is in, so a wrong length is refused at once, while the host may still be sending.
After an error the board throws away what it receives until the line has been idle for
``idle_s``; so does a request that stops in the middle get its ``Status.TIMEOUT``. Until it sees
the sync bytes the board ignores everything, and says nothing: a request whose sync bytes are
damaged has no reply.
"""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import astuple, dataclass
from enum import IntEnum
from typing import Protocol

from fq_hw.errors import FqHwError, require

__all__ = [
    "BAUD",
    "BITS_PER_BYTE",
    "HEADER_BYTES",
    "IDLE_S",
    "REPLY_SYNC",
    "REQUEST_SYNC",
    "VERSION",
    "Info",
    "Link",
    "LinkError",
    "Port",
    "Reply",
    "Request",
    "Result",
    "Status",
    "decode_result",
    "exchange_bytes",
    "pack",
    "read_reply",
]

BAUD = 1_000_000  # 25 clock cycles a bit on the ULX3S; its USB bridge divides 3 MHz
BITS_PER_BYTE = 10  # on the line: a start bit, 8 data bits, a stop bit
VERSION = 1
REQUEST_SYNC = b"\xa5\x5a"
REPLY_SYNC = b"\x5a\xa5"
HEADER_BYTES = 5  # version, kind or status, length
LENGTH_BYTES = 3
CRC_BYTES = 4
IDLE_S = 0.1  # longer than any pause inside a write that a USB bridge or a busy host makes
GARBAGE_LIMIT = 65_536  # bytes that may come before a reply's sync bytes
INFO = struct.Struct("<IBHBB")


class Request(IntEnum):
    """What a request asks for."""

    FRAME = 1
    QUERY = 2


class Status(IntEnum):
    """What a reply says; from BAD_VERSION on it is an error."""

    RESULT = 0
    INFO = 1
    BAD_VERSION = 0x80
    BAD_KIND = 0x81
    BAD_LENGTH = 0x82
    BAD_CHECK = 0x83
    TIMEOUT = 0x84
    FRAMING = 0x85


MEANING = {
    Status.BAD_VERSION: f"speaks another protocol version than {VERSION}; use the matching fq-hw",
    Status.BAD_KIND: "does not know this kind of request; use the matching fq-hw",
    Status.BAD_LENGTH: "was built for frames of another size; query it, or load the right network",
    Status.BAD_CHECK: "got a damaged request (CRC-32); send it again, or lower the baud rate",
    Status.TIMEOUT: "got only part of the request; send it again",
    Status.FRAMING: "got a byte without its stop bit; check that the baud rates agree",
}


class LinkError(FqHwError):
    """The board refused a request, or its reply is missing or damaged. ``status`` may be None."""

    def __init__(self, message: str, status: Status | None = None):
        super().__init__(message)
        self.status = status


class Port(Protocol):
    """A serial port; that of pyserial is one.

    ``read`` returns fewer bytes after its timeout. Where there are ``flush`` (wait until all is
    sent) and ``reset_input_buffer``, as in pyserial, the link uses them.
    """

    def read(self, size: int, /) -> bytes: ...
    def write(self, data: bytes, /) -> object: ...


@dataclass(frozen=True, kw_only=True)
class Info:
    """What a board was built for."""

    pixels: int
    colours: int
    classes: int
    label_bytes: int
    score_bytes: int

    def pack(self) -> bytes:
        """The payload of ``Status.INFO``; ParameterError where a number exceeds its field."""
        try:
            return INFO.pack(*astuple(self))
        except struct.error:
            message = "needs pixels < 2**32, classes < 2**16, the others < 2**8"
            require(False, "Info", message, self)

    @classmethod
    def unpack(cls, payload: bytes) -> Info:
        """The inverse of ``pack``; LinkError when the payload has another length."""
        _expect_bytes("Status.INFO", INFO.size, payload)
        return cls(**dict(zip(cls.__dataclass_fields__, INFO.unpack(payload), strict=True)))

    @property
    def frame_bytes(self) -> int:
        """The payload of ``Request.FRAME``, in bytes."""
        return self.pixels * self.colours

    @property
    def result_bytes(self) -> int:
        """The payload of ``Status.RESULT``, in bytes."""
        return self.label_bytes + self.classes * self.score_bytes


@dataclass(frozen=True)
class Reply:
    """A reply whose sync bytes, version and CRC were right."""

    status: Status
    payload: bytes


@dataclass(frozen=True)
class Result:
    """What the accelerator says of a frame; ``scores`` has one integer for each class."""

    label: int
    scores: tuple[int, ...]


def pack(sync: bytes, code: int, payload: bytes = b"", version: int = VERSION) -> bytes:
    """One packet: a request (``REQUEST_SYNC``, Request) or a reply (``REPLY_SYNC``, Status)."""
    fits = len(payload) < 256**LENGTH_BYTES
    require(fits, "packet", f"payload must be shorter than {256**LENGTH_BYTES} bytes", len(payload))
    body = bytes([version, code]) + len(payload).to_bytes(LENGTH_BYTES, "little") + payload
    return sync + body + zlib.crc32(body).to_bytes(CRC_BYTES, "little")


def exchange_bytes(info: Info) -> int:
    """Bytes on the line for one frame: its request and the reply to it."""
    around = len(REQUEST_SYNC + REPLY_SYNC) + 2 * (HEADER_BYTES + CRC_BYTES)
    return around + info.frame_bytes + info.result_bytes


def read_reply(read: Callable[[int], bytes]) -> Reply:
    """Read one reply with ``read(size)``, skipping what comes before its sync bytes.

    LinkError when ``read`` returns too few bytes, or version, status or CRC are wrong.
    """
    seen = b""
    for _ in range(GARBAGE_LIMIT):
        seen = (seen + _read_exactly(read, 1, "a reply"))[-len(REPLY_SYNC) :]
        if seen == REPLY_SYNC:
            break
    else:
        raise LinkError("board: sends no packets; check the baud rate and what is loaded")
    header = _read_exactly(read, HEADER_BYTES, "the head of the reply")
    body = _read_exactly(read, int.from_bytes(header[2:], "little"), "the reply's payload")
    check = _read_exactly(read, CRC_BYTES, "the reply's CRC-32")
    if zlib.crc32(header + body) != int.from_bytes(check, "little"):
        raise LinkError("board: the reply is damaged (CRC-32); ask again, or lower the baud rate")
    if header[0] != VERSION:
        raise LinkError(f"board: {MEANING[Status.BAD_VERSION]}", Status.BAD_VERSION)
    if header[1] not in set(Status):
        raise LinkError(f"board: unknown status {header[1]:#x}; use the matching fq-hw")
    return Reply(Status(header[1]), body)


def decode_result(payload: bytes, info: Info) -> Result:
    """The label and the scores in the payload of ``Status.RESULT``."""
    _expect_bytes("Status.RESULT", info.result_bytes, payload)
    label, scores = payload[: info.label_bytes], payload[info.label_bytes :]
    starts = range(0, len(scores), info.score_bytes)
    words = (scores[at : at + info.score_bytes] for at in starts)
    return Result(
        int.from_bytes(label, "little"),
        tuple(int.from_bytes(word, "little", signed=True) for word in words),
    )


class Link:
    """A conversation with one board over ``port``.

    idle_s  the board's own ``idle_s``; after an error the link waits as long, so that the next
            request is heard
    sleep   waits the given seconds
    """

    def __init__(
        self, port: Port, *, idle_s: float = IDLE_S, sleep: Callable[[float], object] = time.sleep
    ):
        self._port = port
        self._idle_s = idle_s
        self._sleep = sleep
        self._info: Info | None = None

    def query(self) -> Info:
        """Ask the board what it was built for."""
        self._info = Info.unpack(self._ask(Request.QUERY, b"", Status.INFO))
        return self._info

    def classify(self, frame: bytes | memoryview) -> Result:
        """Send one frame (uint8; H,W,C with C fastest) and return the result.

        ParameterError when the frame has not the size that the board wants; LinkError with the
        status when the board refuses it. After either the link can be used again.
        """
        info = self._info or self.query()
        pixels = memoryview(frame)
        require(pixels.format == "B", "frame", "must hold unsigned bytes", pixels.format)
        size = info.frame_bytes
        contract = f"must have {size} bytes, for {info.pixels} pixels of {info.colours} colours"
        require(pixels.nbytes == size, "frame", contract, pixels.nbytes)
        payload = self._ask(Request.FRAME, pixels.tobytes(), Status.RESULT)
        return decode_result(payload, info)

    def _ask(self, request: Request, payload: bytes, wanted: Status) -> bytes:
        self._port_does("reset_input_buffer")  # late words of an earlier reply
        self._port.write(pack(REQUEST_SYNC, request, payload))
        try:
            reply = read_reply(self._port.read)
            if reply.status in MEANING:
                raise LinkError(f"board: {MEANING[reply.status]}", reply.status)
            if reply.status != wanted:
                raise LinkError(
                    f"board: answered {reply.status.name}, not {wanted.name}; ask again"
                )
        except LinkError:
            self._port_does("flush")  # a refusal can come while the payload is still being sent
            self._sleep(self._idle_s * 1.5)
            raise
        return reply.payload

    def _port_does(self, what: str) -> None:
        getattr(self._port, what, lambda: None)()


def _read_exactly(read: Callable[[int], bytes], size: int, what: str) -> bytes:
    got = b""
    while len(got) < size:
        more = read(size - len(got))
        if not more:
            cure = "check cable, baud rate and what is loaded"
            raise LinkError(f"board: {what} did not come ({len(got)} of {size} bytes); {cure}")
        got += more
    return got


def _expect_bytes(where: str, size: int, payload: bytes) -> None:
    require(len(payload) == size, where, f"must have {size} bytes", len(payload), kind=LinkError)
