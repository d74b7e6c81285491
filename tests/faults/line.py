"""Frames over a serial line with faults: how many come right, are refused, or come wrong.

``run`` needs a port whose far end answers rightly: the model of ``faults.board``, or the pins of a
simulated shell. The faults are made between the host's driver and that port.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from boards.link import SETTLE, Link, LinkError
from faults import board

__all__ = ["BUSY", "COUNT", "KINDS", "RECOVERED_S", "Disturbed", "Fault", "Outcome", "checks",
           "model_run", "run"]  # fmt: skip

ON_BYTES = (
    "lost", "doubled", "flipped", "inserted", "burst", "cut", "pause", "interrupt", "unplugged",
)  # fmt: skip
KINDS = (
    *(f"request {kind}" for kind in ON_BYTES),
    *(f"reply {kind}" for kind in ON_BYTES),
    "reply again",  # all of it comes twice
    "stale",  # replies to earlier requests come first
    "babble",  # garbage comes first
    "framing",  # a byte of the request has no stop bit
    "restart",  # the board forgets in the middle of a request
    "late",  # the board thinks for longer than the host waits, and the next frame comes before
    "left",  # the host is interrupted while the board thinks, and the next frame comes before
    "killed",  # an interrupt, then another program with a Link of its own
)
BUSY = ("late", "left")
COUNT = 600  # frames with a fault, in the bench
RECOVERED_S = SETTLE * board.IDLE_S + 0.02  # and all bytes of a frame and its answer
KEPT = 100  # earlier replies that may come again: fewer than there are numbers


@dataclass(frozen=True)
class Fault:
    """What happens at which byte of the request or the reply, and to how many bytes."""

    kind: str
    at: int
    size: int


@dataclass(frozen=True)
class Outcome:
    """What became of the frames of a fault, and of one after it: right, refused, wrong, ..."""

    fault: Fault
    became: tuple[str, ...]
    after: str
    after_s: float  # how long that one took, in the port's time


class Disturbed:
    """A port with faults: ``fault`` acts on the next request or on the reply to it."""

    def __init__(self, port, dice: random.Random, pause_s: float):
        self.port, self.dice, self.pause_s = port, dice, pause_s
        self.fault: Fault | None = None
        self.earlier: deque[bytes] = deque([b""], maxlen=KEPT)  # replies
        self.came = bytearray()  # from the board since the last request
        self.ready = bytearray()  # for the host, with its faults
        self.request = b""

    def flush(self) -> None:
        if hasattr(self.port, "flush"):
            self.port.flush()

    def reset_input_buffer(self) -> None:
        self.ready.clear()
        if hasattr(self.port, "reset_input_buffer"):
            self.port.reset_input_buffer()

    def write(self, data: bytes) -> None:
        self.request = data
        self.earlier.append(bytes(self.came))
        self.came.clear()
        at = self.fault.at % len(data) if self.fault else len(data)
        match self.fault.kind.removeprefix("request ") if self.fault else "":
            case "stale":
                for _ in range(self.fault.size):
                    self.ready += self.dice.choice(self.earlier)
            case "babble":
                self.ready += self.dice.randbytes(200 * self.fault.size)
            case "interrupt" | "killed":
                self.port.write(data[:at])
                raise KeyboardInterrupt
            case "unplugged":
                self.port.write(data[:at])
                raise OSError(5, "Input/output error")
            case "pause" | "restart" | "framing" as kind:
                self.port.write(data[:at])
                self.meanwhile(kind)
                data = data[at:]
            case kind if kind in ON_BYTES:
                data = b"".join(self.damaged(kind, data[n : n + 1], n) for n in range(len(data)))
        self.port.write(data)

    def meanwhile(self, kind: str) -> None:
        if kind == "restart":
            self.port.restart()
        elif kind == "framing":
            self.port.put(None)
        else:
            self.flush()
            self.port.sleep(self.pause_s * self.fault.size / 4)

    def damaged(self, kind: str, byte: bytes, place: int) -> bytes:
        """What becomes of the byte at ``place``."""
        at, size = self.fault.at, self.fault.size
        if kind == "inserted":
            return self.dice.randbytes(size) + byte if place == at else byte
        if kind == "cut":
            return byte if place < at else b""
        if not at <= place < at + size:
            return byte
        return {
            "lost": b"",
            "doubled": byte + byte,
            "flipped": bytes([byte[0] ^ 1 << self.dice.randrange(8)]),
            "burst": self.dice.randbytes(1),
        }[kind]

    def read(self, size: int) -> bytes:
        if self.fault and self.fault.kind == "left":
            raise KeyboardInterrupt
        size = self.dice.randint(1, size)  # a port may return fewer than it was asked for
        while not self.ready:
            byte = self.port.read(1)
            if not byte:
                return b""
            place = len(self.came)
            self.came += byte
            kind = self.fault.kind if self.fault else ""
            if not kind.startswith("reply "):
                self.ready += byte
                continue
            kind = kind.removeprefix("reply ")
            if kind in ("again", "pause", "interrupt", "unplugged"):
                self.ready += byte
                if kind != "again" and place == self.fault.at:
                    return self.stop(kind)
            else:
                self.ready += self.damaged(kind, byte, place)
        found = bytes(self.ready[:size])
        del self.ready[:size]
        return found

    def stop(self, kind: str) -> bytes:
        """What the host's read ends with in the middle of a reply."""
        if kind == "interrupt":
            raise KeyboardInterrupt
        if kind == "unplugged":
            raise OSError(5, "Input/output error")
        return b""  # its timeout; the rest comes later


