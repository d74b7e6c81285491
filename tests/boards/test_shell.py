"""The shell through its two pins, talked to by the host's own Link."""

import random

import pytest
from amaranth.back import rtlil
from amaranth.hdl import signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from cores import SumCore, answer, sum_info
from serial_line import CLOCK_HZ, SimulatedPort

from boards.link import Link, LinkError, Result, read_reply
from boards.protocol import (
    HEADER_BYTES,
    NO_NUMBER,
    REPLY_SYNC,
    REQUEST_SYNC,
    Info,
    Request,
    Status,
    pack,
)
from boards.serial_link import SerialLink
from boards.shell import Shell
from fq_hw.errors import ParameterError

DIVISOR = 4  # the fewest cycles of a bit that there may be
BYTE_S = 10 * DIVISOR / CLOCK_HZ
IDLE_S = 12 * BYTE_S
SHAPES = [(6, 1), (4, 3)]  # pixels, colours


def frames(pixels: int, colours: int, count: int) -> list[bytes]:
    source = random.Random(7)
    return [source.randbytes(pixels * colours) for _ in range(count)]


def connect(pixels: int, colours: int, **core) -> tuple[SimulatedPort, Link]:
    shell = Shell(
        SumCore(pixels, colours, **core),
        info=sum_info(pixels, colours),
        link=SerialLink(clock_hz=CLOCK_HZ, baud=CLOCK_HZ / DIVISOR, idle_s=IDLE_S),
    )
    port = SimulatedPort(shell, DIVISOR, timeout_s=3 * IDLE_S)
    return port, Link(port, idle_s=IDLE_S, sleep=port.sleep)


def answer_to(port: SimulatedPort, request: bytes) -> tuple[Status, int] | None:
    """What raw bytes lead to: status and number of a reply; the line is idle again then."""
    port.write(request)
    try:
        reply = read_reply(port.read)
    except LinkError:
        return None
    finally:
        port.flush()
        port.sleep(1.5 * IDLE_S)
    return reply.status, reply.number


@pytest.mark.parametrize("pixels, colours", SHAPES)
def test_query(pixels, colours):
    _, link = connect(pixels, colours)
    want = Info(pixels=pixels, colours=colours, classes=3, best=1, label_bytes=1, score_bytes=3)
    assert link.query() == want


@pytest.mark.parametrize("pause", [0, 1, 100])  # 100: the core ends after a header's time
@pytest.mark.parametrize("pixels, colours", SHAPES)
def test_frames_one_after_the_other(pixels, colours, pause):
    _, link = connect(pixels, colours, pause=pause)
    for frame in frames(pixels, colours, 3):
        assert link.classify(frame) == answer(frame, colours)


def test_largest_and_smallest_pixels():
    _, link = connect(6, 1)
    assert link.classify(bytes([255] * 6)) == Result((1530, -1530, -3), (0,))
    assert link.classify(bytes(6)) == Result((0, 0, -3), (0,))


def damaged(request: bytes, at: int) -> bytes:
    return request[:at] + bytes([request[at] ^ 0x10]) + request[at + 1 :]


