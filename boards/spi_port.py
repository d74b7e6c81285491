"""The host's end of SPI: what ``boards.link.Link`` takes for a port, over Linux's spidev."""

from __future__ import annotations

import io
import re
import time
from collections import deque
from typing import Protocol
from urllib.parse import urlsplit

from boards.reply import LinkError, read_reply
from boards.spi_transactions import MARK, RUN_BEGIN, RUN_END, UNIT, Command
from fq_hw.errors import ToolError, require

__all__ = ["SCHEME", "SpiDevice", "SpiPort", "open_spi", "path_of"]

SCHEME = "spi"
HZ = 1_000_000  # slow enough for every board
MOST_HZ = 125_000_000
LONGEST = 4096  # bytes of a transaction, unless somebody gave spidev more
WORTH = 128  # bytes of a request for which a transaction is begun
HEAD = 2  # bytes of a transaction before the first run
SHORT = 64  # bytes of a reply that are read where none may have come
AHEAD = 8  # frames that a shell has places for
PAUSE_S = 0.0002  # between questions


class SpiDevice(Protocol):
    """What is used of ``spidev.SpiDev``."""

    def xfer2(self, values: list[int], /) -> list[int]:
        """One transaction: as many bytes from the board as to it."""
        ...

    def close(self) -> None: ...


class SpiPort:
    """Requests and replies as whole streams of bytes; ``write`` waits for room on the board.

    timeout  seconds without a byte until ``read`` gives up
    name     for errors
    ahead    how many frames may be under way, as Link asks

    Raises LinkError where the board does not answer. A reply that is damaged is dropped where
    another one is due, whose number tells that it is missing.
    """

    ahead = AHEAD

    def __init__(self, device: SpiDevice, timeout: float, name: str = "the SPI pins"):
        self.device, self.timeout, self.name = device, timeout, name
        self.room = 0  # bytes that the board has said it takes
        self.heard: deque[bytes] = deque()  # whole replies
        self.part: bytearray | None = None  # of a reply that is under way; None: of one cut short
        self.due = 0  # replies that have not come, as far as can be known
        self.guess = 16  # bytes of a reply, and of its runs

    def close(self) -> None:
        """Give the device back."""
        self.device.close()

    def write(self, request: bytes) -> int:
        """Send one request. LinkError where the board gives no room for ``timeout`` seconds."""
        at, command = 0, Command.BEGIN
        self.due += 1
        while at < len(request):
            self.wait_for_room(min(WORTH, len(request) - at))
            piece = request[at : at + min(self.room, LONGEST - 1)]
            came = self.exchange(command, piece)
            self.room = UNIT * came[-1] if came[0] == MARK else 0
            at, command = at + len(piece), Command.MORE
        return len(request)

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes of replies; none when none came for ``timeout`` seconds."""
        end = time.monotonic() + self.timeout
        while not self.heard:
            if self.listen(Command.FINISH):
                end = time.monotonic() + self.timeout
            elif time.monotonic() > end:
                return b""
            else:
                time.sleep(PAUSE_S)
        first = self.heard.popleft()
        if len(first) > size:
            self.heard.appendleft(first[size:])
        return first[:size]

    def reset_input_buffer(self) -> None:
        """Forget replies that have come."""
        while self.listen(Command.FINISH):
            pass
        self.heard.clear()
        self.due = 0

    def wait_for_room(self, least: int) -> None:
        """Until the board takes ``least`` bytes; replies are heard, for it may wait for that."""
        end = time.monotonic() + self.timeout
        while self.room < least:
            if self.listen(Command.READ):
                end = time.monotonic() + self.timeout
            elif time.monotonic() > end:
                cure = "check the wires, hz, and that its bitstream was built with --link spi"
                raise LinkError(f"board: nothing answers at {self.name}; {cure}")
            elif self.room < least:
                time.sleep(PAUSE_S)

    def exchange(self, command: Command, payload: bytes) -> list[int]:
        """One transaction: what the board says meanwhile."""
        return list(self.device.xfer2([command, *payload]))

    def listen(self, command: Command) -> int:
        """Ask for room and replies; returns how many bytes of these came."""
        part, self.part = self.part, None  # lost, if this breaks off
        size = min(self.guess, SHORT) if part is None else max(SHORT, self.guess - len(part))
        came = self.exchange(command, bytes(min(LONGEST, HEAD + size) - 1))
        if came[0] != MARK:
            return 0
        self.room, self.part = UNIT * came[1], part
        return self.take(bytes(came[HEAD:]))

    def take(self, came: bytes) -> int:
        """Runs of a reply: with the last one it can be read."""
        at = total = 0
        while at < len(came):
            head, at = came[at], at + 1
            length = head & ~(RUN_BEGIN | RUN_END)
            run = came[at : at + length]
            at, total = at + length, total + len(run)
            if head & RUN_BEGIN and length:
                self.part = bytearray()
            if self.part is None:
                continue
            self.part += run
            self.guess = max(self.guess, len(self.part) + len(self.part) // 32 + 2)
            if head & RUN_END and len(run) == length:
                self.hear(bytes(self.part))
                self.part = None
                break
        return total

    def hear(self, reply: bytes) -> None:
        """A reply, if it is right, or if none tells that it is missing."""
        self.due = max(0, self.due - 1)
        if not self.due or right(reply):
            self.heard.append(reply)


def right(reply: bytes) -> bool:
    """Whether nothing of it was damaged."""
    try:
        read_reply(io.BytesIO(reply).read)
    except LinkError as error:
        return error.status is not None
    return True


def open_spi(url: str, timeout: float) -> SpiPort:
    """The port of ``spi:///dev/spidev0.0?hz=4000000``.

    Raises ParameterError for a URL that is none, ToolError where spidev is missing, LinkError where
    the device cannot be opened.
    """
    path, hz = path_of(url)
    try:
        import spidev  # pyright: ignore[reportMissingImports]  # not on PCs
    except ModuleNotFoundError as error:
        message = "port: needs spidev, of Linux; install it with: pip install 'spidev>=3.6,<4'"
        raise ToolError(message) from error
    device = spidev.SpiDev()
    try:
        device.open_path(path)
        device.mode = 0
        device.max_speed_hz = hz
    except OSError as error:
        device.close()
        cure = "switch the host's SPI on (Raspberry Pi: dtparam=spi=on), and join its group"
        raise LinkError(f"port {url!r}: cannot be opened ({error}); {cure}") from error
    return SpiPort(device, timeout, url)


def path_of(url: str) -> tuple[str, int]:
    """Device and Hz of ``spi:///dev/spidevB.C?hz=N``. Raises ParameterError."""
    parts = urlsplit(url)
    found = re.fullmatch(r"(?:hz=([1-9][0-9]{0,8}))?", parts.query, re.ASCII)
    hz = int(found[1] or HZ) if found else 0
    fits = (
        parts.scheme == SCHEME and url.startswith(f"{SCHEME}:///") and not parts.fragment
        and re.fullmatch(r"/dev/\w[\w.-]*", parts.path, re.ASCII) and 0 < hz <= MOST_HZ
    )  # fmt: skip
    contract = f"must be written spi:///dev/spidev0.0?hz=N, N up to {MOST_HZ}, {HZ} if none"
    require(fits, "port", contract, url)
    return parts.path, hz
