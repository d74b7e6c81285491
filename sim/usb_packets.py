"""Packets of USB full speed, as bytes and as what the pins are for how long.

Written from the specification (USB 2.0, chapters 7 and 8) and not from any device, which is held
against it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from itertools import groupby

from fq_hw.errors import SimulationError, require

__all__ = ["BIT_PS", "SE0", "WHERE", "J", "K", "Pid", "crc5", "crc16", "data_packet", "handshake",
           "packet_in", "states_of", "token"]  # fmt: skip

BIT_PS = 1e6 / 12
SE0, K, J = 0, 1, 2  # D+ in bit 1, D- in bit 0
SYNC = [0] * 7 + [1]
STUFF = 6  # ones, behind which a zero is sent
EDGE_PS = 20_000  # that an edge may be away from its place: 7.1.13.1 and the host's own
WHERE = "rtl-sim through the USB pins"


class Pid(IntEnum):
    """What a packet is (8.3.1), without the complement."""

    OUT = 0b0001
    IN = 0b1001
    SOF = 0b0101
    SETUP = 0b1101
    DATA0 = 0b0011
    DATA1 = 0b1011
    ACK = 0b0010
    NAK = 0b1010
    STALL = 0b1110

    @property
    def byte(self) -> int:
        """As it is sent."""
        return self | (self ^ 15) << 4


def crc(bits: Iterable[int], width: int, poly: int) -> int:
    """The check behind ``bits`` (8.3.5), its first bit the lowest."""
    found = mask = (1 << width) - 1
    for bit in bits:
        top = found >> (width - 1) ^ bit
        found = (found << 1 & mask) ^ (poly if top else 0)
    return int(f"{found ^ mask:0{width}b}"[::-1], 2)


def bits_of(raw: bytes) -> list[int]:
    """Least significant bit first."""
    return [byte >> place & 1 for byte in raw for place in range(8)]


def crc5(field: int) -> int:
    """Of the 11 bits of a token."""
    return crc((field >> place & 1 for place in range(11)), 5, 0b00101)


def crc16(payload: bytes) -> int:
    """Of a data packet."""
    return crc(bits_of(payload), 16, 0x8005)


def token(pid: Pid, field: int) -> bytes:
    """A token; ``field`` is address | endpoint << 7, or the frame's number."""
    return bytes([pid.byte]) + (field | crc5(field) << 11).to_bytes(2, "little")


def data_packet(pid: Pid, payload: bytes) -> bytes:
    return bytes([pid.byte]) + payload + crc16(payload).to_bytes(2, "little")


def handshake(pid: Pid) -> bytes:
    return bytes([pid.byte])


def stuffed(bits: list[int]) -> list[int]:
    """With a zero behind each six ones."""
    found, ones = [], 0
    for bit in bits:
        found.append(bit)
        ones = ones + 1 if bit else 0
        if ones == STUFF:
            found.append(0)
            ones = 0
    return found


def states_of(raw: bytes) -> list[tuple[int, int]]:
    """What the pins are for how many bit times, until they are J and left alone."""
    state, states = J, []
    for bit in stuffed(SYNC + bits_of(raw)):
        state = state if bit else K + J - state
        states.append(state)
    states += [SE0, SE0, J]
    return [(state, len(list(run))) for state, run in groupby(states)]


def packet_in(runs: list[tuple[int, int]]) -> bytes:
    """The packet of which the pins were so, for so many ps, idle before and behind it.

    Raises SimulationError where that is none: its edges are away from their places, it has no SYNC
    or no end, a wrong stuffed bit, or no whole bytes.
    """

    def must(fits: object, contract: str, got: object) -> None:
        require(fits, WHERE, contract, got, kind=SimulationError)

    states, at = [], 0.0
    for state, ps in runs:
        first, last = round(at / BIT_PS), round((at + ps) / BIT_PS)
        at += ps
        must(abs(at - last * BIT_PS) < EDGE_PS, "edges must be whole bits apart", runs)
        states += [state] * (last - first)
    must(states[-3:] == [SE0, SE0, J], "a packet must end with two bits of SE0, and J", states)
    must(not {SE0, SE0 | 3} & set(states[:-3]), "a packet must be of J and K", states)
    bits = [int(now == was) for was, now in zip([J, *states], states[:-3], strict=False)]
    must(bits[:8] == SYNC, "a packet must begin with SYNC", bits)
    plain, ones = [], 0
    for bit in bits:
        if ones == STUFF:
            must(bit == 0, "behind six ones comes a zero", bits)
            ones = 0
            continue
        plain.append(bit)
        ones = ones + 1 if bit else 0
    must(ones < STUFF, "behind six ones comes a zero", bits)
    must(len(plain) % 8 == 0, "a packet must have whole bytes", plain)
    text = "".join(map(str, reversed(plain[8:])))
    return int(text, 2).to_bytes(len(plain) // 8 - 1, "little")
