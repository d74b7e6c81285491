"""The host's side of a link to an accelerator; ``boards.protocol`` says what goes over it.

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
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from boards.protocol import (
    IDLE_S,
    LAST_NUMBER,
    NO_NUMBER,
    REQUEST_SYNC,
    Info,
    Memory,
    Request,
    Status,
    frame_request,
    pack,
)
from boards.reply import (
    GARBAGE_LIMIT,
    MEANING,
    LinkError,
    Reply,
    Result,
    decode_info,
    decode_memory,
    decode_result,
    read_reply,
)
from fq_hw.data.meaning import Meaning, as_bytes
from fq_hw.errors import ParameterError, require

__all__ = ["Link", "LinkError", "Port", "Reply", "Result", "decode_info", "decode_result",
           "read_reply"]  # fmt: skip

SETTLE = 1.5  # times idle_s: the board has given up half a request, and its 12 bytes are here
LOAD_BYTES = 4096  # of weights in a request
READ_BACK_POLLS = 200  # times idle_s: 20 s, for 32 MB at 25 MHz take 2
PORT_ERRORS = (OSError, termios.error)  # what pyserial raises when an adapter is pulled out


class Port(Protocol):
    """A serial port; that of pyserial is one, ``boards.udp_port.UdpPort`` another, and
    ``boards.spi_port.SpiPort``.

    ``read`` returns fewer bytes after its timeout, which must be longer than the board takes for a
    frame; ``write`` takes all. Where there are ``flush`` (wait until all is sent) and
    ``reset_input_buffer``, as in pyserial, the link uses them. ``ahead`` is how many requests may
    be under way, one where there is none.
    """

    def read(self, size: int, /) -> bytes: ...
    def write(self, data: bytes, /) -> object: ...


class Link:
    """A conversation with one board over ``port``.

    meaning  what a byte of the network's image is, as ``Model.meaning`` says
    idle_s   the board's own ``idle_s``; the first request, and one after another that did not end
             with its reply, waits 1.5 times as long, so that it is heard
    sleep    waits the given seconds
    """

    def __init__(
        self,
        port: Port,
        *,
        meaning: Meaning | None = None,
        idle_s: float = IDLE_S,
        sleep: Callable[[float], object] = time.sleep,
    ):
        self._port = port
        self._meaning = meaning
        self._idle_s = idle_s
        self._sleep = sleep
        self._info: Info | None = None
        self._number = NO_NUMBER  # of the last request
        self._waiting: deque[int] = deque()  # requests under way, the oldest first
        self._come: Reply | None = None  # to a later one than the oldest
        self._settled = False  # all had their replies, and nothing else can be under way

    @property
    def ahead(self) -> int:
        """How many frames may be sent before the first one's result is asked for."""
        return getattr(self._port, "ahead", 1)

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
        return decode_memory(self._ask(ask, Status.MEMORY))

    def classify(self, frame: bytes | memoryview | np.ndarray) -> Result:
        """Send one frame (H,W,C with C fastest) and return the result.

        Its numbers are bytes, int8 (a byte is 128 above it), or real where bytes have a meaning.
        ParameterError when they are others, or not as many as the board wants; LinkError, with the
        status when the board refuses it, when there is no result. After either, and after an
        interrupt, the link can be used again; where the port failed, once it works again.
        """
        self.forget()
        self.send(frame)
        return self.receive()

    def forget(self) -> None:
        """Wait for nothing any more: what was sent and not received is lost."""
        self._waiting.clear()

    def send(self, frame: bytes | memoryview | np.ndarray) -> None:
        """The first half of ``classify``; ``ahead`` frames may be sent before the other."""
        info = self._info or self.query()
        pixels = as_bytes(np.asarray(memoryview(frame)), "frame", self._meaning, ParameterError)
        size = info.frame_bytes
        contract = f"must have {size} bytes, for {info.pixels} pixels of {info.colours} colours"
        require(pixels.nbytes == size, "frame", contract, pixels.nbytes)
        sent = pixels.tobytes()
        self._request(lambda number: frame_request(number, sent, info))

    def receive(self) -> Result:
        """The second half, for the oldest frame that was sent: once for each, LinkError or not."""
        info = self._info or self.query()
        return decode_result(self._answer(Status.RESULT), info)

    def _ask(self, request: Callable[[int], bytes], wanted: Status) -> bytes:
        self.forget()
        self._request(request)
        return self._answer(wanted)

    def _request(self, request: Callable[[int], bytes]) -> None:
        """Send a request; where none is under way, the line is made quiet first."""
        with _port_errors_named():
            if not self._waiting:
                if not self._settled:
                    self._port_does("flush")  # what was refused may still be being sent
                    self._sleep(self._idle_s * SETTLE)
                self._port_does("reset_input_buffer")  # late words of an earlier reply
                self._come = None
            self._settled = False  # until its reply is here, whatever stops us
            self._number = self._number % LAST_NUMBER + 1
            try:
                self._port.write(request(self._number))
            except BaseException:
                self._waiting.clear()
                raise
            self._waiting.append(self._number)

    def _answer(self, wanted: Status) -> bytes:
        """The payload of the reply to the oldest request under way."""
        if not self._waiting:
            raise LinkError("board: a reply did not come, nor one before it; send it again")
        try:
            with _port_errors_named():
                reply = self._reply(self._waiting[0])
        except BaseException:
            self._waiting.clear()
            raise
        self._waiting.popleft()
        if reply is None:
            raise LinkError("board: a reply did not come, but the next one; send it again")
        if reply.status in MEANING:
            raise LinkError(f"board: {MEANING[reply.status]}", reply.status)
        if reply.status != wanted:
            raise LinkError(f"board: answered {reply.status.name}, not {wanted.name}; ask again")
        self._settled = not self._waiting
        return reply.payload

    def _reply(self, number: int) -> Reply | None:
        """The reply to request ``number``; None where one to a later request came instead.

        Replies to earlier ones are dropped.
        """
        longest = max(GARBAGE_LIMIT, self._info.result_bytes if self._info else 0)
        unread = None  # an error without a number: ours, if nothing else comes
        for _ in range(LAST_NUMBER):
            try:
                reply, self._come = self._come or read_reply(self._port.read, longest), None
            except LinkError:
                if unread:
                    return unread
                raise
            if reply.number == number:
                return reply
            if reply.number in self._waiting:
                self._come = reply
                return unread
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
        raise LinkError(f"board: the port failed ({error}); {cure}") from error
