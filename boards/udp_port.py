"""The host's end of Ethernet: what ``boards.link.Link`` takes for a port, over UDP."""

from __future__ import annotations

import socket
import time
from collections import deque
from contextlib import suppress
from urllib.parse import urlsplit

from boards.ethernet.datagrams import HEADER, NUMBERS, PAYLOAD, PORT, Datagram, Flag
from boards.reply import LinkError
from fq_hw.errors import require

__all__ = ["SCHEME", "UdpPort"]

SCHEME = "udp"
POLL_S = 0.1  # without credit until it is asked for
AHEAD = 8  # frames that a shell has places for
HALF = NUMBERS // 2  # numbers further ahead than this are old ones


class UdpPort:
    """Requests and replies as whole streams of bytes; ``write`` waits for the board's credit.

    url      udp://HOST or udp://HOST:PORT, the board's address
    timeout  seconds without a byte until ``read`` gives up
    ahead    how many frames may be under way, as Link asks

    Raises ParameterError for a URL that is none, LinkError where there is no such host, or where
    the board does not answer.
    """

    ahead = AHEAD

    def __init__(self, url: str, timeout: float):
        self.address = address_of(url)
        self.timeout = timeout
        self.number = 0  # of the next datagram
        self.limit: int | None = None  # the first for which there is no room; None: not heard yet
        self.heard: deque[bytes] = deque()  # whole replies
        self.part: list[bytes] | None = None  # of a reply that is under way; None: of one cut short
        self.wanted: int | None = None  # the board's next number
        try:
            family, kind, protocol, _, where = socket.getaddrinfo(
                *self.address, socket.AF_INET, socket.SOCK_DGRAM
            )[0]
            self.socket = socket.socket(family, kind, protocol)
            self.socket.connect(where)
        except OSError as error:
            raise LinkError(f"{url}: cannot be reached ({error})") from error

    def close(self) -> None:
        """Give the socket back."""
        self.socket.close()

    def write(self, request: bytes) -> int:
        """Send one request. LinkError where the board gives no credit for ``timeout`` seconds."""
        for at in range(0, len(request), PAYLOAD):
            self.wait_for_room()
            flags = Flag.BEGIN if at == 0 else Flag(0)
            self.send(flags, request[at : at + PAYLOAD])
            self.number = (self.number + 1) % NUMBERS
        return len(request)

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes of replies; none when none came for ``timeout`` seconds."""
        end = time.monotonic() + self.timeout
        while not self.heard:
            left = end - time.monotonic()
            if left <= 0 or not self.listen(min(left, POLL_S)):
                if left <= 0:
                    return b""
                self.send(Flag.POLL)  # a board that heard nothing for a while says where it is
        first = self.heard.popleft()
        if len(first) > size:
            self.heard.appendleft(first[size:])
        return first[:size]

    def reset_input_buffer(self) -> None:
        """Forget replies that have come."""
        while self.listen(0.0):
            pass
        self.heard.clear()

    def wait_for_room(self) -> None:
        """Until the board has a place for the next datagram."""
        end, ask = time.monotonic() + self.timeout, self.limit is None
        while ask or not self.has_room():
            if ask:
                self.send(Flag.POLL)
            ask = not self.listen(POLL_S)
            if time.monotonic() > end:
                host, port = self.address
                cure = "check cable, address, and that its bitstream was built with --link ethernet"
                raise LinkError(f"board: nothing answers at {host}, UDP port {port}; {cure}")

    def has_room(self) -> bool:
        """Whether the board has said so, of a place that it can have."""
        return self.limit is not None and 0 < (self.limit - self.number) % NUMBERS < HALF

    def send(self, flags: Flag, payload: bytes = b"") -> None:
        """One datagram, as it is numbered now."""
        with suppress(ConnectionRefusedError):  # as if it was lost: whoever waits says so
            self.socket.send(Datagram(flags=flags, number=self.number, payload=payload).pack())

    def listen(self, seconds: float) -> bool:
        """Take one datagram of the board's; False where none comes in time."""
        self.socket.settimeout(max(seconds, 1e-6))
        try:
            came = Datagram.unpack(self.socket.recv(HEADER.size + PAYLOAD + 1))
        except (TimeoutError, BlockingIOError):
            return False
        except ConnectionRefusedError:  # said at once, and maybe of an earlier datagram
            time.sleep(seconds)
            return False
        if came is None:
            return True
        if self.limit is None or (came.limit - self.limit) % NUMBERS < HALF:
            self.limit = came.limit
        if came.payload:
            self.take(came)
        return True

    def take(self, came: Datagram) -> None:
        """A piece of a reply: with the last one the reply can be read."""
        ahead = 0 if self.wanted is None else (came.number - self.wanted) % NUMBERS
        if ahead >= HALF:
            return  # an old one
        self.wanted = (came.number + 1) % NUMBERS
        if came.flags & Flag.BEGIN:
            self.part = []
        elif ahead:
            self.part = None
        if self.part is None:
            return
        self.part.append(came.payload)
        if came.flags & Flag.END:
            self.heard.append(b"".join(self.part))
            self.part = None


def address_of(url: str) -> tuple[str, int]:
    """Host and port of ``udp://HOST:PORT``. Raises ParameterError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, PORT if parts.port is None else parts.port
    except ValueError:
        host, port, parts = None, 0, None
    fits = host and 0 < port < 2**16 and parts and parts.scheme == SCHEME and not parts.path
    require(
        fits, "port", f"must be written udp://HOST or udp://HOST:PORT, PORT {PORT} if none", url
    )
    assert host, "checked before"
    return host, port
