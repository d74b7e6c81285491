"""The driver of a board: names, retries, what is lost, and boards of other networks."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from answering import Board

from boards import accelerator
from boards.accelerator import Accelerator, open_port
from boards.link import LinkError
from fq_hw.data.meaning import Meaning
from fq_hw.errors import ParameterError, ToolError


@dataclass
class Network:
    name: str = "net"
    image: tuple[int, ...] = (2, 2, 1)
    classes: tuple[str, ...] = ("cat", "dog", "ship")
    meaning: Meaning | None = None


def frame(*values: int) -> np.ndarray:
    return np.array(values, np.uint8).reshape(2, 2, 1)


FRAMES = [frame(9, 1, 2, 0), frame(1, 2, 3, 4), frame(0, 5, 0, 0)]


def test_answers_have_names_and_are_counted():
    port = Board()
    with Accelerator(port, Network(), idle_s=0) as board:
        found = list(board.run(FRAMES))
    assert [one.name for one in found] == ["cat", "ship", "dog"]
    assert [(one.number, one.label) for one in found] == [(0, 0), (1, 2), (2, 1)]
    assert found[1].scores == (1, 2, 3)
    assert found[1].top(2) == [(2, 3), (1, 2)]
    assert (board.tally.answered, board.tally.lost, board.tally.errors) == (3, 0, {})
    assert board.tally.frames_per_second == 3 / board.tally.seconds > 0
    assert not port.open


def test_a_frame_without_its_answer_is_sent_again():
    with Accelerator(Board(mute=(2, 3)), Network(), idle_s=0) as board:
        found = list(board.run(FRAMES))
    assert [one.name for one in found] == ["cat", "ship", "dog"]
    assert sum(board.tally.errors.values()) == 2 and board.tally.lost == 0


def test_a_lost_frame_says_why_and_the_next_goes_on():
    with Accelerator(Board(mute=(2, 3)), Network(), idle_s=0, tries=2) as board:
        found = list(board.run(FRAMES))
    assert [one.name for one in found] == ["cat", None, "dog"]
    assert found[1].label is None and found[1].error.startswith("board: a reply did not come ")
    assert (board.tally.answered, board.tally.lost) == (2, 1)
    assert [one.number for one in found] == [0, 1, 2]


def test_classify_raises_what_run_tells():
    with Accelerator(Board(mute=(1,)), Network(), idle_s=0, tries=1) as board:
        with pytest.raises(LinkError, match="^board: "):
            board.classify(FRAMES[0])
        assert board.classify(FRAMES[0]).name == "cat"


def test_real_numbers_go_where_bytes_mean_some():
    with Accelerator(Board(), Network(meaning=Meaning(0.5, 3)), idle_s=0) as board:
        real = np.array([[3.0, -1.5], [0.0, 0.0]], np.float32)
        assert board.classify(real).scores == (9, 0, 3)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            {"image": (2, 3, 1)},
            "for 4 pixels of 1 colours and 3 classes, net has 6, 1 and 3",
        ),
        ({"image": (2, 2, 3)}, "net has 4, 3 and 3; load the bitstream of this network"),
        ({"classes": ("a", "b")}, "net has 4, 1 and 2"),
    ],
)
def test_a_board_of_another_network_is_refused_and_let_go(other, said):
    port = Board()
    with pytest.raises(ParameterError, match=said):
        Accelerator(port, Network(**other), idle_s=0)
    assert not port.open


def test_a_port_that_is_not_there_is_one_line(tmp_path, monkeypatch):
    ports = [SimpleNamespace(device="/dev/ttyUSB1"), SimpleNamespace(device="/dev/ttyUSB0")]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: ports)
    where = str(tmp_path / "ttyUSB9")
    with pytest.raises(LinkError, match=r"^port '.*ttyUSB9': cannot be opened \(") as caught:
        open_port(where)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith("ports here: /dev/ttyUSB0, /dev/ttyUSB1")
    with pytest.raises(LinkError, match="^port 'nothing://x': cannot be opened"):
        Accelerator("nothing://x", Network())


def test_without_pyserial_its_install_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "serial", None)
    with pytest.raises(ToolError, match=r"^port: needs pyserial; install it with: pip install -e"):
        open_port("/dev/ttyUSB0")


def test_tries_are_checked():
    with pytest.raises(ParameterError, match="^tries: must be at least 1"):
        Accelerator(Board(), Network(), tries=0)
    assert accelerator.TRIES >= 2
