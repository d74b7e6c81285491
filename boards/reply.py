"""Replies of a board as the host reads them: packets taken apart, and what their numbers mean."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

from boards.protocol import (
    CRC_BYTES,
    HEADER_BYTES,
    INFO,
    MEMORY,
    NUMBER_BYTES,
    REPLY_SYNC,
    VERSION,
    Info,
    Memory,
    Status,
)
from fq_hw.errors import FqHwError, require

__all__ = ["GARBAGE_LIMIT", "MEANING", "LinkError", "Reply", "Result", "decode_info",
           "decode_memory", "decode_result", "read_reply"]  # fmt: skip

GARBAGE_LIMIT = 65_536  # bytes that may come before a reply's sync bytes
MEANING = {
    Status.BAD_VERSION: "got a damaged request (its version); send it again",
    Status.BAD_KIND: "does not know this kind of request; send it again, or use the matching fq-hw",
    Status.BAD_LENGTH: "was built for frames of another size, or got a damaged request; send it "
    "again, or load the right network",
    Status.BAD_CHECK: "got a damaged request (CRC-32); send it again, or lower the baud rate",
    Status.TIMEOUT: "got only part of the request; send it again",
    Status.BUSY: "is busy with a frame that broke off, or takes pixels more slowly than they come; "
    "send it again, or lower the baud rate",
    Status.UNLOADED: "has no weights yet in the memory outside its chip, or still reads them back; "
    "load them (Link.load)",
    Status.SPOILT: "finds other words in the memory outside its chip than those that belong there; "
    "load the weights that its bitstream was built for, and if that does not help the memory is "
    "broken or missing",
    Status.FRAMING: "got a byte without its stop bit; check that the baud rates agree",
}


class LinkError(FqHwError):
    """The board refused a request, or its reply is missing or damaged. ``status`` may be None."""

    def __init__(self, message: str, status: Status | None = None):
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Reply:
    """A reply whose sync bytes, version and CRC were right."""

    status: Status
    number: int
    payload: bytes


@dataclass(frozen=True)
class Result:
    """What the accelerator says of a frame; ``scores`` has one integer for each class.

    ``best`` are the classes of the highest scores, best first.
    """

    scores: tuple[int, ...]
    best: tuple[int, ...]

    @property
    def label(self) -> int:
        """The best class."""
        return self.best[0]


def read_reply(read: Callable[[int], bytes], longest: int = GARBAGE_LIMIT) -> Reply:
    """Read one reply with ``read(size)``, skipping what comes before its sync bytes.

    LinkError when ``read`` returns too few bytes, the payload is longer than ``longest``, or
    version, status or CRC are wrong.
    """
    seen = b""
    for _ in range(GARBAGE_LIMIT):
        seen = (seen + _read_exactly(read, 1, "a reply"))[-len(REPLY_SYNC) :]
        if seen == REPLY_SYNC:
            break
    else:
        raise LinkError("board: sends no packets; check the baud rate and what is loaded")
    header = _read_exactly(read, HEADER_BYTES - NUMBER_BYTES, "the head of the reply")
    version, status, length = header[0], header[1], int.from_bytes(header[2:], "little")
    cure = "ask again, or lower the baud rate"
    if length > NUMBER_BYTES + longest:
        raise LinkError(f"board: the reply is damaged (a length of {length:,} bytes); {cure}")
    body = _read_exactly(read, length, "the reply's payload")
    check = _read_exactly(read, CRC_BYTES, "the reply's CRC-32")
    if zlib.crc32(header + body) != int.from_bytes(check, "little"):
        raise LinkError(f"board: the reply is damaged (CRC-32); {cure}")
    if version != VERSION:
        message = f"board: speaks version {version} of the link's protocol, this fq-hw {VERSION}"
        cure = "use the fq-hw that built its bitstream, or build it again"
        raise LinkError(f"{message}; {cure}", Status.BAD_VERSION)
    if status not in set(Status) or not body:
        raise LinkError(f"board: unknown status {status:#x}; use the matching fq-hw")
    return Reply(Status(status), body[0], body[NUMBER_BYTES:])


def decode_info(payload: bytes) -> Info:
    """The Info in the payload of ``Status.INFO``."""
    _expect_bytes("Status.INFO", INFO.size, payload)
    return Info(**dict(zip(Info.__dataclass_fields__, INFO.unpack(payload), strict=True)))


def decode_result(payload: bytes, info: Info) -> Result:
    """The scores and the best classes in the payload of ``Status.RESULT``."""
    _expect_bytes("Status.RESULT", info.result_bytes, payload)
    end = info.classes * info.score_bytes
    return Result(
        scores=_numbers(payload[:end], info.score_bytes, signed=True),
        best=_numbers(payload[end:], info.label_bytes, signed=False),
    )


def decode_memory(payload: bytes) -> tuple[Memory, int]:
    """How the memory is, and how many words have come, in the payload of ``Status.MEMORY``."""
    _expect_bytes("Status.MEMORY", MEMORY.size, payload)
    state, come = MEMORY.unpack(payload)
    return Memory(state), come


def _numbers(payload: bytes, size: int, signed: bool) -> tuple[int, ...]:
    words = (payload[at : at + size] for at in range(0, len(payload), size))
    return tuple(int.from_bytes(word, "little", signed=signed) for word in words)


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
