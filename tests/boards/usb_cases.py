"""A small core on simulated USB pins, and what goes wrong on the wire."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from cores import SumCore, SumNetwork, sum_info

from boards.link import Link, LinkError
from boards.shell import Shell
from boards.usb.link import UsbLink
from boards.usb.top import UsbShell
from rtl_gen.emit import to_verilog
from sim import usb
from sim.usb import UsbPins
from sim.usb_host import UsbHost
from sim.usb_packets import SE0, J, Pid, data_packet, states_of, token
from sim.usb_serial import UsbSerial

PIXELS = 150
INFO = replace(sum_info(PIXELS, 1), chunk_pixels=64, score_bytes=17)  # replies of a full packet
CLOCK_HZ, IDLE_S = 100e6, 0.0004
OTHER = 9  # the address of somebody else on the bus
NETWORK = SumNetwork((10, 15, 1))
pictures, right = NETWORK.pictures, NETWORK.right


def build(folder: Path, pause: int = 0, clock_hz: float = CLOCK_HZ, brief: bool = True) -> Path:
    """The program that simulates it; the core has ``pause`` cycles between pixels."""
    link = UsbLink(clock_hz=clock_hz, idle_s=IDLE_S)
    shell = UsbShell(Shell(SumCore(PIXELS, 1, pause=pause), info=INFO, link=link))
    return usb.build(to_verilog(shell, "top"), round(0.5e12 / clock_hz), folder, brief=brief)


class BadWire:
    """One packet in ``each`` has a fault of ``kinds``, once it is ``on``; SOF has none.

    What the board sends and the host does not hear is lost on the way back.
    """

    def __init__(self, seed: int, each: int, kinds: tuple[str, ...]):
        self.dice, self.each, self.kinds = random.Random(seed), each, kinds
        self.did: Counter[str] = Counter()
        self.on = False

    def fault(self, kinds: set[str]) -> str:
        """What goes wrong with a packet, of these; nothing at most times."""
        if not self.on or self.dice.randrange(self.each):
            return ""
        kind = self.dice.choice(self.kinds)
        if kind not in kinds:
            return ""
        self.did[kind] += 1
        return kind

    def send(self, pins: UsbPins, raw: bytes) -> None:
        """A packet to the board, and what becomes of it."""
        if raw[0] == Pid.SOF.byte:
            pins.send(raw)
            return
        states = states_of(raw)
        match self.fault({"lost", "flipped", "cut", "unended", "doubled", "else's", "pid"}):
            case "lost":
                pins.drive([(J, 20)])
            case "flipped":  # the wire is in the other state for a bit
                bits = [state for state, count in states for _ in range(count)]
                at = self.dice.randrange(8, len(bits) - 3)
                bits[at] = 3 - bits[at]
                pins.drive([(J, 3), *((state, 1) for state in bits)])
            case "cut":
                end = self.dice.randrange(3, len(states) - 2)
                pins.drive([(J, 3), *states[:end], (SE0, 2), (J, 1)])
            case "unended":  # its end is lost, too
                pins.drive([(J, 3), *states[: self.dice.randrange(3, len(states) - 2)], (J, 30)])
            case "doubled" if raw[0] != Pid.IN.byte:  # the board would answer the first one
                pins.send(raw)
                if raw[0] & 3 == 3:  # data: the board answers the first one
                    pins.answer()
                    pins.send(self.token)
                pins.send(raw)
            case "else's":  # a transaction with another device comes between
                pins.send(token(Pid.OUT, OTHER | 1 << 7))
                pins.send(data_packet(self.dice.choice((Pid.DATA0, Pid.DATA1)), b"else's" * 4))
                pins.send(bytes([Pid.ACK.byte]))
                if raw[0] & 3 == 3:
                    pins.send(self.token)
                pins.send(raw)
            case "pid":  # a bit of its name, and not the one that it is checked with
                wrong = raw[0] ^ 1 << self.dice.randrange(8)
                pins.send(bytes([wrong]) + raw[1:])
            case _:
                pins.send(raw)
        if raw[0] & 3 == 1:
            self.token = raw

    def deaf(self, raw: bytes) -> bool:
        """Whether an answer of the board's does not come to the host."""
        return bool(self.fault({"unheard"}))


KINDS = ("lost", "flipped", "cut", "unended", "doubled", "else's", "pid", "unheard")


@contextmanager
def plugged(
    program: Path, wire: BadWire | None = None, bit_ps: float = usb.BIT_PS, timeout: float = 0.002
) -> Iterator[UsbSerial]:
    """The host's port of the simulated board."""
    with TemporaryDirectory() as folder, UsbPins(program, Path(folder), bit_ps=bit_ps) as pins:
        host = UsbHost(pins, send=wire.send, deaf=wire.deaf) if wire else UsbHost(pins)
        yield UsbSerial(host, host.enumerate(), timeout)


def link_over(port: UsbSerial) -> Link:
    """The host's driver, which waits in simulated time."""
    return Link(port, idle_s=IDLE_S, sleep=port.sleep)


def became(link: Link, frame: np.ndarray) -> str:
    """What comes of a frame."""
    try:
        return "right" if right(frame, link.classify(frame).scores) else "wrong"
    except LinkError:
        return "lost"


def faulty_run(
    program: Path, count: int, seed: int, each: int, kinds: tuple[str, ...] = KINDS
) -> tuple[Counter[str], Counter[str]]:
    """What became of frames on a bad wire, and how often what went wrong there."""
    wire, found = BadWire(seed, each, kinds), Counter[str]()
    with plugged(program, wire) as port:
        link = link_over(port)
        wire.on = True
        for frame in pictures(count, seed):
            found[became(link, frame)] += 1
        wire.on = False
        found["clean right"] = [became(link, frame) for frame in pictures(3)].count("right")
    return found, wire.did


def interrupted_run(program: Path, count: int, seed: int) -> Counter[str]:
    """What became of frames whose host went away anywhere in them, and of clean ones behind.

    It closes the port and opens it again at once, sees the board reset, or just begins anew.
    """
    dice, found = random.Random(seed), Counter[str]()
    with plugged(program) as port:
        for first, second in zip(pictures(count, seed), pictures(count, seed + 1), strict=True):
            link = link_over(port)
            link.query()
            send, limit = port.write, dice.randrange(12 + PIXELS + 12)

            def some(data: bytes, send=send, limit=limit) -> int:
                """So many bytes go out, then the host is stopped."""
                send(data[:limit])
                raise KeyboardInterrupt

            port.write = some
            try:
                link.send(first)
            except KeyboardInterrupt:
                pass
            finally:
                del port.write
            way = dice.choice(("reopened", "reset", "waited", "unread"))
            if way == "reopened":
                port.close()
                port.open()
            elif way == "reset":
                port.host.enumerate()
                port.open()
            elif way == "unread":  # a whole request, whose reply nobody reads
                link = link_over(port)
                link.send(first)
                port.close()
                port.open()
            found[way] += 1
            found[f"then {became(link_over(port), second)}"] += 1
    return found