class Bare:
    """The least that a port may have: nothing can be thrown away or waited for."""

    def __init__(self, port: Disturbed):
        self.port, self.read = port, port.read

    def write(self, data: bytes) -> None:
        self.port.write(data)
        self.port.flush()


def run(
    port,
    count: int,
    *,
    seed: int,
    truth: Callable[[bytes], object],
    frame_bytes: int,
    reply_bytes: int,
    idle_s: float,
    kinds: Sequence[str] = KINDS,
    bare: bool = False,
) -> Iterator[Outcome]:
    """Send ``count`` frames with a fault each, the kinds in turn, and one without after each.

    port   has ``read``, ``write``, ``sleep``, and what the kinds need: ``put``, ``restart``,
           ``think_s`` and ``late_s`` as ModelPort. ``now``, if it has one, times the frames
    truth  what the board must say of a frame: (label, scores)
    bare   the host's port can but read and write, so that half a reply may end the frame after it
    """
    dice = random.Random(seed)
    line = Disturbed(port, dice, pause_s=3 * idle_s)

    def connect() -> Link:  # its first answer comes behind all that were for another
        line.earlier = deque([b""], maxlen=KEPT)
        return Link(Bare(line) if bare else line, idle_s=idle_s, sleep=port.sleep)

    def send() -> str:
        frame = dice.randbytes(frame_bytes)
        if dice.random() < 0.3:  # it looks like a request
            frame = (frame[: dice.randrange(9)] + line.request + frame)[:frame_bytes]
        try:
            result = link.classify(frame)
        except LinkError as error:
            assert str(error).startswith("board: ") and str(error).isprintable(), error
            return "refused"
        except KeyboardInterrupt:
            return "interrupted"
        return "right" if (result.label, result.scores) == truth(frame) else "wrong"

    link = connect()
    for number in range(count):
        kind = kinds[number % len(kinds)]
        length = reply_bytes if kind.startswith("reply ") else frame_bytes + 10
        line.fault = fault = Fault(kind, dice.randrange(length), dice.choice([1, 1, 2, 7]))
        if kind in BUSY:
            quick_s, port.think_s = port.think_s, port.late_s / (2 if kind == "left" else 1)
        became = [send()]
        line.fault = None
        if kind == "killed":
            link = connect()
        if kind == "reply again":
            line.ready += line.came
        if kind in BUSY:
            port.think_s = quick_s
            became.append(send())
            port.sleep(port.late_s)
        before = getattr(port, "now", 0.0)
        after = send()
        yield Outcome(fault, tuple(became), after, getattr(port, "now", 0.0) - before)


def model_run(count: int, seed: int, **options) -> Iterator[Outcome]:
    """Before the model of a board."""
    return run(
        board.ModelPort(), count, seed=seed, truth=board.truth, frame_bytes=board.FRAME,
        reply_bytes=board.REPLY, idle_s=board.IDLE_S, **options,
    )  # fmt: skip


def checks(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """For the bench: what was done to each of ``count`` frames, and what was wrong about it."""
    for one in model_run(count, seed):
        wrong = [f"{one}"] if "wrong" in one.became or one.after != "right" else []
        if one.after_s > RECOVERED_S:
            wrong.append(f"the frame after it took {one.after_s:.3f} s")
        yield f"{one.fault.kind} at byte {one.fault.at}", "; ".join(wrong)
