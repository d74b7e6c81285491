"""The host's side of the link alone: packets, replies, and what goes wrong with them."""

import io
import zlib

import pytest

from boards.link import (
    REPLY_SYNC,
    REQUEST_SYNC,
    Info,
    Link,
    LinkError,
    Request,
    Result,
    Status,
    decode_result,
    pack,
    read_reply,
)
from fq_hw.errors import ParameterError

INFO = Info(pixels=4, colours=1, classes=2, label_bytes=1, score_bytes=2)
RESULT = b"\x01\xff\xff\x00\x80"


class Board:
    """A port that answers each request with the next of ``replies``."""

    def __init__(self, *replies: bytes):
        self.replies = list(replies)
        self.waiting = io.BytesIO()
        self.requests = []
        self.read = lambda size: self.waiting.read(size)

    def write(self, request: bytes) -> None:
        self.requests.append(request)
        self.waiting = io.BytesIO(self.replies.pop(0))


def reply(status: int, payload: bytes = b"", **kwargs) -> bytes:
    return pack(REPLY_SYNC, status, payload, **kwargs)


def test_request_bytes():
    body = bytes([1, 1, 3, 0, 0, 7, 8, 9])
    check = zlib.crc32(body).to_bytes(4, "little")
    assert pack(REQUEST_SYNC, Request.FRAME, b"\7\x08\x09") == b"\xa5\x5a" + body + check


def test_reply_is_found_behind_garbage():
    data = b"\x00\x5a" + reply(Status.RESULT, RESULT)
    assert read_reply(io.BytesIO(data).read).payload == RESULT


def test_result_is_little_endian_and_signed():
    assert decode_result(RESULT, INFO) == Result(1, (-1, -32768))


def test_info_comes_back():
    assert Info.unpack(INFO.pack()) == INFO


def test_info_refuses_what_its_fields_cannot_hold():
    with pytest.raises(ParameterError, match="^Info: needs pixels < "):
        Info(pixels=4, colours=1, classes=2**16, label_bytes=1, score_bytes=2).pack()


def test_classify_queries_once():
    board = Board(reply(Status.INFO, INFO.pack()), *[reply(Status.RESULT, RESULT)] * 2)
    link = Link(board)
    for frame in (b"abcd", memoryview(b"efgh")):
        assert link.classify(frame) == Result(1, (-1, -32768))
    assert board.requests[1:] == [pack(REQUEST_SYNC, 1, b"abcd"), pack(REQUEST_SYNC, 1, b"efgh")]


GOOD = reply(Status.INFO, INFO.pack())
BAD = {
    "silence": (b"", "a reply did not come .0 of 1 bytes.", None),
    "cut": (GOOD[:-1], "the reply's CRC-32 did not come .3 of 4 bytes.", None),
    "noise": (bytes(70_000), "sends no packets", None),
    "damaged": (GOOD[:-1] + b"\0", "the reply is damaged", None),
    "version": (reply(1, INFO.pack(), version=9), "speaks another protocol", Status.BAD_VERSION),
    "status": (reply(0x55), "unknown status 0x55", None),
    "other": (reply(Status.RESULT, RESULT), "answered RESULT, not INFO", None),
    "refused": (reply(Status.BAD_CHECK), "got a damaged request", Status.BAD_CHECK),
    "payload": (reply(Status.INFO, b"1234"), r"must have 9 bytes \(got 4\)", None),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_replies_are_named(case):
    data, message, status = BAD[case]
    slept = []
    with pytest.raises(LinkError, match=message) as error:
        Link(Board(data), idle_s=2, sleep=slept.append).query()
    assert error.value.status == status
    assert slept == ([] if case == "payload" else [3.0])


def test_classify_refuses_wider_elements():
    board = Board(reply(Status.INFO, INFO.pack()))
    with pytest.raises(ParameterError, match="^frame: must hold unsigned bytes \\(got 'H'\\)"):
        Link(board).classify(memoryview(bytes(4)).cast("H"))


def test_pack_refuses_a_payload_beyond_the_length_field():
    with pytest.raises(ParameterError, match="^packet: payload must be shorter than 16777216"):
        pack(REQUEST_SYNC, Request.FRAME, bytes(2**24))
