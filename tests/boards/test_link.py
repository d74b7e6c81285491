"""The host's side of the link alone: packets, replies, and what goes wrong with them."""

import io
import sys
import termios
import zlib

import numpy as np
import pytest

from boards import link as link_module
from boards import reply as reply_module
from boards.link import Link, LinkError, Result, decode_info, decode_result, read_reply
from boards.protocol import (
    NO_NUMBER,
    REPLY_SYNC,
    REQUEST_SYNC,
    Info,
    Request,
    Status,
    pack,
)
from fq_hw.data.meaning import Meaning
from fq_hw.errors import ParameterError

INFO = Info(pixels=4, colours=1, classes=2, best=1, label_bytes=1, score_bytes=2, chunk_pixels=256)
RESULT = b"\xff\xff\x00\x80\x01"
OTHER = b"\x01\x00\x02\x00\x00"


def no_wait(seconds: float) -> None:
    pass


class Board:
    """A port that answers each request with the next of ``replies``; what was not read stays."""

    def __init__(self, *replies: bytes):
        self.replies = list(replies)
        self.waiting = io.BytesIO()
        self.requests = []

    def read(self, size: int) -> bytes:
        return self.waiting.read(size)

    def write(self, request: bytes) -> None:
        self.requests.append(request)
        self.waiting = io.BytesIO(self.waiting.read() + self.replies.pop(0))


def reply(status: int, number: int, payload: bytes = b"", **kwargs) -> bytes:
    return pack(REPLY_SYNC, status, number, payload, **kwargs)


GOOD = reply(Status.INFO, 1, INFO.pack())


def classify_after(*replies: bytes, frame: bytes = b"abcd") -> Result:
    """What becomes of request 2, a frame, when the board's bytes for it are ``replies``."""
    link = Link(Board(GOOD, b"".join(replies)), sleep=no_wait)
    link.query()
    return link.classify(frame)


def test_request_bytes():
    body = bytes([3, 1, 4, 0, 0, 77, 7, 8, 9])
    check = zlib.crc32(body).to_bytes(4, "little")
    assert pack(REQUEST_SYNC, Request.FRAME, 77, b"\7\x08\x09") == b"\xa5\x5a" + body + check


def test_reply_is_found_behind_garbage():
    data = b"\x00\x5a" + reply(Status.RESULT, 9, RESULT)
    found = read_reply(io.BytesIO(data).read)
    assert (found.number, found.payload) == (9, RESULT)


def test_result_is_little_endian_and_signed():
    assert decode_result(RESULT, INFO) == Result((-1, -32768), (1,))


def test_the_best_classes_stand_behind_the_scores():
    info = Info(pixels=4, colours=1, classes=300, best=3, label_bytes=2, score_bytes=1)
    payload = bytes(300) + b"\x2b\x01\x00\x00\xff\x00"
    found = decode_result(payload, info)
    assert (found.best, found.label, found.scores) == ((299, 0, 255), 299, (0,) * 300)


def test_info_comes_back():
    assert decode_info(INFO.pack()) == INFO


def test_info_refuses_what_its_fields_cannot_hold():
    with pytest.raises(ParameterError, match="^Info: needs pixels and load_words < "):
        Info(pixels=4, colours=1, classes=2**16, best=1, label_bytes=1, score_bytes=2).pack()


def test_classify_queries_once_and_counts():
    board = Board(GOOD, reply(Status.RESULT, 2, RESULT), reply(Status.RESULT, 3, RESULT))
    link = Link(board, sleep=no_wait)
    for frame in (b"abcd", memoryview(b"efgh")):
        assert link.classify(frame) == Result((-1, -32768), (1,))
    assert board.requests == [
        pack(REQUEST_SYNC, Request.QUERY, 1),
        pack(REQUEST_SYNC, Request.FRAME, 2, b"abcd"),
        pack(REQUEST_SYNC, Request.FRAME, 3, b"efgh"),
    ]


