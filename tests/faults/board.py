"""A board at the end of a serial line, from the document of ``boards.protocol``, in virtual time.

Written apart from ``boards.link`` and ``boards.packet``: they share the constants alone.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections import deque

from boards.protocol import REPLY_SYNC, REQUEST_SYNC, VERSION, Request, Status

__all__ = ["BYTE_S", "FRAME", "IDLE_S", "REPLY", "TIMEOUT_S", "ModelPort", "truth"]

BYTE_S, IDLE_S, TIMEOUT_S, THINK_S, LATE_S = 1e-5, 0.1, 0.5, 0.002, 0.9
PIXELS, CLASSES, SCORE_BYTES, CHUNK = 300, 4, 3, 128
FRAME = PIXELS  # bytes of a frame, of one colour
REPLY = 13 + CLASSES * SCORE_BYTES
HEADER, NUMBER_AT = 8, 7  # in a packet, sync bytes included
CRC = 4
SENT = FRAME + 2 * CRC  # with the CRCs between its chunks


def truth(frame: bytes) -> tuple[int, tuple[int, ...]]:
    """The label and the scores of a frame: other ones for every frame."""
    digest = hashlib.sha256(frame).digest()
    words = [digest[1 + 3 * n : 4 + 3 * n] for n in range(CLASSES)]
    return digest[0], tuple(int.from_bytes(word, "little", signed=True) for word in words)


class ModelPort:
    """The host's end: what pyserial's Serial has, and ``sleep``, all in virtual seconds.

    ``think_s`` is how long the board takes for a frame.
    """

    def __init__(self):
        self.now = 0.0
        self.think_s, self.late_s = THINK_S, LATE_S
        self._line_free = 0.0  # when the last byte that was written has gone
        self._coming: deque[tuple[float, int]] = deque()  # (when it is here, byte)
        self.restart()

    def restart(self) -> None:
        """Power off and on: the board forgets, what is on the line stays."""
        self._packet = bytearray()
        self._settling = False
        self._last_heard = self._busy_until = self._core_busy_until = -1.0
        self._forget()

    def _forget(self) -> None:
        self._packet.clear()
        self._frame, self._checked = b"", len(REQUEST_SYNC)  # of the packet, by CRCs

    # The host's side.

    def write(self, data: bytes) -> None:
        for byte in data:
            self.put(byte)

    def put(self, byte: int | None) -> None:
        """Send a byte, or None: one without its stop bit."""
        self._line_free = max(self._line_free, self.now) + BYTE_S
        self._hear(self._line_free, byte)

    def flush(self) -> None:
        self.now = max(self.now, self._line_free)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def read(self, size: int) -> bytes:
        self._give_up(self.now + TIMEOUT_S)
        came = [when for when, _ in self._coming][:size]
        end = max(self.now, came[-1]) if len(came) == size else self.now + TIMEOUT_S
        self.now = min(end, self.now + TIMEOUT_S)
        return self._arrived(size)

    def reset_input_buffer(self) -> None:
        self._give_up(self.now)
        self._arrived(len(self._coming))

    def _arrived(self, most: int) -> bytes:
        found = bytearray()
        while self._coming and len(found) < most and self._coming[0][0] <= self.now:
            found.append(self._coming.popleft()[1])
        return bytes(found)

    # The board's side.

    def _hear(self, at: float, byte: int | None) -> None:
        self._give_up(at)
        idle = at - self._last_heard > IDLE_S
        if byte is not None:
            self._last_heard = at
        if at < self._busy_until:  # answering
            return
        if self._settling and not idle:
            return
        self._settling = False
        if byte is None:
            whole = len(self._packet) >= len(REQUEST_SYNC)
            if whole:
                self._refuse(at, Status.FRAMING)
            self._forget()
            return
        self._packet.append(byte)
        if len(self._packet) <= len(REQUEST_SYNC):
            self._hunt()
        elif len(self._packet) == HEADER:
            self._judge(at)
        elif len(self._packet) > HEADER and len(self._packet) == self._end():
            self._check(at)

    def _give_up(self, now: float) -> None:
        """Half a request, and then nothing until ``now``."""
        late = now - self._last_heard > IDLE_S
        if late and len(self._packet) >= len(REQUEST_SYNC):
            self._refuse(self._last_heard + IDLE_S, Status.TIMEOUT)

    def _hunt(self) -> None:
        while self._packet and not REQUEST_SYNC.startswith(self._packet):
            del self._packet[0]

    def _end(self) -> int:
        """Where the next CRC ends."""
        if self._packet[3] == Request.QUERY:
            return HEADER + CRC
        return max(self._checked, HEADER) + min(CHUNK, FRAME - len(self._frame)) + CRC

    def _judge(self, at: float) -> None:
        version, kind, length = self._packet[2], self._packet[3], self._packet[4:7]
        wanted = {Request.FRAME: SENT + 1, Request.QUERY: 1}
        if version != VERSION:
            self._refuse(at, Status.BAD_VERSION)
        elif kind not in wanted:
            self._refuse(at, Status.BAD_KIND)
        elif int.from_bytes(length, "little") != wanted[kind]:
            self._refuse(at, Status.BAD_LENGTH)
        elif kind == Request.FRAME and at < self._core_busy_until:
            self._refuse(at, Status.BUSY)

    def _check(self, at: float) -> None:
        body, check = bytes(self._packet[self._checked : -CRC]), self._packet[-CRC:]
        pixels = self._packet[max(self._checked, HEADER) : -CRC]
        if zlib.crc32(body) != int.from_bytes(check, "little"):
            self._refuse(at, Status.BAD_CHECK)
        elif self._packet[3] == Request.QUERY:
            info = struct.pack("<IBHBBBHI", PIXELS, 1, CLASSES, 1, 1, SCORE_BYTES, CHUNK, 0)
            self._reply(at, Status.INFO, info)
        elif len(self._frame) + len(pixels) < FRAME:
            self._frame += pixels
            self._checked = len(self._packet)
        else:
            label, scores = truth(self._frame + pixels)
            words = b"".join(score.to_bytes(3, "little", signed=True) for score in scores)
            self._reply(at + self.think_s, Status.RESULT, words + bytes([label]))

    def _refuse(self, at: float, status: Status) -> None:
        if self._frame:  # what is begun goes on to its end
            self._core_busy_until = at + self.think_s
        self._reply(at, status, b"")
        self._settling = True

    def _reply(self, at: float, status: Status, payload: bytes) -> None:
        number = self._packet[NUMBER_AT] if len(self._packet) >= HEADER else 0
        body = struct.pack("<BB", VERSION, status) + (len(payload) + 1).to_bytes(3, "little")
        body += bytes([number]) + payload
        for byte in REPLY_SYNC + body + struct.pack("<I", zlib.crc32(body)):
            at += BYTE_S
            self._coming.append((at, byte))
        self._busy_until = at - BYTE_S  # the last byte is with the transmitter
        self._forget()
