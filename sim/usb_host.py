"""A USB host: transactions, transfers and enumeration.

It does what the specification wants of hosts (USB 2.0, chapters 8 and 9), and nothing that only our
device needs.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from fq_hw.errors import SimulationError, require
from sim.usb import UsbPins
from sim.usb_packets import SE0, WHERE, J, Pid, crc16, data_packet, handshake, token

__all__ = ["CYCLES_PER_S", "PACKET", "Device", "UsbHost"]

CYCLES_PER_S = 48e6  # of UsbPins.now
FRAME = 48_000  # cycles: a host sends SOF every millisecond
RESET_BITS, RECOVERY_BITS = 600.0, 240.0  # shorter than a host's 10 ms, for time's sake
TRIES = 16  # of what is not answered; a host has 3, on a wire that is not damaged on purpose
ADDRESS = 5
PACKET = 64
DATA = (Pid.DATA0, Pid.DATA1)
BULK, IN = 2, 0x80
ENDPOINT = 5  # the descriptor's kind


@dataclass(frozen=True)
class Device:
    """What a device says of itself: its descriptors, and its strings by their numbers."""

    device: bytes
    configuration: bytes
    strings: dict[int, str]

    def parts(self) -> Iterator[bytes]:
        """The configuration's descriptors, one by one."""
        left = self.configuration
        while left:
            yield left[: left[0]]
            left = left[left[0] :]

    @property
    def bulk(self) -> tuple[int, int]:
        """Numbers of the endpoints for bulk data, out and in."""
        found = [one[2] for one in self.parts() if one[1] == ENDPOINT and one[3] == BULK]
        (out,) = (one for one in found if not one & IN)
        (into,) = (one & ~IN for one in found if one & IN)
        return out, into


