"""A model on a board: what is refused before a frame is sent, and raw frames."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from answering import INFO, Board
from networks import NETWORKS, random_checkpoint

from fq_hw import checkpoint, flow
from fq_hw.errors import ArtifactError, FqHwError
from fq_hw.flow import Arrays, Hardware
from fq_hw.flow.on_board import frames_of, open_board


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("board") / "gains.safetensors"
    checkpoint.write(path, random_checkpoint(NETWORKS["gains"], 1))
    return flow.load(path)


@pytest.fixture
def board(model, monkeypatch):
    """The board behind every port."""
    height, width, colours = model.image
    info = replace(INFO, pixels=height * width, colours=colours, classes=len(model.classes))
    found = Board(info=info)
    monkeypatch.setattr("boards.accelerator.open_port", lambda *_: found)
    return found


@pytest.mark.parametrize(
    ("hardware", "option"),
    [
        (Hardware(cycles=3000), "--cycles"),
        (Hardware(fold=Path("f.json")), "--fold"),
        (Hardware(arrays=Arrays(sequential=True)), "--sequential"),
    ],
)
def test_a_board_that_loads_nothing_needs_no_folding(model, board, hardware, option):
    said = f"^{option}: says what a board is to load, and this one loads nothing"
    with pytest.raises(FqHwError, match=said), open_board(model, "port", hardware=hardware):
        pass
    assert not board.open
    with open_board(model, "port", hardware=Hardware()) as found:
        assert found.info.load_words == 0


def test_weights_of_another_folding_are_not_loaded(model, board):
    board.info = replace(board.info, load_words=7)
    said = r"^board: gains so folded has 0 words of weights \(got '7'\); name the --fold that the "
    with pytest.raises(FqHwError, match=said), open_board(model, "port"):
        pass
    assert not board.open


def test_frames_of_a_stream():
    raw = bytes(range(12))
    found = list(frames_of(io.BytesIO(raw), (1, 2, 3)))
    np.testing.assert_array_equal(found, np.arange(12, dtype=np.uint8).reshape(2, 1, 2, 3))
    assert list(frames_of(io.BytesIO(b""), (1, 2, 3))) == []
    with pytest.raises(ArtifactError, match="^stdin: frame 1 must have 6 bytes, as 1 x 2 x 3"):
        list(frames_of(io.BytesIO(raw[:-1]), (1, 2, 3)))
