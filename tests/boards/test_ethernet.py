"""A board on Ethernet: the driver through the pins of its PHY, and what a bad network does."""

from __future__ import annotations

import random
import socket
import struct
import threading
from collections.abc import Callable

import pytest
from cores import answer
from ethernet_cases import (
    ADDRESS,
    COLOURS,
    KINDS,
    NETWORK,
    PIXELS,
    BadNetwork,
    build,
    faulty_run,
    linux_peer,
    pictures,
    plugged,
    right,
    stream,
)

from boards.accelerator import Accelerator, open_port
from boards.ethernet.datagrams import HEADER, PAYLOAD, SLOTS, Datagram, Flag
from boards.ethernet.frames import Address
from boards.ethernet.phy import PhyPins
from boards.link import Link, LinkError
from boards.protocol import REQUEST_SYNC, Request, pack
from boards.udp_port import UdpPort, address_of
from fq_hw.errors import ParameterError, SimulationError
from sim import ethernet
from sim.ethernet_board import IP, MAC, SocketEnd

verilated = pytest.mark.verilator


@pytest.fixture(scope="module")
def program(programs):
    return build(programs)


@verilated
def test_every_frame_has_its_own_answer(program):
    frames = pictures(60)
    with plugged(program) as url, Accelerator(url, NETWORK, timeout=20, idle_s=0.01) as board:
        found = list(board.run(iter(frames)))
        assert all(right(f, one.scores) for f, one in zip(frames, found, strict=True))
        assert [one.number for one in found] == list(range(60))
        assert right(frames[3], board.classify(frames[3]).scores)
    assert (board.tally.answered, board.tally.lost, board.tally.errors) == (61, 0, {})


@verilated
def test_another_host_goes_on_where_the_first_one_broke_off(program):
    first, second = pictures(2)
    with plugged(program) as url:
        port = UdpPort(url, 1)
        link = Link(port, idle_s=0.01)
        link.query()
        port.send(Flag.BEGIN, pack(REQUEST_SYNC, Request.FRAME, 9, first.tobytes())[:500])
        with Accelerator(url, NETWORK, timeout=20, idle_s=0.01) as board:
            assert right(second, board.classify(second).scores)
            assert right(first, board.classify(first).scores)
        with pytest.raises(LinkError, match="a reply did not come"):  # the board hears the other
            link.classify(second)
        assert list(link.classify(first).scores) == list(answer(first.tobytes(), COLOURS).scores)


@verilated
@pytest.mark.parametrize("kind", [(kind,) for kind in KINDS], ids=lambda kind: kind[0])
def test_a_bad_network_loses_frames_and_makes_none_wrong(program, kind):
    became, did = faulty_run(program, 40, 3, 8, kind)
    assert not became["wrong"] and became["right"] >= 20 and did[kind[0]] >= 2, (became, did)


@verilated
def test_a_datagram_that_came_twice_costs_nothing(program):
    frames, network = pictures(30), BadNetwork(1, 2, ("doubled",))
    network.on = True
    with (
        plugged(program, network.spoil) as url,
        Accelerator(url, NETWORK, timeout=5, idle_s=0.001, tries=1) as board,
    ):
        assert all(right(f, a.scores) for f, a in zip(frames, board.run(frames), strict=True))
    assert board.tally.errors == {} and network.did["doubled"] > 5


@verilated
def test_lost_frames_are_sent_again(program):
    became, _ = faulty_run(program, 40, 4, 8, tries=8)
    assert became == {"right": 40}


@verilated
@pytest.mark.slow
def test_a_thousand_frames_on_a_bad_network(program):
    became, did = faulty_run(program, 1000, 5, 12)
    faults = did.total() - did[""]
    assert not became["wrong"] and faults > 60 and became["lost"] <= 3 * faults, (became, did)


@verilated
def test_the_wire_is_full(program, tmp_path):
    """60 MB/s of frames and more, by cycles of 125 MHz; the shell has a byte in 10 ns."""
    frame = random.Random(3).randbytes(PIXELS * COLOURS)
    rate, results = stream(program, frame, 80, tmp_path)
    assert len(results) == 80 and len(set(results)) == 1
    assert 60e6 < rate < 100e6, rate