NUMBER = 200
GOOD = pack(REQUEST_SYNC, Request.FRAME, NUMBER, bytes(range(6)))
WHOLE_HEADER = len(REQUEST_SYNC) + HEADER_BYTES
OLD = b"\xa5\x5a" + bytes([1, 2, 0, 0, 0]) + b"\xc8\x13\x37\x00"  # version 1 had no number
BAD = {
    "check": (damaged(GOOD, -1), (Status.BAD_CHECK, NUMBER)),
    "payload": (damaged(GOOD, 9), (Status.BAD_CHECK, NUMBER)),
    "number": (damaged(GOOD, 7), (Status.BAD_CHECK, NUMBER ^ 0x10)),
    "short": (pack(REQUEST_SYNC, Request.FRAME, 3, bytes(5)), (Status.BAD_LENGTH, 3)),
    "long": (pack(REQUEST_SYNC, Request.FRAME, 3, bytes(40)), (Status.BAD_LENGTH, 3)),
    "query with payload": (pack(REQUEST_SYNC, Request.QUERY, 3, bytes(1)), (Status.BAD_LENGTH, 3)),
    "version": (pack(REQUEST_SYNC, Request.FRAME, 4, bytes(6), 2), (Status.BAD_VERSION, 4)),
    "version 1": (OLD, (Status.BAD_VERSION, 0xC8)),
    "kind": (pack(REQUEST_SYNC, 9, 5, bytes(6)), (Status.BAD_KIND, 5)),
    "payload cut": (GOOD[: WHOLE_HEADER + 1], (Status.TIMEOUT, NUMBER)),
    "payload gone": (GOOD[:WHOLE_HEADER], (Status.TIMEOUT, NUMBER)),
    "number cut": (GOOD[: WHOLE_HEADER - 1], (Status.TIMEOUT, NO_NUMBER)),
    "header cut": (GOOD[:4], (Status.TIMEOUT, NO_NUMBER)),
    "check cut": (GOOD[:-1], (Status.TIMEOUT, NUMBER)),
    "sync damaged": (damaged(GOOD, 1), None),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_request_is_refused_and_the_next_one_heard(case):
    port, link = connect(6, 1)
    request, want = BAD[case]
    for frame in frames(6, 1, 2):
        assert answer_to(port, request) == want
        assert link.classify(frame) == answer(frame, 1)


def test_a_wrong_length_is_refused_before_its_payload_comes():
    port, _ = connect(6, 1)
    head = pack(REQUEST_SYNC, Request.FRAME, NUMBER, bytes(5))[:WHOLE_HEADER]
    assert answer_to(port, head) == (Status.BAD_LENGTH, NUMBER)


@pytest.mark.parametrize("number", [0, 1, 255])
def test_every_answer_has_the_number_of_its_request(number):
    port, _ = connect(6, 1)
    assert answer_to(port, pack(REQUEST_SYNC, Request.QUERY, number)) == (Status.INFO, number)
    frame = pack(REQUEST_SYNC, Request.FRAME, number ^ 0xFF, bytes(6))
    assert answer_to(port, frame) == (Status.RESULT, number ^ 0xFF)


def test_replies_are_packets_as_the_host_packs_them():
    port, link = connect(6, 1)
    want = pack(REPLY_SYNC, Status.INFO, NUMBER, link.query().pack())
    port.write(pack(REQUEST_SYNC, Request.QUERY, NUMBER))
    assert port.read(len(want)) == want
    port.write(damaged(GOOD, 9))
    assert port.read(12) == pack(REPLY_SYNC, Status.BAD_CHECK, NUMBER)


def test_an_answer_that_nobody_read_is_not_the_next_ones():
    port, link = connect(6, 1)
    first, second = frames(6, 1, 2)
    link.query()
    port.write(pack(REQUEST_SYNC, Request.FRAME, NUMBER, first))
    port.sleep(60 * BYTE_S)
    assert link.classify(second) == answer(second, 1)


def test_a_frame_sent_while_the_board_answers_gets_no_other_answer():
    """The first request's host was interrupted; its board is still at work, then answers."""
    port, link = connect(6, 1, pause=100)
    link.query()
    first, second = frames(6, 1, 2)
    port.write(pack(REQUEST_SYNC, Request.FRAME, NUMBER, first))
    with pytest.raises(LinkError, match="a reply did not come"):
        link.classify(second)
    assert link.classify(second) == answer(second, 1)


def test_a_payload_thrown_away_is_not_read_as_a_request():
    port, link = connect(6, 1)
    query = pack(REQUEST_SYNC, Request.QUERY, 2)
    port.write(pack(REQUEST_SYNC, Request.FRAME, 1, 3 * query))
    assert port.read(12)[3] == Status.BAD_LENGTH
    assert port.read(1) == b""
    assert link.query().pixels == 6


@pytest.mark.parametrize("garbage", [b"\x00\xff\x5a", REQUEST_SYNC[:1], 3 * REQUEST_SYNC[:1]])
def test_garbage_before_the_sync_bytes_is_ignored(garbage):
    port, link = connect(6, 1)
    port.write(garbage)
    assert link.classify(bytes(6)) == Result((0, 0, -3), (0,))


@pytest.mark.parametrize("at", [4, WHOLE_HEADER - 1, WHOLE_HEADER, 10])
def test_a_framing_error_inside_a_request(at):
    port, link = connect(6, 1)
    port.write(GOOD[:at])
    port.write_bits([0] * 12 + [1])
    number = NUMBER if at >= WHOLE_HEADER else NO_NUMBER
    assert answer_to(port, GOOD[at:]) == (Status.FRAMING, number)
    assert link.classify(bytes(6)) == Result((0, 0, -3), (0,))


def test_a_framing_error_between_requests_is_ignored():
    port, link = connect(6, 1)
    port.write_bits([0] * 30 + [1])
    assert link.query().pixels == 6


def test_link_refuses_a_frame_of_another_size_before_sending():
    _, link = connect(4, 3)
    with pytest.raises(
        ParameterError, match=r"^frame: must have 12 bytes, for 4 pixels of 3 colours \(got 6\)$"
    ):
        link.classify(bytes(6))
    assert link.classify(bytes(12)) == Result((0, 0, -3), (0,))


def test_elaborates_to_rtlil():
    shell = Shell(SumCore(6, 1), info=sum_info(6, 1), link=SerialLink(clock_hz=25e6, baud=1e6))
    assert "frame" in rtlil.convert(shell)


class Ports(wiring.Component):
    """A core with the ports it is given."""

    def elaborate(self, platform):
        raise AssertionError("Shell looks at the ports only")


PIXEL = In(stream.Signature(data.ArrayLayout(unsigned(8), 1)))


def result(number, **fields) -> wiring.Member:
    layout = {"data": number, "kind": 2, "last": 1, **fields}
    return Out(stream.Signature(data.StructLayout(layout)))


@pytest.mark.parametrize(
    "ports, message",
    [
        ({"o": result(signed(8))}, "i must be In"),
        ({"i": In(stream.Signature(8)), "o": result(signed(8))}, "i must be In"),
        ({"i": PIXEL}, "o must be Out"),
        ({"i": PIXEL, "o": Out(stream.Signature(8))}, "o must be Out"),
        ({"i": PIXEL, "o": result(unsigned(8))}, "o must be Out"),
        ({"i": PIXEL, "o": result(signed(8), more=1)}, "o must be Out"),
        ({"i": PIXEL, "o": In(result(signed(8)).signature)}, "o must be Out"),
    ],
)
def test_refuses_a_core_with_other_ports(ports, message):
    with pytest.raises(ParameterError, match=f"^core Ports: {message}"):
        Shell(Ports(ports), info=sum_info(6, 1), link=SerialLink(clock_hz=25e6, baud=1e6))


def test_refuses_an_idle_time_shorter_than_a_byte():
    with pytest.raises(ParameterError, match="^SerialLink: idle_s must be longer than two bytes"):
        Shell(
            SumCore(6, 1),
            info=sum_info(6, 1),
            link=SerialLink(clock_hz=25e6, baud=1e6, idle_s=1e-5),
        )
