"""How a board is spoken to: a choice, with what it makes of a core, and what it carries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from amaranth.hdl import Elaboratable
from amaranth.lib import wiring

from boards.board import Board
from boards.clock import PllClock, pll_for
from boards.ethernet.datagrams import PAYLOAD, WIRE_BYTES
from boards.ethernet.frames import Address
from boards.ethernet.link import EthernetLink
from boards.ethernet.top import CLOCK_HZ
from boards.pll import Setting
from boards.protocol import BAUD, BITS_PER_BYTE, IDLE_S, Info, reply_bytes, request_bytes
from boards.serial_link import SerialLink
from boards.shell import Shell
from boards.spi_link import CYCLES, PLACES, REPLY_PLACES, SpiLink
from boards.tops import PHY_CLOCK, USB_CLOCK, EthernetTop, SerialTop, SpiTop, UsbTop
from boards.uart import divisor
from boards.usb.link import UsbLink
from boards.usb.packets import PACKET
from boards.usb.top import CLOCK_HZ as USB_HZ
from fq_hw.errors import require
from fq_hw.family import FAMILIES

__all__ = ["MAC", "Ethernet", "LinkKind", "Spi", "Uart", "Usb"]

MAC = "02:66:71:00:00:01"  # one that nobody is sold with: two such boards need a network each
SMALL_PLACES = 512  # of requests, where block RAMs are small and few
USB_FRAME_S, USB_FRAME_BYTES = 1e-3, 1500  # a byte takes 2/3 us
USB_TRANSACTION = 13  # bytes of a transaction beside its data (USB 2.0, 5.8.4)
USB_NEAR = 0.0025  # that a full speed clock may be away (7.1.11)
NO_CLOCKS: Mapping[str, float] = MappingProxyType({})


class LinkKind(ABC):
    """A way to a board.

    clocks  MHz of its own clocks, by the name of the net that nextpnr reports
    """

    name: str
    clocks: Mapping[str, float] = NO_CLOCKS

    @abstractmethod
    def check(self, board: Board, clock_hz: float) -> None:
        """Raise ParameterError where ``board``, or a design of ``clock_hz``, has it not."""

    def require(self, there: bool, board: Board, what: str) -> None:
        """Refuse a board without ``what`` the link needs."""
        contract, hint = (
            f"{board.name} has no {what} that fq-hw knows",
            "leave it out, for its UART",
        )
        require(there, f"--link {self.name}", contract, hint=hint)

    @abstractmethod
    def top(
        self, core: wiring.Component, info: Info, board: Board, clock_hz: float,
        clock: PllClock | None,
    ) -> Elaboratable:  # fmt: skip
        """The design's top: ``core`` behind this link."""

    @abstractmethod
    def frames_per_second(self, info: Info, clock_hz: float) -> float:
        """The most it carries: nobody pauses between packets."""

    @abstractmethod
    def __str__(self) -> str:
        """As people read it."""


@dataclass(frozen=True)
class Uart(LinkKind):
    """The board's serial port: ``baud`` bits a second, and what ends half a request."""

    baud: int = BAUD
    idle_s: float = IDLE_S
    name = "uart"

    def check(self, board: Board, clock_hz: float) -> None:
        divisor(clock_hz, self.baud)

    def top(
        self, core: wiring.Component, info: Info, board: Board, clock_hz: float,
        clock: PllClock | None,
    ) -> SerialTop:  # fmt: skip
        link = SerialLink(clock_hz=clock_hz, baud=self.baud, idle_s=self.idle_s)
        return SerialTop(Shell(core, info=info, link=link), clock)

    def frames_per_second(self, info: Info, clock_hz: float) -> float:
        """One frame at a time: the reply comes before the next request."""
        return self.baud / BITS_PER_BYTE / (request_bytes(info) + reply_bytes(info))

    def __str__(self) -> str:
        return f"UART of {self.baud:,} baud"


