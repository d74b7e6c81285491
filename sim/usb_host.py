"""A USB host: transactions, transfers, enumeration, and a serial port on top of them.

It does what the specification wants of hosts (USB 2.0, chapters 8 and 9; CDC PSTN 1.2), and nothing
that only our device needs.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from fq_hw.errors import SimulationError, require
from sim.usb import UsbPins
from sim.usb_packets import SE0, WHERE, J, Pid, crc16, data_packet, handshake, token

__all__ = ["Device", "UsbHost", "UsbSerial"]

FRAME = 48_000  # cycles: a host sends SOF every millisecond
RESET_BITS, RECOVERY_BITS = 1200.0, 600.0  # shorter than a host's 10 ms, for time's sake
TRIES = 12  # of a transaction that is not answered; a host has 3, on a wire that is not damaged
ADDRESS = 5
DATA = (Pid.DATA0, Pid.DATA1)


@dataclass(frozen=True)
class Device:
    """What was read of a device: its descriptors, and its strings by their numbers."""

    device: bytes
    configuration: bytes
    strings: dict[int, str]


class UsbHost:
    """One port of a host, and what is plugged into it.

    spoil  what becomes of a packet to the board: it may be sent some other way, or not at all
    deaf   whether the host does not hear this answer
    """

    def __init__(
        self,
        pins: UsbPins,
        *,
        spoil: Callable[[UsbPins, bytes], None] = UsbPins.send,
        deaf: Callable[[bytes], bool] = lambda answer: False,
    ):
        self.pins, self.spoil, self.deaf = pins, spoil, deaf
        self.address, self.frame, self.next_frame = 0, 0, 0
        self.toggles: dict[tuple[bool, int], int] = {}

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
            self.spoil(self.pins, token(Pid.SOF, self.frame))

    def hear(self) -> bytes | None:
        """The board's answer, unless it is lost on the way."""
        answer = self.pins.answer()
        return None if answer is None or self.deaf(answer) else answer

    def give(self, kind: Pid, endpoint: int, pid: Pid, payload: bytes) -> Pid | None:
        """One OUT or SETUP transaction; returns the handshake."""
        self.tick()
        self.spoil(self.pins, token(kind, self.address | endpoint << 7))
        self.spoil(self.pins, data_packet(pid, payload))
        answer = self.hear()
        if answer is None:
            return None
        known = {handshake(one): one for one in (Pid.ACK, Pid.NAK, Pid.STALL)}
        contract = "data are answered with a handshake"
        require(answer in known, WHERE, contract, answer, kind=SimulationError)
        return known[answer]

    def take(self, endpoint: int) -> tuple[Pid | None, bytes]:
        """One IN transaction; returns what came, and its payload. Data are acknowledged."""
        self.tick()
        self.spoil(self.pins, token(Pid.IN, self.address | endpoint << 7))
        answer = self.hear()
        if answer is None:
            return None, b""
        for one in (Pid.NAK, Pid.STALL):
            if answer == handshake(one):
                return one, b""
        pid = next((one for one in DATA if one.byte == answer[0]), None)
        payload = answer[1:-2]
        right = pid is not None and answer[-2:] == crc16(payload).to_bytes(2, "little")
        contract = "IN is answered with data of a right CRC, or a handshake"
        require(right, WHERE, contract, answer, kind=SimulationError)
        self.spoil(self.pins, handshake(Pid.ACK))
        return pid, payload

    def put(self, endpoint: int, payload: bytes) -> bool:
        """One bulk packet out; False where the device has no room yet."""
        way = (False, endpoint)
        toggle = self.toggles.get(way, 0)
        for _ in range(TRIES):
            said = self.give(Pid.OUT, endpoint, DATA[toggle], payload)
            if said == Pid.ACK:
                self.toggles[way] = 1 - toggle
                return True
            if said is not None:
                require(said == Pid.NAK, WHERE, "must take data", said, kind=SimulationError)
                return False
        require(False, WHERE, "must answer OUT", kind=SimulationError)

    def get(self, endpoint: int) -> bytes | None:
        """One bulk packet in; None where there is none yet."""
        way = (True, endpoint)
        toggle = self.toggles.get(way, 0)
        for _ in range(TRIES):
            pid, payload = self.take(endpoint)
            if pid == DATA[toggle]:
                self.toggles[way] = 1 - toggle
                return payload
            if pid == Pid.NAK:
                return None
            contract = "must have data"
            require(pid != Pid.STALL, WHERE, contract, pid, kind=SimulationError)
        require(False, WHERE, "must answer IN with the next data", kind=SimulationError)

    def control(self, kind: int, request: int, value: int, index: int = 0, length: int = 0,
                payload: bytes = b"") -> bytes | None:  # fmt: skip
        """A control transfer (8.5.3), again where it got stuck; None where it is refused."""
        setup = struct.pack("<BBHHH", kind, request, value, index, length)
        for _ in range(TRIES):
            found = self.stages(setup, payload)
            if found is not NOTHING:
                return found
        require(False, WHERE, f"must answer the request {setup.hex()}", kind=SimulationError)

    def stages(self, setup: bytes, payload: bytes) -> bytes | None:
        """Once; NOTHING where it got stuck."""
        for _ in range(TRIES):
            if self.give(Pid.SETUP, 0, Pid.DATA0, setup) == Pid.ACK:
                break
        else:
            return NOTHING
        length, reads = int.from_bytes(setup[6:], "little"), setup[0] >> 7
        came, toggle = b"", 1
        if reads:
            while len(came) < length:
                self.toggles[True, 0] = toggle
                part = self.patiently(lambda: self.take(0), (DATA[toggle], Pid.STALL))
                if part is None:
                    return NOTHING
                if part[0] == Pid.STALL:
                    return None
                came, toggle = came + part[1], 1 - toggle
                if len(part[1]) < 64:
                    break
            status = self.patiently(lambda: (self.give(Pid.OUT, 0, Pid.DATA1, b""), b""),
                                    (Pid.ACK, Pid.STALL))  # fmt: skip
        else:
            for at in range(0, length, 64):
                part, pid = payload[at : at + 64], DATA[toggle]
                said = self.patiently(lambda part=part, pid=pid: (self.give(Pid.OUT, 0, pid, part),
                                                                  b""), (Pid.ACK, Pid.STALL))  # fmt: skip
                if said is None:
                    return NOTHING
                if said[0] == Pid.STALL:
                    return None
                toggle = 1 - toggle
            status = self.patiently(lambda: self.take(0), (Pid.DATA1, Pid.STALL))
        if status is None:
            return NOTHING
        return None if status[0] == Pid.STALL else came

    def patiently(self, step: Callable[[], tuple[Pid | None, bytes]],
                  wanted: tuple[Pid, ...]) -> tuple[Pid | None, bytes] | None:  # fmt: skip
        """Do ``step`` until it is answered with one of ``wanted``; None where it is not."""
        for _ in range(TRIES):
            found = step()
            if found[0] in wanted:
                return found
        return None

    def must(self, *request, **more) -> bytes:
        found = self.control(*request, **more)
        require(found is not None, WHERE, f"must not refuse {request}", kind=SimulationError)
        return found

    def enumerate(self) -> Device:
        """Reset the device, give it an address, read what it says of itself, configure it."""
        self.reset()
        head = self.must(0x80, 6, 0x0100, 0, 8)
        require(len(head) == 8 and head[7] == 64, WHERE, "a device descriptor", head,
                kind=SimulationError)  # fmt: skip
        self.reset()
        self.must(0, 5, ADDRESS)
        self.address = ADDRESS
        device = self.must(0x80, 6, 0x0100, 0, 18)
        head = self.must(0x80, 6, 0x0200, 0, 9)
        configuration = self.must(0x80, 6, 0x0200, 0, int.from_bytes(head[2:4], "little"))
        strings = {}
        for number in sorted(set(device[14:17]) - {0}):
            raw = self.must(0x80, 6, 0x0300 | number, 0x0409, 255)
            strings[number] = raw[2:].decode("utf-16-le")
        self.must(0, 9, configuration[5])
        self.toggles.clear()  # 9.1.1.5: a configuration begins with DATA0
        return Device(device, configuration, strings)


