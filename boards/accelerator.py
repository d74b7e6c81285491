"""A network on a board, from Python: pictures in, answers out, whatever the line does."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Protocol, TypeVar

import numpy as np

from boards.link import Link, LinkError, Port, Result
from boards.protocol import BAUD, IDLE_S, Info
from boards.spi_port import SCHEME as SPI
from boards.spi_port import open_spi
from boards.udp_port import SCHEME as UDP
from boards.udp_port import UdpPort
from fq_hw.data.meaning import Meaning
from fq_hw.errors import ToolError, require

__all__ = ["Accelerator", "Answer", "Network", "Tally", "open_port"]

TIMEOUT_S = 10.0  # longer than any network of a low-cost board takes for a frame
TRIES = 3
Reply = TypeVar("Reply")


class Network(Protocol):
    """What must be known of the network that a board was built for; ``Model`` is one."""

    name: str

    @property
    def image(self) -> tuple[int, ...]: ...
    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def meaning(self) -> Meaning | None: ...


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the board says of frame ``number``: integer scores, and the best classes' names.

    ``error`` is why there is no answer; then there are no scores and no names.
    """

    number: int
    scores: tuple[int, ...] = ()
    best: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    error: str = ""

    @property
    def label(self) -> int | None:
        """Number of the class; None where there is no answer."""
        return self.best[0] if self.best else None

    @property
    def name(self) -> str | None:
        """Name of the class; None where there is no answer."""
        return self.names[0] if self.names else None

    def top(self, count: int = 5) -> list[tuple[int, int]]:
        """The highest scores, best first, of equal ones the first class: (class, score)."""
        order = sorted(range(len(self.scores)), key=lambda label: -self.scores[label])
        return [(label, self.scores[label]) for label in order[:count]]


@dataclass
class Tally:
    """What came of the frames so far; ``seconds`` from the first frame's begin to the last answer.

    lost    frames that had no answer, however often they were sent
    errors  requests that ended without their reply, by what was said
    """

    answered: int = 0
    lost: int = 0
    seconds: float = 0.0
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def frames_per_second(self) -> float:
        """Sustained rate of answers."""
        return self.answered / self.seconds if self.seconds else 0.0


def open_port(name: str, baud: int = BAUD, timeout: float = TIMEOUT_S) -> Port:
    """A port by its name: a serial device, a URL of pyserial's (``socket://HOST:PORT``),
    ``udp://HOST`` for a board on Ethernet, or ``spi:///dev/spidev0.0?hz=4000000``.

    Raises ToolError where pyserial or spidev is missing, LinkError where the port cannot be opened,
    ParameterError for a URL that is not written so.
    """
    if name.startswith(f"{UDP}:"):
        return UdpPort(name, timeout)
    if name.startswith(f"{SPI}:"):
        return open_spi(name, timeout)
    try:
        import serial
    except ModuleNotFoundError as error:
        message = "port: needs pyserial; install it with: pip install -e '.[board]'"
        raise ToolError(message) from error
    try:
        port = serial.serial_for_url(name, baudrate=baud, timeout=timeout, do_not_open=True)
        port.exclusive = True if "://" not in name else None
        port.open()
    except (OSError, ValueError) as error:
        known = ", ".join(sorted(port_names())) or "none"
        said = str(error).splitlines()[0]
        cure = f"name the board's; ports here: {known}"
        raise LinkError(f"port {name!r}: cannot be opened ({said}); {cure}") from error
    return port


def port_names() -> list[str]:
    """The serial ports of this machine."""
    from serial.tools import list_ports

    return [port.device for port in list_ports.comports()]


