"""A board on SPI: the driver through its pins, and what bad wires do."""

from __future__ import annotations

import re
import sys
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from spi_cases import (
    CYCLE_PS,
    FAULTS,
    HALF_PS,
    INFO,
    NETWORK,
    PIXELS,
    BadWires,
    build,
    cut,
    pictures,
    plugged,
    right,
)  # fmt: skip

import boards
from boards.accelerator import Accelerator, open_port
from boards.link import Link, LinkError
from boards.links import Spi
from boards.protocol import REQUEST_SYNC, Request, Status, frame_request, pack, request_bytes
from boards.spi_link import CYCLES, SpiLink
from boards.spi_port import SpiPort, path_of
from boards.spi_transactions import MARK, RUN_BEGIN, RUN_END, UNIT, Command
from fq_hw.errors import ParameterError, ToolError

verilated = pytest.mark.verilator
REQUEST = request_bytes(INFO)


@pytest.fixture(scope="module")
def program(programs):
    return build(programs)


@pytest.fixture(scope="module")
def slow(programs):
    """Its core needs three times as long for a frame as the wires."""
    return build(programs, pause=150)


def became(frame: np.ndarray, link: Link) -> str:
    """What comes of a frame; the next one must be right."""
    try:
        return "right" if right(frame, link.classify(frame).scores) else "wrong"
    except LinkError as error:
        return str(error)


@verilated
@pytest.mark.parametrize("core", ["program", "slow"])
def test_every_frame_has_its_own_answer(core, request):
    frames = pictures(30)
    with plugged(request.getfixturevalue(core)) as pins:
        board = Accelerator(SpiPort(pins, 5), NETWORK, idle_s=0.001)
        found = list(board.run(iter(frames)))
        assert all(right(f, one.scores) for f, one in zip(frames, found, strict=True))
        assert [one.number for one in found] == list(range(30))
        assert right(frames[3], board.classify(frames[3]).scores)
    assert (board.tally.answered, board.tally.lost, board.tally.errors) == (31, 0, {})


@verilated
def test_the_wires_are_busy_with_frames(program):
    """No more than the link's own figure, and hardly less: as many cycles as it says."""
    frames, times = pictures(40), []  # with the 32nd answer all have been sent
    with plugged(program) as pins:
        board = Accelerator(SpiPort(pins, 5), NETWORK, idle_s=0.001)
        for _ in board.run(frames):
            times.append(pins.now)
    clock = 1e12 / CYCLE_PS
    rate = clock * 30 / (times[31] - times[1])
    assert 0.7 < rate / Spi().frames_per_second(INFO, clock) <= 1, rate


@verilated
@pytest.mark.parametrize(
    ("cycles", "early", "works"),
    [(CYCLES, 0.99, True), (CYCLES + 0.37, 0.99, True), (40, 0.99, True), (3, 0.99, False),
     (3, 0, True), (2, 0, False)],
)  # fmt: skip
def test_sck_is_as_fast_as_it_is_said_to_be(cycles, early, works, program):
    """At the bound a cycle is left for pads and wires; where less is left, nothing wrong comes."""
    half, early = round(cycles * CYCLE_PS / 2), round(early * CYCLE_PS)
    frames = pictures(8)
    with plugged(program, half_ps=half, early_ps=min(early, half)) as pins:
        if not works:
            with pytest.raises(LinkError):
                Accelerator(SpiPort(pins, 0.2), NETWORK, tries=2, idle_s=0.001)
            return
        board = Accelerator(SpiPort(pins, 5), NETWORK, tries=1, idle_s=0.001)
        assert all(right(f, a.scores) for f, a in zip(frames, board.run(frames), strict=True))
        assert board.tally.errors == {}


class Spoilt:
    """A fault in one transaction: the first that begins with ``command``, once it is ``on``."""

    def __init__(self, command: Command):
        self.command, self.fault = command, None

    def spoil(self, steps):
        head = [step.copi for step in steps if step.look][:8]
        if self.fault is None or int("".join(map(str, head)), 2) != self.command:
            return steps
        fault, self.fault = self.fault, None
        return fault(steps)