NOTHING = b"nothing"
LINE_CODING = struct.pack("<IBBB", 1_000_000, 0, 0, 8)
OPEN, CLOSED = 3, 0  # DTR and RTS


class UsbSerial:
    """A serial port on a host, with the ``read`` and ``write`` that pyserial's has.

    timeout  seconds of simulated time until ``read`` gives up
    endpoint  of bytes, both ways
    """

    def __init__(self, host: UsbHost, *, endpoint: int, timeout: float):
        self.host, self.endpoint = host, endpoint
        self.timeout = timeout
        self.heard = bytearray()
        self.open()

    def open(self) -> None:
        """As Linux does: speed, DTR and RTS."""
        self.host.must(0x21, 0x20, 0, 0, 7, payload=LINE_CODING)
        self.host.must(0x21, 0x22, OPEN)

    def close(self) -> None:
        """What was not read yet is gone."""
        self.host.must(0x21, 0x22, CLOSED)
        self.heard.clear()

    def write(self, data: bytes) -> int:
        """Send bytes; those that come meanwhile are kept."""
        ends = self.host.pins.now + self.timeout * 48e6
        for at in range(0, len(data), 64):
            while not self.host.put(self.endpoint, data[at : at + 64]):
                contract = "must take bytes in time"
                require(self.host.pins.now < ends, WHERE, contract, kind=SimulationError)
                self.poll()
        return len(data)

    def poll(self) -> bool:
        """Ask for a packet; whether there was one."""
        packet = self.host.get(self.endpoint)
        self.heard += packet or b""
        return packet is not None

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; fewer where no more come in time."""
        ends = self.host.pins.now + self.timeout * 48e6
        while len(self.heard) < size and self.host.pins.now < ends:
            self.poll()
        found = bytes(self.heard[:size])
        del self.heard[:size]
        return found

    def reset_input_buffer(self) -> None:
        """Forget what has come, all of it."""
        while self.poll():
            pass
        self.heard.clear()

    def sleep(self, seconds: float) -> None:
        """Let simulated time pass; the port is read meanwhile, as an open one is."""
        self.host.sleep(seconds * 48e6)
        while self.poll():
            pass
