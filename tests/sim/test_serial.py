"""The board's top, simulated bit by bit through its UART pins with the host's own driver."""

from __future__ import annotations

import numpy as np
import pytest
from faults.line import run
from simcases import make_case

from boards import link, protocol
from boards.rates import info_of
from boards.serial_link import SerialLink
from boards.shell import Shell
from fq_hw import golden
from rtl_gen.emit import to_verilog
from rtl_gen.top import Accelerator
from sim import serial

pytestmark = pytest.mark.verilator

IDLE_S, CLOCK_HZ, BAUD = 0.0004, 25e6, 2.5e6


@pytest.fixture(scope="module")
def spoken(tmp_path_factory, programs):
    """A random network behind its UART: (case, host link, port)."""
    folder = tmp_path_factory.mktemp("serial")
    case = make_case("gains", folder, 4)
    shell = Shell(
        Accelerator(case.plan),
        info=info_of(case.plan),
        link=SerialLink(clock_hz=CLOCK_HZ, baud=BAUD, idle_s=IDLE_S),
    )
    program = serial.build(to_verilog(shell, "top"), shell.link.divisor, programs, brief=True)
    gap = 3 * case.plan.interval_bound + 2 * round(IDLE_S * CLOCK_HZ)
    with serial.SerialPort(program, folder, gap=gap, limit=10 * gap) as port:
        yield case, link.Link(port, idle_s=IDLE_S, sleep=port.sleep), port


def test_classifies_as_golden(spoken):
    case, host, _ = spoken
    info = host.query()
    assert (info.pixels, info.colours, info.classes) == (64, 1, 4)
    for image, scores, label in zip(case.images, case.scores, case.labels, strict=True):
        result = host.classify(image.tobytes())
        assert (result.label, list(result.scores)) == (label, list(scores))


def test_refuses_a_damaged_frame_and_goes_on(spoken):
    case, host, port = spoken
    frame = case.images[1].tobytes()
    request = bytearray(protocol.pack(protocol.REQUEST_SYNC, protocol.Request.FRAME, 7, frame))
    request[20] ^= 8
    port.write(bytes(request))
    reply = link.read_reply(port.read)
    assert (reply.status, reply.number) == (protocol.Status.BAD_CHECK, 7)
    port.sleep(IDLE_S)
    assert list(host.classify(frame).scores) == list(case.scores[1])


@pytest.mark.slow
def test_no_frame_takes_the_answer_of_another(spoken):
    """Faults on the pins of the emitted Verilog."""
    case, _, port = spoken

    def truth(frame: bytes) -> tuple[int, tuple[int, ...]]:
        image = np.frombuffer(frame, np.uint8).reshape(1, *case.graph.input.shape)
        tensors = golden.run(case.graph, image)
        return tensors["tail.label"].item(), tuple(tensors["tail.scores"].ravel().tolist())

    kinds = [
        "request lost", "request flipped", "request cut", "request interrupt", "reply lost",
        "reply flipped", "stale", "killed",
    ]  # fmt: skip
    found = list(
        run(port, len(kinds), seed=6, truth=truth, frame_bytes=64, reply_bytes=20, idle_s=IDLE_S,
            kinds=kinds)
    )  # fmt: skip
    assert not [one for one in found if "wrong" in one.became or one.after != "right"]