class Accelerator:
    """The board at ``port``, which was built for ``network``; a context manager.

    port     what ``open_port`` opens, or an open port as ``Link`` wants it
    network  names classes, and says what a byte of an image means
    baud, timeout  of a port that is opened here: bits a second, and seconds without a byte
    tries    how often a frame is sent until it counts as lost
    idle_s   as ``Link`` has it

    Raises ToolError and LinkError as ``open_port`` does, and ParameterError where the board was
    built for another network than this.
    """

    def __init__(
        self,
        port: str | Port,
        network: Network,
        *,
        baud: int = BAUD,
        timeout: float = TIMEOUT_S,
        tries: int = TRIES,
        idle_s: float = IDLE_S,
    ):
        require(tries >= 1, "tries", "must be at least 1", tries)
        self.network, self.tries, self.tally = network, tries, Tally()
        self._port = open_port(port, baud, timeout) if isinstance(port, str) else port
        self._link = Link(self._port, meaning=network.meaning, idle_s=idle_s)
        self._began: float | None = None
        try:
            self.info = self._tried(self._link.query)
            check_network(self.info, network)
        except BaseException:
            self.close()
            raise

    def _tried(self, ask: Callable[[], Reply]) -> Reply:
        """What ``ask`` gives, in the first of ``tries`` that ends without a LinkError."""
        for left in reversed(range(self.tries)):
            try:
                return ask()
            except LinkError as error:
                self.tally.errors[str(error)] += 1
                if not left:
                    raise

    def __enter__(self) -> Accelerator:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the port back."""
        getattr(self._port, "close", lambda: None)()

    def load(self, words: Sequence[int]) -> None:
        """Load the weights of a board that keeps them outside its chip, as ``Link.load`` does."""
        self._link.load(words)

    def classify(self, frame: np.ndarray | bytes | memoryview) -> Answer:
        """The answer to one frame, H,W,C: bytes, int8, or real where the network's bytes mean it.

        Raises ParameterError for another size or type, LinkError where ``tries`` requests had no
        answer.
        """
        number = self.tally.answered + self.tally.lost
        self._began = self._began or time.monotonic()
        try:
            result = self._tried(lambda: self._link.classify(frame))
        except LinkError:
            self.tally.lost += 1
            raise
        return self._answered(number, result)

    def run(
        self, frames: Iterable[np.ndarray | bytes | memoryview], ahead: int | None = None
    ) -> Iterator[Answer]:
        """An answer for each frame, in order; one that is lost says why, and the next one goes on.

        ``ahead`` frames are under way, by default as many as the port lets wait: so many are taken
        before the first answer comes. ``tally`` counts them. Raises ParameterError as ``classify``
        does.
        """
        most = self._link.ahead if ahead is None else min(ahead, self._link.ahead)
        first, source = self.tally.answered + self.tally.lost, iter(frames)
        numbers = count(first)
        under_way: deque[Sent] = deque()
        again: deque[Sent] = deque()
        found: dict[int, Answer] = {}
        due = first
        self._link.forget()
        self._began = self._began or time.monotonic()
        while True:
            while len(under_way) < most:
                frame = again.popleft() if again else Sent.next_of(source, numbers)
                if frame is None:
                    break
                under_way.append(self._send(frame))
            if not under_way:
                return
            frame = under_way.popleft()
            answer = self._receive(frame)
            if answer is None:
                again.append(frame)
            else:
                found[frame.number] = answer
            while due in found:
                yield found.pop(due)
                due += 1

    def _send(self, frame: Sent) -> Sent:
        frame.tries += 1
        try:
            self._link.send(frame.pixels)
        except LinkError as error:
            frame.error = error
        return frame

    def _receive(self, frame: Sent) -> Answer | None:
        """What came of it; None where it is to be sent again."""
        try:
            if frame.error is not None:
                raise frame.error
            result = self._link.receive()
        except LinkError as error:
            frame.error = None
            self.tally.errors[str(error)] += 1
            if frame.tries < self.tries:
                return None
            self.tally.lost += 1
            return Answer(number=frame.number, error=str(error))
        return self._answered(frame.number, result)

    def _answered(self, number: int, result: Result) -> Answer:
        self.tally.answered += 1
        self.tally.seconds = time.monotonic() - (self._began or 0.0)
        names = tuple(self.network.classes[label] for label in result.best)
        return Answer(number=number, scores=result.scores, best=result.best, names=names)


@dataclass
class Sent:
    """A frame on its way: how often it was sent, and why the last time failed at once."""

    number: int
    pixels: np.ndarray | bytes | memoryview
    tries: int = 0
    error: LinkError | None = None

    @classmethod
    def next_of(cls, frames: Iterator, numbers: Iterator[int]) -> Sent | None:
        """The next one of ``frames``; None where there is none."""
        for pixels in frames:
            return cls(number=next(numbers), pixels=pixels)
        return None


def check_network(info: Info, network: Network) -> None:
    """Refuse a board that was built for other images or classes. Raises ParameterError."""
    height, width, colours = network.image
    wanted = (height * width, colours, len(network.classes))
    built = (info.pixels, info.colours, info.classes)
    contract = (
        f"was built for {info.pixels} pixels of {info.colours} colours and {info.classes} classes, "
        f"{network.name} has {wanted[0]}, {wanted[1]} and {wanted[2]}"
    )
    hint = "load the bitstream of this network, or name the network of the bitstream"
    require(built == wanted, "board", contract, hint=hint)