@pytest.mark.parametrize(
    ("frame", "sent"),
    [
        (np.array([[-128], [-1], [0], [127]], np.int8), [0, 127, 128, 255]),
        (np.array([-9.0, -0.75, 0.0, 99.0], np.float32), [0, 1, 3, 201]),
        (np.array([[0, 1, 2, 3], [4, 5, 6, 7]], np.uint8)[:, ::2], [0, 2, 4, 6]),
    ],
)
def test_numbers_go_as_bytes(frame, sent):
    board = Board(GOOD, reply(Status.RESULT, 2, RESULT))
    Link(board, meaning=Meaning(0.5, 3), sleep=no_wait).classify(frame)
    assert board.requests[1] == pack(REQUEST_SYNC, Request.FRAME, 2, bytes(sent))


def test_numbers_that_mean_nothing_are_refused():
    link = Link(Board(GOOD), sleep=no_wait)
    with pytest.raises(ParameterError, match=r"^frame: must hold uint8 or int8 \(got 'float32'\)"):
        link.classify(np.zeros(4, np.float32))
    link = Link(Board(GOOD), meaning=Meaning(0.5, 3), sleep=no_wait)
    with pytest.raises(ParameterError, match="^frame: must hold numbers, not infinities or NaN"):
        link.classify(np.full(4, np.nan, np.float32))


def test_numbers_go_round_without_0():
    numbers = [*range(1, 256), 1, 2]
    board = Board(*(reply(Status.INFO, number, INFO.pack()) for number in numbers))
    link = Link(board, sleep=no_wait)
    for _ in numbers:
        assert link.query() == INFO
    assert [request[7] for request in board.requests] == numbers


