"""A process of its own: what it may do to the one that asked."""

import os
import signal
import threading
import time

import pytest

from fq_hw import ending
from fq_hw.errors import ArtifactError, GraphError
from fq_hw.foreign.apart import apart


def said(work, **limits):
    with pytest.raises(ArtifactError) as caught:
        apart(work, "net.onnx", **limits)
    return str(caught.value)


def refuse():
    raise GraphError("net.onnx: has no nodes")


def mistake():
    return {}["absent"]


def loop():
    while True:
        pass


def test_gives_what_was_made():
    content = bytes(range(256)) * 10_000  # more than a pipe holds
    assert apart(lambda: content, "net.onnx") == content
    assert apart(lambda: b"", "net.onnx") == b""


def test_what_happens_there_stays_there(capfd, tmp_path, monkeypatch):
    def noisy():
        os.write(2, b"fq-hw: error: forged\n")
        print("more")
        os.chdir(tmp_path)
        return b"done"

    before = os.getcwd()
    assert apart(noisy, "net.onnx") == b"done"
    assert capfd.readouterr() == ("", "") and os.getcwd() == before


def test_errors_come_through():
    assert said(refuse) == "net.onnx: has no nodes"
    with pytest.raises(RuntimeError, match="KeyError: 'absent'"):  # our own bug, with its place
        apart(mistake, "net.onnx")


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (os.abort, "their process ended with SIGABRT"),
        (lambda: os.kill(os.getpid(), signal.SIGFPE), "their process ended with SIGFPE"),
        (lambda: bytes(2**40), "it takes them more than 64 MB of memory"),
        (lambda: os._exit(3), "it takes them more than 64 MB of memory"),
        (loop, "it takes them more than 1 seconds"),
    ],
)
def test_the_end_of_it_is_one_line(work, message):
    where = "net.onnx: onnx or qonnx cannot read it"
    assert said(work, memory=64 * 2**20, seconds=1) == f"{where} ({message})"


def test_an_interrupt_leaves_no_process():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever took it in this process
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    began, before = time.monotonic(), ending.below(os.getpid(), ending.processes())
    with pytest.raises(KeyboardInterrupt):
        apart(loop, "net.onnx", seconds=30)
    assert time.monotonic() - began < 10
    assert ending.below(os.getpid(), ending.processes()) <= before