@dataclass(frozen=True)
class Ethernet(LinkKind):
    """The board's gigabit port, which answers at ``address``."""

    address: Address
    name = "ethernet"
    clocks = MappingProxyType({PHY_CLOCK: CLOCK_HZ / 1e6})

    def check(self, board: Board, clock_hz: float) -> None:
        self.require(board.ethernet is not None, board, "Ethernet")

    def top(
        self, core: wiring.Component, info: Info, board: Board, clock_hz: float,
        clock: PllClock | None,
    ) -> EthernetTop:  # fmt: skip
        assert board.ethernet is not None, "check() was asked"
        shell = Shell(core, info=info, link=EthernetLink(self.address))
        return EthernetTop(shell, board.ethernet, clock_hz, clock)

    def frames_per_second(self, info: Info, clock_hz: float) -> float:
        """Frames follow each other; the wire has a byte a cycle of its clock, the shell of its."""
        sent = request_bytes(info)
        wire = sent + -(-sent // PAYLOAD) * WIRE_BYTES
        shell = sent + 2 * -(-info.pixels // info.chunk_pixels) + 4 * -(-sent // PAYLOAD)
        return min(CLOCK_HZ / wire, clock_hz / shell, clock_hz / (2 * reply_bytes(info)))

    def __str__(self) -> str:
        return "gigabit Ethernet"


@dataclass(frozen=True)
class Spi(LinkKind):
    """The board's pins for a host that is its SPI master."""

    name = "spi"

    def check(self, board: Board, clock_hz: float) -> None:
        self.require(board.spi is not None, board, "pins for SPI")

    def top(
        self, core: wiring.Component, info: Info, board: Board, clock_hz: float,
        clock: PllClock | None,
    ) -> SpiTop:  # fmt: skip
        return SpiTop(Shell(core, info=info, link=SpiLink(places=places_on(board))), clock)

    def frames_per_second(self, info: Info, clock_hz: float) -> float:
        """SCK is as fast as it may be; requests and replies take turns on it."""
        sent, come = request_bytes(info), reply_bytes(info)
        around = -(-sent // PLACES) + 2 + -(-come // REPLY_PLACES)
        return clock_hz / CYCLES / 8 / (sent + come + around)

    def __str__(self) -> str:
        return f"SPI, SCK = clock / {CYCLES}"


@dataclass(frozen=True)
class Usb(LinkKind):
    """The board's USB pins, full speed: a serial port of the host's."""

    name = "usb"
    clocks = MappingProxyType({USB_CLOCK: USB_HZ / 1e6})

    def check(self, board: Board, clock_hz: float) -> None:
        self.require(board.usb, board, "pins for USB")
        self.setting(board)

    def setting(self, board: Board) -> Setting | None:
        """The PLL that makes its clock; None where the oscillator does."""
        wanted = USB_HZ / 1e6
        setting = pll_for(board, wanted)
        made = float(setting.mhz) if setting else wanted
        contract = f"no PLL setting makes {wanted:g} MHz of {board.clock_mhz:g} MHz within 0.25 %"
        require(abs(made - wanted) <= USB_NEAR * wanted, "--link usb", contract, made)
        return setting

    def top(
        self, core: wiring.Component, info: Info, board: Board, clock_hz: float,
        clock: PllClock | None,
    ) -> UsbTop:  # fmt: skip
        shell = Shell(core, info=info, link=UsbLink(clock_hz=clock_hz))
        return UsbTop(shell, self.setting(board), clock)

    def frames_per_second(self, info: Info, clock_hz: float) -> float:
        """One frame at a time; an empty packet closes a reply of whole packets."""
        sent, come = request_bytes(info), reply_bytes(info)
        seconds = bulk_seconds(sent) + bulk_seconds(come)
        seconds += bulk_seconds(0) if come % PACKET == 0 else 0
        return 1 / seconds

    def __str__(self) -> str:
        return "USB, 12 Mbit/s"


def bulk_seconds(count: int) -> float:
    """That so many bytes take at least: 19 full packets a frame of USB, and the rest of one."""
    whole, rest = divmod(count, PACKET)
    most = USB_FRAME_BYTES // (PACKET + USB_TRANSACTION)
    tail = (rest + USB_TRANSACTION) / USB_FRAME_BYTES if rest or not whole else 0
    return USB_FRAME_S * (whole / most + tail)


def places_on(board: Board) -> int:
    """Bytes of requests that a board's SPI link has room for."""
    most = max(block.rows for block in FAMILIES[board.family].blocks if block.lanes >= 8)
    return SMALL_PLACES if most < PLACES else PLACES