def poll_frame(end: SocketEnd) -> bytes:
    return end.datagram(5000, Datagram(flags=Flag.POLL, number=3).pack())


def patched(at: int, new: str, checked: bool = True) -> Callable[[bytes], bytes]:
    """Other bytes at a place of a frame; where IP's header has them, its sum is made right."""

    def patch(frame: bytes) -> bytes:
        raw = bytes.fromhex(new)
        frame = frame[:at] + raw + frame[at + len(raw) :]
        if not checked or not 14 <= at < 34:
            return frame
        words = struct.unpack(">10H", frame[14:24] + bytes(2) + frame[26:34])
        total = sum(words)
        total = (total & 0xFFFF) + (total >> 16)
        check = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
        return frame[:24] + check.to_bytes(2, "big") + frame[26:]

    return patch


STRANGE = {  # polls that are none for this board
    "another station's": patched(0, "026671000002"),
    "to a group": patched(0, "ffffffffffff"),
    "another protocol": patched(12, "86dd"),
    "options in its header": patched(14, "46"),
    "a piece": patched(20, "2000"),
    "a later piece": patched(20, "0001"),
    "TCP": patched(23, "06"),
    "a wrong sum": patched(24, "0000", checked=False),
    "another address": patched(30, "c0a80133"),
    "another port": patched(36, "1de7"),
    "longer than it came": patched(38, "0040"),
    "longer than there is room": patched(38, "0500"),
    "too short for a header": patched(38, "000f"),
    "another magic": patched(42, "4658"),
    "another version": patched(44, "02"),
}


@verilated
def test_what_is_for_somebody_else_is_not_heard(program, tmp_path):
    end = SocketEnd(ADDRESS.ip, ADDRESS.port)
    end.mac = ADDRESS.mac
    with end, ethernet.EthernetWire(program, tmp_path) as wire:
        for name, change in STRANGE.items():
            assert not wire.step(400, [change(poll_frame(end))]), name
        assert not wire.step_raw(400, [wire.checked(poll_frame(end))[:-1] + b"\0"]), "a wrong CRC"
        dont_split = patched(20, "0000")(poll_frame(end))  # it may be split, but was not
        for frame in (poll_frame(end), dont_split):
            ((_, told),) = wire.step(400, [frame])
            assert told[:6] == MAC and told[26:34] == ADDRESS.ip + IP and told[36:38] == b"\x13\x88"
            found = Datagram.unpack(told[42:50])
            assert (found.flags, found.limit, found.payload) == (Flag(0), 3 + SLOTS, b"")


@verilated
def test_only_its_own_address_is_told(program, tmp_path):
    end = SocketEnd(ADDRESS.ip, ADDRESS.port)
    with end, ethernet.EthernetWire(program, tmp_path) as wire:
        for name, change in {
            "another address": patched(38, "c0a80133"),
            "an answer": patched(20, "0002"),
            "another protocol": patched(16, "86dd"),
            "another station": patched(0, "026671000002"),
        }.items():
            assert not wire.step(400, [change(end.question())]), name
        for to in ("ffffffffffff", ADDRESS.mac.hex()):
            ((_, told),) = wire.step(400, [patched(0, to)(end.question())])
            head = MAC + ADDRESS.mac + bytes.fromhex("0806 0001 0800 06 04 0002")
            assert told == head + ADDRESS.mac + ADDRESS.ip + MAC + IP + bytes(18)


@verilated
def test_linux_is_a_peer(program, tmp_path):
    """Its own ARP and UDP over a TAP device, in a network of its own."""
    said = linux_peer(program, tmp_path)
    if said is None:
        pytest.skip("no TAP device can be made here")
    assert said == "40 right, 0 lost"


@pytest.mark.parametrize(
    "url",
    ["udp:1.2.3.4", "udp://", "udp://h:0", "udp://h:99999", "udp://h/x", "tcp://h", "udp://[x"],
)
def test_a_url_that_is_none_is_refused(url):
    with pytest.raises(ParameterError, match=r"^port: must be written udp://HOST or udp://HOST:PO"):
        address_of(url)
    assert address_of("udp://10.1.2.3") == ("10.1.2.3", 7654)
    assert address_of("udp://board:99") == ("board", 99)


