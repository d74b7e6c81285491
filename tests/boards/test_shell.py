# amaranth: UnusedElaboratable=no
"""The shell through its two pins, talked to by the host's own Link."""

import random

import pytest
from amaranth.back import rtlil
from amaranth.hdl import signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from cores import SumCore, answer
from serial_line import CLOCK_HZ, SimulatedPort

from boards.link import REQUEST_SYNC, Info, Link, LinkError, Request, Result, Status, pack
from boards.shell import Shell
from fq_hw.errors import ParameterError

DIVISOR = 8
BYTE_S = 10 * DIVISOR / CLOCK_HZ
IDLE_S = 12 * BYTE_S
SHAPES = [(6, 1), (4, 3)]  # pixels, colours


def frames(pixels: int, colours: int, count: int) -> list[bytes]:
    source = random.Random(7)
    return [source.randbytes(pixels * colours) for _ in range(count)]


def connect(pixels: int, colours: int, **core) -> tuple[SimulatedPort, Link]:
    shell = Shell(
        SumCore(pixels, colours, **core),
        pixels=pixels,
        colours=colours,
        clock_hz=CLOCK_HZ,
        baud=CLOCK_HZ / DIVISOR,
        idle_s=IDLE_S,
    )
    port = SimulatedPort(shell, DIVISOR, timeout_s=2 * IDLE_S)
    return port, Link(port, idle_s=IDLE_S, sleep=port.sleep)


def refusal(port: SimulatedPort, link: Link, request: bytes) -> Status | None:
    """Send raw bytes, and let the link find what they lead to."""
    send = port.write
    port.write = lambda _: send(request)
    with pytest.raises(LinkError) as error:
        link.query()
    port.write = send
    return error.value.status


@pytest.mark.parametrize("pixels, colours", SHAPES)
def test_query(pixels, colours):
    _, link = connect(pixels, colours)
    want = Info(pixels=pixels, colours=colours, classes=3, label_bytes=1, score_bytes=3)
    assert link.query() == want


@pytest.mark.parametrize("pause", [0, 1, 200])  # 200: the core ends after a header's time
@pytest.mark.parametrize("pixels, colours", SHAPES)
def test_frames_one_after_the_other(pixels, colours, pause):
    _, link = connect(pixels, colours, pause=pause)
    for frame in frames(pixels, colours, 3):
        assert link.classify(frame) == answer(frame, colours)


def test_largest_and_smallest_pixels():
    _, link = connect(6, 1)
    assert link.classify(bytes([255] * 6)) == Result(0, (1530, -1530, -3))
    assert link.classify(bytes(6)) == Result(0, (0, 0, -3))


def damaged(request: bytes, at: int) -> bytes:
    return request[:at] + bytes([request[at] ^ 0x10]) + request[at + 1 :]


GOOD = pack(REQUEST_SYNC, Request.FRAME, bytes(range(6)))
BAD = {
    "check": (damaged(GOOD, -1), Status.BAD_CHECK),
    "payload": (damaged(GOOD, 9), Status.BAD_CHECK),
    "short": (pack(REQUEST_SYNC, Request.FRAME, bytes(5)), Status.BAD_LENGTH),
    "long": (pack(REQUEST_SYNC, Request.FRAME, bytes(40)), Status.BAD_LENGTH),
    "query with payload": (pack(REQUEST_SYNC, Request.QUERY, bytes(1)), Status.BAD_LENGTH),
    "version": (pack(REQUEST_SYNC, Request.FRAME, bytes(6), version=2), Status.BAD_VERSION),
    "kind": (pack(REQUEST_SYNC, 9, bytes(6)), Status.BAD_KIND),
    "payload cut": (GOOD[:9], Status.TIMEOUT),
    "header cut": (GOOD[:4], Status.TIMEOUT),
    "check cut": (GOOD[:-1], Status.TIMEOUT),
    "sync damaged": (damaged(GOOD, 1), None),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_request_is_refused_and_the_next_one_heard(case):
    port, link = connect(6, 1)
    request, status = BAD[case]
    for frame in frames(6, 1, 2):
        assert refusal(port, link, request) == status
        assert link.classify(frame) == answer(frame, 1)


def test_a_wrong_length_is_refused_before_its_payload_comes():
    port, link = connect(6, 1)
    head = pack(REQUEST_SYNC, Request.FRAME, bytes(5))[:7]
    assert refusal(port, link, head) == Status.BAD_LENGTH


def test_a_payload_thrown_away_is_not_read_as_a_request():
    port, link = connect(6, 1)
    query = pack(REQUEST_SYNC, Request.QUERY)
    port.write(pack(REQUEST_SYNC, Request.FRAME, 3 * query))
    assert port.read(11)[3] == Status.BAD_LENGTH
    assert port.read(1) == b""
    assert link.query().pixels == 6


@pytest.mark.parametrize("garbage", [b"\x00\xff\x5a", REQUEST_SYNC[:1], 3 * REQUEST_SYNC[:1]])
def test_garbage_before_the_sync_bytes_is_ignored(garbage):
    port, link = connect(6, 1)
    port.write(garbage)
    assert link.classify(bytes(6)) == Result(0, (0, 0, -3))


def test_a_framing_error_inside_a_request():
    port, link = connect(6, 1)
    port.write(GOOD[:9])
    port.write_bits([0] * 12 + [1])
    assert refusal(port, link, GOOD[9:]) == Status.FRAMING
    assert link.classify(bytes(6)) == Result(0, (0, 0, -3))


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
    assert link.classify(bytes(12)) == Result(0, (0, 0, -3))


def test_elaborates_to_rtlil():
    shell = Shell(SumCore(6, 1), pixels=6, colours=1, clock_hz=25e6, baud=1e6)
    assert "frame" in rtlil.convert(shell)


class Ports(wiring.Component):
    """A core with the ports it is given."""

    def elaborate(self, platform):
        raise AssertionError("Shell looks at the ports only")


PIXEL = In(stream.Signature(data.ArrayLayout(unsigned(8), 1)))


def result(label, score) -> wiring.Member:
    scores = data.ArrayLayout(score, 3)
    return Out(stream.Signature(data.StructLayout({"label": label, "scores": scores})))


@pytest.mark.parametrize(
    "ports, message",
    [
        ({"o": result(2, signed(8))}, "i must be In"),
        ({"i": In(stream.Signature(8)), "o": result(2, signed(8))}, "i must be In"),
        ({"i": PIXEL}, "o must be Out"),
        ({"i": PIXEL, "o": Out(stream.Signature(8))}, "o must be Out"),
        ({"i": PIXEL, "o": result(2, unsigned(8))}, "o must be Out"),
        ({"i": PIXEL, "o": In(result(2, signed(8)).signature)}, "o must be Out"),
    ],
)
def test_refuses_a_core_with_other_ports(ports, message):
    with pytest.raises(ParameterError, match=f"^core Ports: {message}"):
        Shell(Ports(ports), pixels=6, colours=1, clock_hz=25e6, baud=1e6)


def test_refuses_an_idle_time_shorter_than_a_byte():
    with pytest.raises(ParameterError, match="^Shell: idle_s must be longer than two bytes"):
        Shell(SumCore(6, 1), pixels=6, colours=1, clock_hz=25e6, baud=1e6, idle_s=1e-5)