@verilated
@pytest.mark.parametrize("command", [Command.BEGIN, Command.FINISH], ids=str)
def test_a_transaction_that_breaks_off_anywhere_loses_one_frame(command, program):
    wires, (first, second) = Spoilt(command), pictures(2)
    ends: Counter[str] = Counter()
    with plugged(program, wires.spoil) as pins:
        link = Link(SpiPort(pins, 0.1), idle_s=0.0001)
        assert link.query() == INFO
        assert right(first, link.classify(first).scores)
        size = REQUEST + 1 if command == Command.BEGIN else 24
        for bit in range(0, 8 * size, 7):  # in every byte, at every place
            wires.fault = lambda steps, bit=bit: cut(steps, bit)
            ends[became(first, link)] += 1
            assert wires.fault is None, "it was not asked for"
            assert right(second, link.classify(second).scores), bit
    assert not ends["wrong"], ends
    if command == Command.BEGIN:
        assert ends["right"] == 0
        said = "board: got only part of the request; send it again"
        assert ends[said] >= REQUEST and len(ends) == 2, ends  # or nothing of it was heard


@verilated
@pytest.mark.parametrize("fault", ["cut", "flip", "extra"])
def test_frames_behind_one_that_was_damaged_are_answered(fault, slow):
    wires, frames = Spoilt(Command.BEGIN), pictures(4)
    with plugged(slow, wires.spoil) as pins:
        link = Link(SpiPort(pins, 5), idle_s=0.0001)
        link.query()
        for bit in (4, 90, 250):
            wires.fault = lambda steps, bit=bit: FAULTS[fault](steps, bit)
            for frame in frames:
                link.send(frame)
            with pytest.raises(LinkError, match="send it again"):
                link.receive()
            assert all(right(frame, link.receive().scores) for frame in frames[1:])


def faulty_run(program, count: int, seed: int, each: int, kinds, tries: int = 1):
    """What became of the frames, of those after them without faults, and of the wires'."""
    frames, wires = pictures(count, seed), BadWires(seed, each, kinds)
    found: Counter[str] = Counter()
    with plugged(program, wires.spoil) as pins:
        board = Accelerator(SpiPort(pins, 0.3), NETWORK, idle_s=0.0001, tries=tries)
        wires.on = True
        for frame, one in zip(frames, board.run(iter(frames)), strict=True):
            found["lost" if one.error else "right" if right(frame, one.scores) else "wrong"] += 1
        wires.on = False
        for frame in frames[:3]:
            assert right(frame, board.classify(frame).scores)
    return found, wires.did


@verilated
@pytest.mark.parametrize("kind", FAULTS)
def test_bad_wires_lose_frames_and_make_none_wrong(program, kind):
    found, did = faulty_run(program, 60, 3, 8, (kind,))
    assert not found["wrong"] and found["right"] >= 25 and did[kind] >= 4, (found, did)
    assert found["lost"], "it hurts"


@verilated
def test_lost_frames_are_sent_again(program):
    found, _ = faulty_run(program, 60, 4, 10, tuple(FAULTS), tries=8)
    assert found == {"right": 60}


@verilated
@pytest.mark.slow
def test_a_thousand_frames_on_bad_wires(slow):
    found, did = faulty_run(slow, 1000, 5, 20, tuple(FAULTS))
    faults = did.total()
    assert not found["wrong"] and faults > 60 and found["lost"] <= 8 * faults, (found, did)


@verilated
def test_another_host_goes_on_where_the_first_one_broke_off(slow):
    first, second = pictures(2)
    with plugged(slow) as pins:
        port = SpiPort(pins, 1)
        link = Link(port, idle_s=0.0001)
        link.query()
        port.exchange(Command.BEGIN, frame_request(9, first.tobytes(), INFO)[:30])
        board = Accelerator(SpiPort(pins, 1), NETWORK, tries=1, idle_s=0.0001)
        assert right(second, board.classify(second).scores)
        link.send(first)  # whose reply nobody reads
        assert right(second, board.classify(second).scores)
        assert board.tally.errors == {}