def test_an_address_where_nobody_answers_is_one_line():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        with pytest.raises(
            LinkError, match=f"^board: nothing answers at 127.0.0.1, UDP port {port};"
        ):
            Accelerator(open_port(f"udp://127.0.0.1:{port}", timeout=0.3), NETWORK, tries=1)
        assert Datagram.unpack(silent.recv(99)) == Datagram(flags=Flag.POLL, number=0)


@pytest.mark.parametrize(
    ("mac", "ip", "port", "said"),
    [
        ("02:66:71:00:00", "10.0.0.1", 1, "MAC address: must be six bytes in hex"),
        ("03:66:71:00:00:01", "10.0.0.1", 1, "MAC address: must be that of one station"),
        ("02:66:71:00:00:01", "10.0.1", 1, "IP address: must be four numbers, as 192.168.1.50"),
        ("02:66:71:00:00:01", "224.0.0.1", 1, "IP address: must be that of one station"),
        ("02:66:71:00:00:01", "10.0.0.1", 0, "UDP port: must be in 1..65535"),
    ],
)
def test_an_address_that_is_none_is_refused(mac, ip, port, said):
    with pytest.raises(ParameterError, match=f"^{said}"):
        Address.parse(mac, ip, port)


def test_delays_that_no_cell_has_are_refused():
    with pytest.raises(ParameterError, match="^PHY: tx_delay_ns must be in 0..3.175"):
        PhyPins(rx_delay_ns=0, tx_delay_ns=4, source="")


class Silent(threading.Thread):
    """Answers the first poll, then nothing."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.heard: list[Datagram] = []

    def run(self) -> None:
        raw, client = self.socket.recvfrom(2000)
        number = Datagram.unpack(raw).number
        self.socket.sendto(Datagram(flags=Flag(0), number=0, limit=number + 2).pack(), client)
        while len(self.heard) < 4:
            self.heard.append(Datagram.unpack(self.socket.recv(2000)))


def test_no_more_is_sent_than_there_is_room_for():
    board = Silent()
    board.start()
    port = UdpPort(f"udp://127.0.0.1:{board.socket.getsockname()[1]}", 0.4)
    with pytest.raises(LinkError, match="^board: nothing answers"):
        port.write(bytes(5 * PAYLOAD))
    board.join()
    flags = [(one.flags, one.number, len(one.payload)) for one in board.heard]
    whole = [(Flag.BEGIN, 0, PAYLOAD), (Flag(0), 1, PAYLOAD)]
    assert flags == [*whole, (Flag.POLL, 2, 0), (Flag.POLL, 2, 0)]
    board.socket.close()


def test_a_reply_that_lost_a_piece_is_none():
    port = UdpPort("udp://127.0.0.1:9", 1.0)
    begin, end = Flag.BEGIN, Flag.END
    for flags, number, payload in (
        (begin, 0, b"a"), (Flag(0), 1, b"b"), (end, 2, b"c"), (begin, 3, b"d"), (end, 5, b"f"),
        (begin | end, 6, b"g"), (begin | end, 6, b"g"), (end, 2, b"c"), (end, 7, b"h"),
    ):  # fmt: skip
        port.take(Datagram(flags=flags, number=number, payload=payload))
    assert list(port.heard) == [b"abc", b"g"]
    port.close()


def test_headers_are_as_the_gateware_has_them():
    raw = Datagram(flags=Flag.BEGIN, number=0x1234, limit=7, payload=b"xy").pack()
    assert raw == b"FQ\x01\x01\x34\x12\x07\x00xy" and len(raw) == HEADER.size + 2
    assert Datagram.unpack(raw[:7]) is None and Datagram.unpack(b"FX" + raw[2:]) is None
    assert Datagram.unpack(b"FQ\x02" + raw[3:]) is None


def test_a_frame_that_the_simulated_board_garbled_is_named():
    with pytest.raises(SimulationError, match="^rtl-sim through the Ethernet pins: a frame must"):
        ethernet.whole(bytes(72))
