"""Ethernet frames with ARP and UDP over IPv4 in them: where each field lies, and what it must be.

Sources: IEEE 802.3 (frame), RFC 826 (ARP), RFC 791 (IP), RFC 768 (UDP).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from boards.ethernet.datagrams import HEADER, MAGIC, PORT, VERSION
from fq_hw.errors import ParameterError, require

__all__ = [
    "ARP_BYTES",
    "BROADCAST",
    "CRC_BYTES",
    "GAP",
    "IP_AT",
    "MINIMUM",
    "PAYLOAD_AT",
    "PREAMBLE",
    "UDP_AT",
    "Address",
    "arp_request",
    "datagram",
    "fixed",
]

PREAMBLE = b"\x55" * 7 + b"\xd5"
BROADCAST = b"\xff" * 6
MINIMUM = 60  # bytes of a frame, without its CRC
CRC_BYTES = 4
GAP = 12  # bytes of time between frames
IP_AT, UDP_AT, LINK_AT = 14, 34, 42  # where in a frame the headers begin
PAYLOAD_AT = LINK_AT + HEADER.size
ARP_BYTES = 42


@dataclass(frozen=True, kw_only=True)
class Address:
    """What a station is called; ``mac`` and ``ip`` in network order."""

    mac: bytes
    ip: bytes
    port: int = PORT

    def __post_init__(self) -> None:
        require(len(self.mac) == 6, "MAC address", "must have six bytes", self.mac)
        group = self.mac[0] & 1
        require(not group, "MAC address", "must be that of one station", self.mac.hex(":"))
        require(len(self.ip) == 4, "IP address", "must have four bytes", self.ip)
        require(0 < self.port < 2**16, "UDP port", "must be in 1..65535", self.port)

    @classmethod
    def parse(cls, mac: str, ip: str, port: int = PORT) -> Address:
        """From ``02:66:71:00:00:01`` and ``192.168.1.50``. Raises ParameterError."""
        fits = re.fullmatch(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}", mac)
        require(fits, "MAC address", "must be six bytes in hex, as 02:66:71:00:00:01", mac)
        try:
            address = ipaddress.IPv4Address(ip)
        except ipaddress.AddressValueError as error:
            contract = f"must be four numbers, as 192.168.1.50 (got {ip!r})"
            raise ParameterError(f"IP address: {contract}") from error
        one = not (address.is_multicast or address.is_unspecified or ip == "255.255.255.255")
        require(one, "IP address", "must be that of one station", ip)
        return cls(mac=bytes.fromhex(mac.replace(":", "")), ip=address.packed, port=port)


def arp_request(address: Address) -> dict[int, tuple[int, int]]:
    """Byte and mask, by its place in the frame, of a request for ``address``."""
    asks = bytes.fromhex("0806 0001 0800 06 04 0001")
    return fixed(12, asks) | fixed(38, address.ip)


def datagram(address: Address) -> dict[int, tuple[int, int]]:
    """The same of a datagram to ``address``, in one piece, and with a header of the link."""
    return (
        fixed(12, bytes.fromhex("0800 45"))
        | {20: (0, 0xBF), 21: (0, 0xFF), 23: (17, 0xFF)}  # "don't fragment" may be said
        | fixed(30, address.ip)
        | fixed(36, address.port.to_bytes(2, "big"))
        | fixed(LINK_AT, MAGIC + bytes([VERSION]))
    )


def fixed(at: int, wanted: bytes) -> dict[int, tuple[int, int]]:
    """Bytes that must be ``wanted``."""
    return {at + n: (byte, 0xFF) for n, byte in enumerate(wanted)}