BAD = {
    "silence": (b"", "a reply did not come .0 of 1 bytes.", None),
    "cut": (GOOD[:-1], "the reply's CRC-32 did not come .3 of 4 bytes.", None),
    "noise": (bytes(70_000), "sends no packets", None),
    "damaged": (GOOD[:-1] + b"\0", "the reply is damaged .CRC-32.", None),
    "length": (GOOD[:6] + b"\x7f" + GOOD[7:], "damaged .a length of 8,323,089 bytes.", None),
    "version": (reply(1, 1, version=9), "speaks version 9 of .* this fq-hw 3", Status.BAD_VERSION),
    "status": (reply(0x55, 1), "unknown status 0x55", None),
    "other": (reply(Status.RESULT, 1, RESULT), "answered RESULT, not INFO", None),
    "refused": (reply(Status.BAD_CHECK, 1), "got a damaged request", Status.BAD_CHECK),
    "unread": (reply(Status.TIMEOUT, NO_NUMBER), "got only part", Status.TIMEOUT),
    "no number": (reply(Status.INFO, NO_NUMBER, INFO.pack()), "a reply did not come", None),
    "payload": (reply(Status.INFO, 1, b"1234"), r"must have 16 bytes \(got 4\)", None),
    "others only": (300 * reply(Status.INFO, 7, INFO.pack()), "answers other requests", None),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_replies_are_named(case):
    data, message, status = BAD[case]
    slept = []
    link = Link(Board(data, reply(Status.INFO, 2, INFO.pack())), idle_s=2, sleep=slept.append)
    with pytest.raises(LinkError, match=message) as error:
        link.query()
    assert error.value.status == status
    assert slept == [3.0], "what a program before this one left on the line"
    link._port.waiting = io.BytesIO()
    assert link.query() == INFO
    assert slept == ([3.0] if case == "payload" else [3.0, 3.0])


def test_only_after_a_failure_the_next_request_waits():
    answers = [reply(Status.RESULT, number, RESULT) for number in (2, 4, 5)]
    slept = []
    link = Link(Board(GOOD, answers[0], b"", *answers[1:]), idle_s=2, sleep=slept.append)
    link.query()
    link.classify(b"abcd")
    assert slept == [3.0]
    with pytest.raises(LinkError, match="a reply did not come"):
        link.classify(b"abcd")
    assert slept == [3.0]
    link.classify(b"abcd")
    link.classify(b"abcd")
    assert slept == [3.0, 3.0]


def test_a_board_of_version_1_is_told_by_name():
    head = bytes([1, 0x80, 0, 0, 0])  # what it answers to any other version
    old = b"\x5a\xa5" + head + zlib.crc32(head).to_bytes(4, "little")
    message = "^board: speaks version 1 of the link's protocol, this fq-hw 3; use the fq-hw that"
    with pytest.raises(LinkError, match=message):
        Link(Board(old), sleep=no_wait).query()


@pytest.mark.parametrize("status", [Status.RESULT, Status.BAD_CHECK, Status.INFO])
@pytest.mark.parametrize("times", [1, 3])
def test_replies_to_earlier_requests_are_dropped(status, times):
    payload = OTHER if status is Status.RESULT else b""
    own = reply(Status.RESULT, 2, RESULT)
    assert classify_after(times * reply(status, 1, payload), own).scores == (-1, -32768)


def test_an_error_without_a_number_counts_only_if_nothing_else_comes():
    unread = reply(Status.TIMEOUT, NO_NUMBER)
    assert classify_after(unread, reply(Status.RESULT, 2, RESULT)).scores == (-1, -32768)
    with pytest.raises(LinkError, match="got only part of the request") as error:
        classify_after(unread, reply(Status.RESULT, 1, OTHER))
    assert error.value.status == Status.TIMEOUT


def test_a_reply_to_another_request_alone_is_none():
    with pytest.raises(LinkError, match="^board: a reply did not come"):
        classify_after(reply(Status.RESULT, 255, OTHER))


class Interrupting(Board):
    """Frame ``abcd`` has RESULT, others have OTHER; interrupts come where ``stop`` says."""

    def __init__(self):
        super().__init__()
        self.stop = None

    def write(self, request: bytes) -> None:
        if request[3] == Request.QUERY:
            answer = reply(Status.INFO, request[7], INFO.pack())
        else:
            answer = reply(Status.RESULT, request[7], RESULT if b"abcd" in request else OTHER)
        self.replies.append(answer)
        super().write(request)


def interrupt_at(line: int, call) -> bool:
    """Run ``call`` with a KeyboardInterrupt before the ``line``-th line of link and reply."""
    seen = 0

    def trace(frame, event, argument):
        nonlocal seen
        if frame.f_code.co_filename not in (link_module.__file__, reply_module.__file__):
            return None
        if event == "line":
            seen += 1
            if seen == line:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_an_interrupt_at_any_line_leaves_no_answer_to_the_next_frame():
    line, interrupted = 0, True
    while interrupted:
        line += 1
        link = Link(Interrupting(), sleep=no_wait)
        link.query()
        interrupted = interrupt_at(line, lambda link=link: link.classify(b"abcd"))
        assert link.classify(b"efgh") == decode_result(OTHER, INFO), line
        assert link.classify(b"abcd") == decode_result(RESULT, INFO), line
    assert line > 50


@pytest.mark.parametrize("error", [OSError(5, "Input/output\nerror"), termios.error(5, "gone")])
@pytest.mark.parametrize("at", ["read", "write", "flush", "reset_input_buffer"])
def test_a_port_that_is_pulled_out_is_one_line(at, error):
    board = Board()

    def fail(*_):
        raise error

    setattr(board, at, fail)
    board.replies = [b""]
    with pytest.raises(LinkError, match=r"^board: the port failed \(") as told:
        Link(board, sleep=no_wait).query()
    assert "\n" not in str(told.value) and "open the port again" in str(told.value)


def test_classify_refuses_wider_elements():
    board = Board(GOOD)
    with pytest.raises(ParameterError, match="^frame: must hold uint8 or int8 \\(got 'uint16'\\)"):
        Link(board, sleep=no_wait).classify(memoryview(bytes(4)).cast("H"))


def test_pack_refuses_a_payload_beyond_the_length_field():
    with pytest.raises(ParameterError, match="^packet: payload must be shorter than 16777215"):
        pack(REQUEST_SYNC, Request.FRAME, 1, bytes(2**24 - 1))
