"""The host's side of the serial link to an accelerator; ``boards.protocol`` says what goes over it.

Whatever happens on the line, a frame gets its own scores or a ``LinkError``, never those of
another: a reply counts only with the number of the request, and after any other end of a request
(an error, an interrupt, a port that failed) the next one waits until the board is sure to hear it.
So a frame after one that failed is answered, if its own bytes come through and the board is not
still busy with what came before. Nothing is sent twice: whoever wants that catches LinkError.
"""

from __future__ import annotations

import functools
import termios
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from boards.protocol import (
    CRC_BYTES,
    HEADER_BYTES,
    IDLE_S,
    INFO,
    LAST_NUMBER,
    MEMORY,
    NO_NUMBER,
    NUMBER_BYTES,
    REPLY_SYNC,
    REQUEST_SYNC,
    VERSION,
    Info,
    Memory,
    Request,
    Status,
    frame_request,
    pack,
)
from fq_hw.errors import FqHwError, require

__all__ = ["Link", "LinkError", "Port", "Reply", "Result", "decode_info", "decode_result",
           "read_reply"]  # fmt: skip

GARBAGE_LIMIT = 65_536  # bytes that may come before a reply's sync bytes
SETTLE = 1.5  # times idle_s: the board has given up half a request, and its 12 bytes are here
LOAD_BYTES = 4096  # of weights in a request
READ_BACK_POLLS = 200  # times idle_s: 20 s, for 32 MB at 25 MHz take 2
PORT_ERRORS = (OSError, termios.error)  # what pyserial raises when an adapter is pulled out
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


class Port(Protocol):
    """A serial port; that of pyserial is one.

    ``read`` returns fewer bytes after its timeout, which must be longer than the board takes for a
    frame; ``write`` takes all. Where there are ``flush`` (wait until all is sent) and
    ``reset_input_buffer``, as in pyserial, the link uses them.
    """

    def read(self, size: int, /) -> bytes: ...
    def write(self, data: bytes, /) -> object: ...


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


def _numbers(payload: bytes, size: int, signed: bool) -> tuple[int, ...]:
    words = (payload[at : at + size] for at in range(0, len(payload), size))
    return tuple(int.from_bytes(word, "little", signed=signed) for word in words)


class Link:
    """A conversation with one board over ``port``.

    idle_s  the board's own ``idle_s``; the first request, and one after another that did not end
            with its reply, waits 1.5 times as long, so that it is heard
    sleep   waits the given seconds
    """

    def __init__(
        self, port: Port, *, idle_s: float = IDLE_S, sleep: Callable[[float], object] = time.sleep
    ):
        self._port = port
        self._idle_s = idle_s
        self._sleep = sleep
        self._info: Info | None = None
        self._number = NO_NUMBER  # of the last request
        self._settled = False  # it had its reply, and nothing else can be under way

    def query(self) -> Info:
        """Ask the board what it was built for."""
        query = functools.partial(pack, REQUEST_SYNC, Request.QUERY)
        self._info = decode_info(self._ask(query, Status.INFO))
        return self._info

    def memory(self) -> tuple[Memory, int]:
        """How the memory outside the chip is, and how many of the words that it wants have come."""
        return self._memory(b"")

    def load(self, words: Sequence[int], tries: int = 8) -> None:
        """Load the weights: words of 16 bits, as ``rtl_gen.top.fill_order`` has them.

        Nothing where they are there already. What was damaged on the way is sent again, ``tries``
        times at most. LinkError where the memory does not hold them then, or no board answers.
        """
        total = (self._info or self.query()).load_words
        require(len(words) == total, "weights", f"must have {total:,} words", len(words))
        raw = b"".join(word.to_bytes(2, "little") for word in words)
        for _ in range(tries):
            state, come = self._send(raw, self.memory()[1])
            for _ in range(READ_BACK_POLLS):
                if state is not Memory.WANTED or come != total:
                    break
                self._sleep(self._idle_s)
                state, come = self.memory()
            if state is Memory.READY:
                return
        raise LinkError(f"board: {MEANING[Status.SPOILT]}", Status.SPOILT)

    def _send(self, raw: bytes, come: int) -> tuple[Memory, int]:
        """Words from number ``come`` on, until a request is refused; what the board says then."""
        for at in range(2 * come, len(raw), LOAD_BYTES):
            try:
                self._memory(raw[at : at + LOAD_BYTES])
            except LinkError as error:
                if error.status is None:
                    raise
                break
        return self.memory()

    def _memory(self, raw: bytes) -> tuple[Memory, int]:
        kind = Request.WORDS if raw else Request.MEMORY
        ask = functools.partial(pack, REQUEST_SYNC, kind, payload=raw)
        payload = self._ask(ask, Status.MEMORY)
        _expect_bytes("Status.MEMORY", MEMORY.size, payload)
        state, come = MEMORY.unpack(payload)
        return Memory(state), come

    def classify(self, frame: bytes | memoryview) -> Result:
        """Send one frame (uint8; H,W,C with C fastest) and return the result.

        ParameterError when the frame has not the size that the board wants; LinkError, with the
        status when the board refuses it, when there is no result. After either, and after an
        interrupt, the link can be used again; where the port failed, once it works again.
        """
        info = self._info or self.query()
        pixels = memoryview(frame)
        require(pixels.format == "B", "frame", "must hold unsigned bytes", pixels.format)
        size = info.frame_bytes
        contract = f"must have {size} bytes, for {info.pixels} pixels of {info.colours} colours"
        require(pixels.nbytes == size, "frame", contract, pixels.nbytes)
        frame = pixels.tobytes()
        payload = self._ask(lambda number: frame_request(number, frame, info), Status.RESULT)
        return decode_result(payload, info)

    def _ask(self, request: Callable[[int], bytes], wanted: Status) -> bytes:
        with _port_errors_named():
            if not self._settled:
                self._port_does("flush")  # what was refused may still be being sent
                self._sleep(self._idle_s * SETTLE)
            self._port_does("reset_input_buffer")  # late words of an earlier reply
            self._settled = False  # until the reply is here, whatever stops us
            self._number = self._number % LAST_NUMBER + 1
            self._port.write(request(self._number))
            reply = self._reply()
        if reply.status in MEANING:
            raise LinkError(f"board: {MEANING[reply.status]}", reply.status)
        if reply.status != wanted:
            raise LinkError(f"board: answered {reply.status.name}, not {wanted.name}; ask again")
        self._settled = True
        return reply.payload

    def _reply(self) -> Reply:
        """The reply to the last request; replies to earlier ones are dropped."""
        longest = max(GARBAGE_LIMIT, self._info.result_bytes if self._info else 0)
        unread = None  # an error without a number: ours, if nothing else comes
        for _ in range(LAST_NUMBER):
            try:
                reply = read_reply(self._port.read, longest)
            except LinkError:
                if unread:
                    return unread
                raise
            if reply.number == self._number:
                return reply
            if reply.number == NO_NUMBER and reply.status in MEANING:
                unread = reply
        raise LinkError("board: answers other requests than the last one; load its bitstream again")

    def _port_does(self, what: str) -> None:
        getattr(self._port, what, lambda: None)()


@contextmanager
def _port_errors_named() -> Iterator[None]:
    try:
        yield
    except PORT_ERRORS as error:
        cure = "check the cable, and open the port again"
        raise LinkError(f"board: the serial port failed ({error}); {cure}") from error


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
