"""A small core on simulated Ethernet pins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cores import SumCore, sum_info

from boards.ethernet.frames import Address
from boards.ethernet.link import EthernetLink
from boards.ethernet.rgmii import PhyPins
from boards.ethernet.top import EthernetShell
from boards.shell import Shell
from fq_hw.data.meaning import Meaning
from rtl_gen.emit import to_verilog
from sim import ethernet
from sim.ethernet_board import EthernetBoard, SocketEnd

ADDRESS = Address.parse("02:66:71:00:00:01", "192.168.1.50")
PINS = PhyPins(rx_delay_ns=0, tx_delay_ns=2, source="a test")
HALF_NS = 5  # 100 MHz
PIXELS, COLOURS = 300, 3  # two chunks, one datagram
QUIET = 20_000


@dataclass
class Network:
    """What SumCore computes."""

    name: str = "sums"
    image: tuple[int, ...] = (10, 30, COLOURS)
    classes: tuple[str, ...] = ("first", "last", "none")
    meaning: Meaning | None = None


def build(folder: Path, pixels: int = PIXELS, colours: int = COLOURS, brief: bool = True) -> Path:
    """The program that simulates it."""
    info = sum_info(pixels, colours)
    shell = Shell(SumCore(pixels, colours), info=info, link=EthernetLink(ADDRESS))
    verilog = to_verilog(EthernetShell(shell, PINS), "top")
    return ethernet.build(verilog, HALF_NS, folder, brief=brief)


@contextmanager
def plugged(
    program: Path,
    spoil: Callable[[list[bytes]], Iterable[bytes]] | None = None,
    lose: Callable[[bytes], bool] = lambda frame: False,
) -> Iterator[str]:
    """The URL of the simulated board."""
    with (
        TemporaryDirectory() as folder,
        SocketEnd(ADDRESS.ip, ADDRESS.port) as end,
        ethernet.EthernetWire(program, Path(folder)) as wire,
        EthernetBoard(wire, end, quiet=QUIET, spoil=spoil, lose=lose),
    ):
        yield f"udp://127.0.0.1:{end.port}"