class UsbHost:
    """One port of a host, and what is plugged into it.

    send  sends a packet to the board; whoever spoils packets has another one
    deaf  whether the host does not hear this answer
    """

    def __init__(
        self,
        pins: UsbPins,
        *,
        send: Callable[[UsbPins, bytes], None] = UsbPins.send,
        deaf: Callable[[bytes], bool] = lambda answer: False,
    ):
        self.pins, self.spoken, self.deaf = pins, send, deaf
        self.address, self.frame, self.next_frame = 0, 0, 0
        self.toggles: dict[tuple[Pid, int], int] = {}

    def send(self, raw: bytes) -> None:
        """A packet to the board."""
        self.spoken(self.pins, raw)

    def reset(self) -> None:
        """Reset the bus: the device has address 0 again, and no configuration."""
        self.pins.drive([(SE0, RESET_BITS), (J, RECOVERY_BITS)])
        self.address = 0
        self.toggles.clear()

    def sleep(self, cycles: float) -> None:
        """Let time pass, with the SOF of every frame."""
        ends = self.pins.now + cycles
        while self.pins.now < ends:
            self.tick()
            self.pins.listen(min(ends - self.pins.now, FRAME / 2) / 4 + 1)

    def tick(self) -> None:
        """SOF, where it is time."""
        if self.pins.now >= self.next_frame:
            self.next_frame = self.pins.now + FRAME
            self.frame = (self.frame + 1) % 2048
            self.send(token(Pid.SOF, self.frame))

    def hear(self) -> bytes | None:
        """The board's answer, unless it is lost on the way."""
        answer = self.pins.answer()
        return None if answer is None or self.deaf(answer) else answer

    def give(self, kind: Pid, endpoint: int, pid: Pid, payload: bytes) -> Pid | None:
        """One OUT or SETUP transaction; returns the handshake."""
        self.tick()
        self.send(token(kind, self.address | endpoint << 7))
        self.send(data_packet(pid, payload))
        answer = self.hear()
        if answer is None:
            return None
        known = {handshake(one): one for one in (Pid.ACK, Pid.NAK, Pid.STALL)}
        must(answer in known, "data are answered with a handshake", answer)
        return known[answer]

    def take(self, endpoint: int) -> tuple[Pid | None, bytes]:
        """One IN transaction; returns what came, and its payload. Data are acknowledged."""
        self.tick()
        self.send(token(Pid.IN, self.address | endpoint << 7))
        answer = self.hear()
        if answer is None:
            return None, b""
        for one in (Pid.NAK, Pid.STALL):
            if answer == handshake(one):
                return one, b""
        payload, check = answer[1:-2], answer[-2:]
        right = answer[0] in [one.byte for one in DATA] and len(payload) <= PACKET
        right = right and check == crc16(payload).to_bytes(2, "little")
        must(right, "IN is answered with data of a right CRC, or a handshake", answer)
        self.send(handshake(Pid.ACK))
        return next(one for one in DATA if one.byte == answer[0]), payload

    def put(self, endpoint: int, payload: bytes) -> bool:
        """One bulk packet out; False where the device has no room yet."""
        toggle = self.toggles.get((Pid.OUT, endpoint), 0)
        for _ in range(TRIES):
            said = self.give(Pid.OUT, endpoint, DATA[toggle], payload)
            if said == Pid.ACK:
                self.toggles[Pid.OUT, endpoint] = 1 - toggle
                return True
            must(said != Pid.STALL, "bulk data must be taken", said)
            if said == Pid.NAK:
                return False
        failed("OUT must be answered")

    def get(self, endpoint: int) -> bytes | None:
        """One bulk packet in; None where there is none yet."""
        toggle = self.toggles.get((Pid.IN, endpoint), 0)
        for _ in range(TRIES):
            pid, payload = self.take(endpoint)
            if pid == DATA[toggle]:
                self.toggles[Pid.IN, endpoint] = 1 - toggle
                return payload
            must(pid != Pid.STALL, "bulk data must be given", pid)
            if pid == Pid.NAK:
                return None
        failed("IN must be answered with what was not there yet")

    def control(self, kind: int, request: int, value: int = 0, index: int = 0, length: int = 0,
                payload: bytes = b"") -> bytes | None:  # fmt: skip
        """A control transfer (8.5.3), from its begin where it got stuck; None where refused."""
        setup = struct.pack("<BBHHH", kind, request, value, index, len(payload) or length)
        for _ in range(TRIES):
            try:
                return self.stages(setup, payload)
            except StuckError:
                continue
        failed(f"the request {setup.hex()} must come to an end")

    def stages(self, setup: bytes, payload: bytes) -> bytes | None:
        """SETUP, data, status: once. Raises StuckError."""
        if self.given(Pid.SETUP, Pid.DATA0, setup) != Pid.ACK:
            raise StuckError
        length, came, toggle = int.from_bytes(setup[6:], "little"), b"", 1
        if setup[0] & IN:
            while len(came) < length:
                part = self.taken(DATA[toggle])
                if part is None:
                    return None
                came, toggle = came + part, 1 - toggle
                if len(part) < PACKET:
                    break
            status = self.given(Pid.OUT, Pid.DATA1, b"")
            return came if status == Pid.ACK else None
        for at in range(0, length, PACKET):
            if self.given(Pid.OUT, DATA[toggle], payload[at : at + PACKET]) != Pid.ACK:
                return None
            toggle = 1 - toggle
        return self.taken(Pid.DATA1)

    def given(self, kind: Pid, pid: Pid, payload: bytes) -> Pid:
        """ACK or STALL, of data to endpoint 0."""
        for _ in range(TRIES):
            said = self.give(kind, 0, pid, payload)
            if said in (Pid.ACK, Pid.STALL):
                return said
        raise StuckError

    def taken(self, wanted: Pid) -> bytes | None:
        """Data of endpoint 0; None at a STALL."""
        for _ in range(TRIES):
            pid, payload = self.take(0)
            if pid in (wanted, Pid.STALL):
                return payload if pid == wanted else None
        raise StuckError

    def ask(self, *request: int, payload: bytes = b"") -> bytes:
        """A control transfer that must not be refused."""
        found = self.control(*request, payload=payload)
        must(found is not None, "a request must not be refused", request)
        assert found is not None
        return found

    def enumerate(self) -> Device:
        """Reset the device, give it an address, read what it says of itself, configure it."""
        self.reset()
        head = self.ask(IN, 6, 0x0100, 0, 8)
        must(len(head) == 8 and head[7] == PACKET, "8 bytes of a device's descriptor", head)
        self.reset()
        self.ask(0, 5, ADDRESS)
        self.address = ADDRESS
        device = self.ask(IN, 6, 0x0100, 0, 18)
        head = self.ask(IN, 6, 0x0200, 0, 9)
        configuration = self.ask(IN, 6, 0x0200, 0, int.from_bytes(head[2:4], "little"))
        strings = {}
        for number in sorted(set(device[14:17]) - {0}):
            raw = self.ask(IN, 6, 0x0300 | number, 0x0409, 255)
            strings[number] = raw[2:].decode("utf-16-le")
        self.ask(0, 9, configuration[5])
        self.toggles.clear()  # 9.1.1.5: a configuration begins with DATA0
        return Device(device, configuration, strings)


class StuckError(Exception):
    """A control transfer that was not answered."""


def must(fits: object, contract: str, got: object) -> None:
    """Raise SimulationError unless it ``fits``."""
    require(fits, WHERE, contract, got, kind=SimulationError)


def failed(contract: str) -> NoReturn:
    """Raise SimulationError."""
    raise SimulationError(f"{WHERE}: {contract}")
