"""A small core on simulated Ethernet pins."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from cores import SumCore, SumNetwork, sum_info

from boards.accelerator import Accelerator
from boards.ethernet.datagrams import PAYLOAD, Datagram, Flag
from boards.ethernet.frames import Address
from boards.ethernet.link import EthernetLink
from boards.ethernet.phy import PhyPins
from boards.ethernet.top import EthernetShell
from boards.protocol import frame_request
from boards.shell import Shell
from rtl_gen.emit import to_verilog
from sim import ethernet
from sim.ethernet_board import EthernetBoard, SocketEnd

ADDRESS = Address.parse("02:66:71:00:00:01", "192.168.1.50")
PINS = PhyPins(rx_delay_ns=0, tx_delay_ns=2, source="a test")
HALF_NS = 5  # 100 MHz
PIXELS, COLOURS = 300, 3  # two chunks, one datagram
QUIET = 20_000
NO_TAP = 77
NETWORK = SumNetwork((10, 30, COLOURS))
pictures, right = NETWORK.pictures, NETWORK.right


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


class BadNetwork:
    """A bad network: one frame in ``each`` is lost, doubled, damaged, or changes places."""

    def __init__(self, seed: int, each: int, kinds: tuple[str, ...]):
        self.dice, self.each, self.kinds = random.Random(seed), each, kinds
        self.held: list[bytes] = []
        self.did: Counter[str] = Counter()
        self.on = False

    def spoil(self, frames: list[bytes]) -> list[bytes]:
        found = []
        for frame in frames:
            kind = ""
            if self.on and self.dice.randrange(self.each) == 0:
                kind = self.dice.choice(self.kinds)
            self.did[kind] += 1
            if kind == "lost":
                continue
            if kind == "damaged":
                at = self.dice.randrange(len(frame))
                bits = bytes([frame[at] ^ 1 << self.dice.randrange(8)])
                frame = frame[:at] + bits + frame[at + 1 :]
            if kind == "cut":
                frame = frame[: self.dice.randrange(1, len(frame))]
            if kind == "late":
                self.held.append(frame)
                continue
            found += [frame] * (1 + (kind == "doubled")) + self.held
            self.held = []
        return found

    def lose(self, frame: bytes) -> bool:
        return self.on and self.dice.randrange(2 * self.each) == 0


KINDS = ("lost", "doubled", "damaged", "late", "cut")


def faulty_run(program: Path, count: int, seed: int, each: int, kinds=KINDS, tries: int = 1):
    """What became of the frames, of those after them without faults, and of the network's."""
    frames, network = pictures(count, seed), BadNetwork(seed, each, kinds)
    became: Counter[str] = Counter()
    with (
        plugged(program, network.spoil, network.lose) as url,
        Accelerator(url, NETWORK, timeout=2, idle_s=0.001, tries=tries) as board,
    ):
        network.on = True
        for frame, one in zip(frames, board.run(iter(frames)), strict=True):
            became["lost" if one.error else "right" if right(frame, one.scores) else "wrong"] += 1
        network.on = False
        for frame in frames[:3]:
            assert right(frame, board.classify(frame).scores)
    return became, network.did


def stream(program: Path, frame: bytes, count: int, folder: Path):
    """Bytes of frames a second, and the payload of every result, from a host that always can."""
    info = sum_info(PIXELS, COLOURS)
    end, number, limit, results, times = SocketEnd(ADDRESS.ip, ADDRESS.port), 0, 0, [], []
    end.mac = ADDRESS.mac
    pieces: list[tuple[Flag, bytes]] = []
    for n in range(count):
        request = frame_request(n + 1, frame, info)
        parts = [request[at : at + PAYLOAD] for at in range(0, len(request), PAYLOAD)]
        pieces += [(Flag(at == 0), part) for at, part in enumerate(parts)]
    with end, ethernet.EthernetWire(program, folder) as wire:
        sent = [end.datagram(5000, Datagram(flags=Flag.POLL, number=0).pack())]
        while len(results) < count and wire.now < 10**7:
            for at, raw in wire.step(500, sent):
                size = int.from_bytes(raw[38:40], "big")
                came = Datagram.unpack(raw[42 : 34 + size])
                limit = came.limit
                if came.payload:
                    results.append(came.payload[8:-4])
                    times.append(at)
            sent = []
            while pieces and number < limit:
                flags, part = pieces.pop(0)
                raw = Datagram(flags=flags, number=number, payload=part).pack()
                sent.append(end.datagram(5000, raw))
                number += 1
    seconds = (times[-1] - times[0]) * ethernet.CYCLE_S
    return (len(results) - 1) * len(frame) / seconds, results


def linux_peer(program: Path, folder: Path) -> str | None:
    """What tests/boards/linux_peer.py says; None where no TAP device can be made here."""
    words = ["unshare", "--net", "--user", "--map-root-user", sys.executable]
    script = Path(__file__).with_name("linux_peer.py")
    ran = subprocess.run(
        [*words, str(script), str(program), str(folder)], capture_output=True, text=True,
        timeout=300,
    )  # fmt: skip
    if ran.returncode == NO_TAP or "unshare" in ran.stderr:
        return None
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.strip()