@verilated
def test_what_is_no_command_does_nothing(program):
    query = pack(REQUEST_SYNC, Request.QUERY, 7)
    one_off = {int(one) ^ 1 << bit for one in Command for bit in range(8)}
    assert not one_off & set(Command)
    with plugged(program) as pins:
        port = SpiPort(pins, 0.02)
        idle = [MARK, (256 - 4) // UNIT, *[0] * 30]
        for command in sorted({0, 255} | one_off):
            said = pins.xfer2([command, *query, *[0] * 20])
            assert said[:2] == idle[:2] and not any(said[2:]), command
        assert pins.xfer2([Command.READ, *[0xFF] * 31]) == idle
        port.write(query)
        assert port.read(99)[3] == Status.INFO


@verilated
def test_a_reply_is_read_in_any_number_of_transactions(program):
    query = pack(REQUEST_SYNC, Request.QUERY, 7)
    with plugged(program) as pins:
        for rest in (2, 3, 5, 30):
            port = SpiPort(pins, 1)
            port.write(query)
            came = 0
            for _ in range(40):
                came += port.take(bytes(pins.xfer2([Command.FINISH, *[0] * (rest + 1)])[2:]))
            assert [len(one) for one in port.heard] == [came] == [28] and port.heard[0][7] == 7


@verilated
def test_bytes_that_there_is_no_room_for_are_lost_by_name(slow):
    first, second = pictures(2)
    with plugged(slow) as pins:
        port = SpiPort(pins, 0.2)
        link = Link(port, idle_s=0.0001)
        link.query()
        for _ in range(12):
            pins.xfer2([Command.BEGIN, *frame_request(200, first.tobytes(), INFO)])
        assert pins.xfer2([Command.READ, 0])[1] == 0
        results = [became(second, link) for _ in range(14)]
        assert "wrong" not in results and results[-2:] == ["right"] * 2, results


class Script:
    """A device that answers as it was told, then that nothing is there."""

    def __init__(self, *answers: bytes):
        self.answers, self.sent = list(answers), []

    def xfer2(self, values: list[int]) -> list[int]:
        self.sent.append(bytes(values))
        said = self.answers.pop(0) if self.answers else bytes([MARK, 255])
        return list(said[: len(values)].ljust(len(values), b"\0"))

    def close(self) -> None:
        self.sent.append(b"closed")


def test_no_more_is_sent_than_there_is_room_for():
    device = Script(bytes([MARK, 16]), bytes([MARK, *[0] * 127, 1]), bytes([MARK, 32]))
    port = SpiPort(device, 1)
    port.write(bytes(300))
    kinds = [(sent[0], len(sent) - 1) for sent in device.sent if sent[0] != Command.READ]
    assert kinds == [(Command.BEGIN, 128), (Command.MORE, 172)]
    asked = [sent[0] for sent in device.sent]
    assert asked == [Command.READ, Command.BEGIN, Command.READ, Command.MORE]
    port.close()
    assert device.sent[-1] == b"closed"


@pytest.mark.parametrize("said", [b"", b"\xff\xff", bytes([MARK])], ids=["0", "1", "full"])
def test_a_board_that_is_not_there_is_one_line(said):
    device = SimpleNamespace(xfer2=lambda values: list(said.ljust(len(values), said[:1] or b"\0")))
    if said[:1] == bytes([MARK]):
        device.xfer2 = lambda values: [MARK, *[0] * (len(values) - 1)]
    port = SpiPort(device, 0.05, "spi:///dev/spidev0.0")
    with pytest.raises(LinkError, match="^board: nothing answers at spi:///dev/spidev0.0; check"):
        port.write(b"abc")


def test_runs_are_put_together():
    port = SpiPort(Script(), 1)
    begin, end = RUN_BEGIN, RUN_END
    for came in (
        b"\1x",  # of one whose begin was lost
        bytes([begin | 2]) + b"ab" + bytes([0, 0, end | 1]) + b"c" + b"\xc2no",
        bytes([begin | 5]) + b"de",  # a transaction's end, and the rest in another
        b"\0\0",
        bytes([2]) + b"fg",
        bytes([end | 1]) + b"h",
        bytes([begin | 1]) + b"i",
        bytes([begin | end | 3]) + b"jk",  # not whole: its end does not count
        bytes([begin | end | 1]) + b"l",
        bytes([end | 1]) + b"m",
    ):
        port.take(came)
    assert list(port.heard) == [b"abc", b"defgh", b"l"]


def test_a_damaged_reply_is_dropped_where_another_one_tells():
    good = pack(b"\x5a\xa5", Status.BUSY, 3)
    bad = good[:-1] + b"!"
    port = SpiPort(Script(), 1)
    port.due = 3
    for reply in (bad, good, bad):
        port.hear(reply)
    assert list(port.heard) == [good, bad]  # nothing comes behind the last one


def test_a_transaction_that_failed_is_no_part_of_a_reply():
    def broken(values):
        raise OSError("gone")

    port = SpiPort(SimpleNamespace(xfer2=broken), 1)
    port.part = bytearray(b"half")
    with pytest.raises(OSError):
        port.read(1)
    assert port.part is None


@pytest.mark.parametrize(
    "url",
    ["spi:/dev/spidev0.0", "spi://dev/spidev0.0", "spi:///dev/", "spi:///etc/x", "spi:///dev/a/b",
     "spi:///dev/spidev0.0?hz=0", "spi:///dev/spidev0.0?hz=1e6", "spi:///dev/spidev0.0?hz=125000001",
     "spi:///dev/spidev0.0?baud=1", "spi:///dev/spidev0.0?hz=1&hz=2", "spi:///dev/spidev0.0#x",
     "spi:///dev/..", "spi:", "spi:///dev/spidev0.0?hz=٣"],
)  # fmt: skip
def test_a_url_that_is_none_is_refused(url):
    with pytest.raises(ParameterError, match=r"^port: must be written spi:///dev/spidev0.0\?hz=N,"):
        open_port(url)


def test_urls():
    assert path_of("spi:///dev/spidev0.1") == ("/dev/spidev0.1", 1_000_000)
    assert path_of("spi:///dev/spidev10.0?hz=4000000") == ("/dev/spidev10.0", 4_000_000)


def test_spidev_is_opened_in_mode_0(monkeypatch):
    opened = []

    class SpiDev:
        def open_path(self, path):
            opened.append(path)
            if "9" in path:
                raise PermissionError(13, "Permission denied")

        def close(self):
            opened.append("closed")

    monkeypatch.setitem(sys.modules, "spidev", SimpleNamespace(SpiDev=SpiDev))
    port = open_port("spi:///dev/spidev0.0?hz=4000000", timeout=3)
    assert isinstance(port, SpiPort) and port.timeout == 3
    assert vars(port.device) == {"mode": 0, "max_speed_hz": 4_000_000}
    said = "port 'spi:///dev/spidev9.0': cannot be opened ([Errno 13] Permission denied); switch"
    with pytest.raises(LinkError, match="^" + re.escape(said)):
        open_port("spi:///dev/spidev9.0")
    assert opened == ["/dev/spidev0.0", "/dev/spidev9.0", "closed"]


def test_a_missing_spidev_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "spidev", None)
    with pytest.raises(ToolError, match="^port: needs spidev, of Linux; install it with: pip inst"):
        open_port("spi:///dev/spidev0.0")


@pytest.mark.parametrize("places", [128, 300, 4096])
def test_places_that_a_room_cannot_say_are_refused(places):
    with pytest.raises(ParameterError, match=r"^SpiLink: places must be a power of two in 256\.\."):
        SpiLink(places=places)


def test_a_board_without_pins_is_refused():
    with pytest.raises(ParameterError, match="^--link spi: hx8k-breakout has no pins for SPI that"):
        Spi().check(boards.find("hx8k-breakout"), 12e6)
    Spi().check(boards.find("icepi-zero"), 50e6)
    assert str(Spi()) == "SPI, SCK = clock / 4"


def test_the_figure_of_a_board_counts_every_byte():
    sent, come = REQUEST, 12 + INFO.result_bytes
    assert sent == PIXELS + 4 * 2 + 12
    # A transaction of the request with its command, one of the reply with MARK, room and a run.
    assert Spi().frames_per_second(INFO, 100e6) == 100e6 / 4 / 8 / (sent + 1 + come + 3)
    assert HALF_PS * 2 == 4 * CYCLE_PS
