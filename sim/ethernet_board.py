"""A simulated board on a network: frames of some end, as a socket, to its pins and back.

So the host's driver is the same for the simulation and for the board: it sends datagrams to an
address, here one of this machine.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from typing import Protocol

from fq_hw.errors import SimulationError
from sim.ethernet import EthernetWire

__all__ = ["EthernetBoard", "NetworkEnd", "SocketEnd"]

STEP = 2000  # cycles between looks at the end
MAC, IP = bytes.fromhex("02667100aaaa"), bytes([192, 168, 1, 1])  # of the simulated host
BROADCAST = b"\xff" * 6
IPV4, ARP = b"\x08\x00", b"\x08\x06"
MINIMUM = 60  # bytes of a frame


class NetworkEnd(Protocol):
    """Where frames come from and go to."""

    def fileno(self) -> int: ...

    def read(self) -> list[bytes]:
        """Frames for the board; those that are there, without waiting."""
        ...

    def write(self, frame: bytes) -> list[bytes]:
        """Take a frame of the board's; returns frames that answer it."""
        ...


class SocketEnd:
    """A UDP socket of this machine at ``port``: what comes goes on as a host would send it.

    mac, ip, udp_port  the board's; its MAC is learnt by ARP, as hosts do
    """

    def __init__(self, ip: bytes, udp_port: int):
        self.ip, self.udp_port = ip, udp_port
        self.mac: bytes | None = None  # until ARP was answered
        self.held: list[bytes] = []  # frames that wait for it
        self.clients: dict[int, tuple[str, int]] = {}  # who sends, by the port it sends from
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port: int = self.socket.getsockname()[1]

    def __enter__(self) -> SocketEnd:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def fileno(self) -> int:
        return self.socket.fileno()

    def read(self) -> list[bytes]:
        frames = []
        while True:
            try:
                payload, client = self.socket.recvfrom(65_536)
            except BlockingIOError:
                break
            self.clients[client[1]] = client
            frames.append(self.datagram(client[1], payload))
        if self.mac is not None:
            return frames
        self.held += frames
        return [self.question()] if frames else []

    def write(self, frame: bytes) -> list[bytes]:
        if frame[12:14] == ARP and frame[20:22] == b"\0\2" and frame[28:32] == self.ip:
            self.mac = frame[22:28]
            held, self.held = self.held, []
            return [self.mac + one[6:] for one in held]
        size = int.from_bytes(frame[38:40], "big")
        client = self.clients.get(int.from_bytes(frame[36:38], "big"))
        if frame[12:14] == IPV4 and frame[:6] == MAC and client:
            self.socket.sendto(frame[42 : 34 + size], client)
        return []

    def question(self) -> bytes:
        """Who has the board's address?"""
        asks = ARP + bytes.fromhex("0001 0800 06 04 0001") + MAC + IP + bytes(6) + self.ip
        return padded(BROADCAST + MAC + asks)

    def datagram(self, port: int, payload: bytes) -> bytes:
        """From ``port`` of the host to the board."""
        udp = struct.pack(">HHHH", port, self.udp_port, 8 + len(payload), 0) + payload
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0x4000, 64, 17, 0) + IP + self.ip
        total = sum(struct.unpack(">10H", head))
        total = (total & 0xFFFF) + (total >> 16)
        check = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
        ip = head[:10] + check.to_bytes(2, "big") + head[12:]
        return padded((self.mac or bytes(6)) + MAC + IPV4 + ip + udp)


class EthernetBoard:
    """``wire`` behind ``end``, until ``close``: time goes on while there is anything to hear.

    quiet  cycles without a frame after which nothing is under way on the board
    spoil  what becomes of frames on their way to the board, with their CRCs, and from it; by
           default nothing
    """

    def __init__(
        self,
        wire: EthernetWire,
        end: NetworkEnd,
        *,
        quiet: int,
        spoil: Callable[[list[bytes]], Iterable[bytes]] | None = None,
        lose: Callable[[bytes], bool] = lambda frame: False,
    ):
        self.wire, self.end, self.quiet = wire, end, quiet
        self.spoil, self.lose = spoil, lose
        self.ending, self.ends = os.pipe()
        self.problem: SimulationError | None = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def __enter__(self) -> EthernetBoard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Unplug. Raises SimulationError where the simulation had ended before."""
        os.write(self.ends, b"x")
        self.thread.join()
        for end in (self.ending, self.ends):
            os.close(end)
        if self.problem:
            raise self.problem

    def run(self) -> None:
        """Frames each way, in a thread of its own."""
        last, answers = self.wire.now, []
        while True:
            busy = answers or self.wire.now - last < self.quiet
            ready, _, _ = select.select([self.end, self.ending], [], [], 0 if busy else None)
            if self.ending in ready:
                return
            frames = answers + (self.end.read() if ready else [])
            try:
                found = self.step(frames)
            except SimulationError as error:
                self.problem = error
                return
            answers = [one for _, frame in found if not self.lose(frame)
                       for one in self.end.write(frame)]  # fmt: skip
            if frames or found:
                last = self.wire.now

    def step(self, frames: list[bytes]) -> list[tuple[int, bytes]]:
        """Let a while pass."""
        if self.spoil is None:
            return self.wire.step(STEP, frames)
        return self.wire.step_raw(STEP, self.spoil([self.wire.checked(one) for one in frames]))


def padded(frame: bytes) -> bytes:
    """As long as a frame must be."""
    return frame + bytes(max(0, MINIMUM - len(frame)))
