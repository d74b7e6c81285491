"""A port with a board behind it that answers at once."""

from __future__ import annotations

import io

from boards.protocol import REPLY_SYNC, Info, Request, Status, pack

__all__ = ["INFO", "Board"]

INFO = Info(pixels=4, colours=1, classes=3, best=1, label_bytes=1, score_bytes=2)


class Board:
    """A port whose board gives a frame's first three bytes as scores; ``mute`` requests fail."""

    def __init__(self, mute: tuple[int, ...] = (), info: Info = INFO):
        self.mute, self.asked, self.coming, self.open = mute, 0, io.BytesIO(), True
        self.info = info

    def read(self, size: int) -> bytes:
        return self.coming.read(size)

    def write(self, request: bytes) -> None:
        kind, number = request[3], request[7]
        payload, status = self.info.pack(), Status.INFO
        if kind == Request.FRAME:
            scores = request[8:11]
            best = scores.index(max(scores))
            payload = b"".join(score.to_bytes(2, "little") for score in scores) + bytes([best])
            status = Status.RESULT
        answer = b"" if self.asked in self.mute else pack(REPLY_SYNC, status, number, payload)
        self.coming = io.BytesIO(answer)
        self.asked += 1

    def close(self) -> None:
        self.open = False
