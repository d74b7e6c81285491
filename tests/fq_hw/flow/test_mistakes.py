"""Confusion matrix and worst mistakes: counted as a loop counts them, drawn, refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fq_hw.cli import main
from fq_hw.data import Split
from fq_hw.flow import mistakes
from fq_hw.report.mistakes import drawable

pytest.importorskip("matplotlib", reason="it draws the picture")


@pytest.fixture
def tested():
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (60, 8, 8, 1), np.uint8)
    split = Split(images=images, labels=rng.integers(0, 3, 60))
    return mistakes.Tested(split=split, scores=rng.integers(-9, 9, (60, 3)), seconds=1.0)


def test_counts(tested):
    count, wrong = np.zeros((3, 3), int), []
    for number, (truth, scores) in enumerate(zip(tested.split.labels, tested.scores, strict=True)):
        answer = max(range(3), key=lambda label, scores=scores: (scores[label], -label))
        count[truth, answer] += 1
        if answer != truth:
            wrong.append((scores[truth] - scores[answer], number))
    assert np.array_equal(tested.confusion(), count)
    assert tested.right == np.trace(count)
    assert tested.worst(5).tolist() == [number for _, number in sorted(wrong)[:5]]


def test_the_picture(tested, tmp_path):
    for name in ("a.png", "b.png"):
        mistakes.save_mistakes(tmp_path / name, tested, ("a", "b", "$c"), "a title of $5 and $6")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_many_classes_and_no_mistake(tmp_path):
    labels = np.arange(60)
    split = Split(images=np.zeros((60, 8, 8, 3), np.uint8), labels=labels)
    perfect = mistakes.Tested(split=split, scores=np.eye(60, dtype=np.int64), seconds=1.0)
    assert perfect.right == 60 and not len(perfect.worst(9))
    names = [f"a rather long name {n}" for n in labels]
    mistakes.save_mistakes(tmp_path / "a.png", perfect, names, "perfect")


def test_names_that_the_font_cannot_write_are_numbers(tested, tmp_path, recwarn):
    """In silence, as a box is no name; and what is no formula is drawn as it is."""
    names = ("漢字", r"\frac{$x", "a_b^{%")
    mistakes.save_mistakes(tmp_path / "a.png", tested, names, "a title of \\frac and $")
    assert drawable(names) == ["class 0", *names[1:]]
    assert [str(one.message) for one in recwarn] == []


def test_refusals_come_before_the_work(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("fq_hw.cli.golden.model_of", None)  # nothing is loaded
    assert main(["golden", "--mistakes", "a.jpg"]) == 2
    assert (
        "--mistakes a.jpg: is written as a PNG (got '.jpg'); name FILE.png"
        in capsys.readouterr().err
    )
    monkeypatch.setattr(mistakes, "find_spec", lambda name: None)
    assert main(["golden", "--mistakes", "a.png"]) == 2
    said = capsys.readouterr().err
    assert said.endswith(
        "--mistakes: needs matplotlib; install it with: pip install -e '.[plots]'\n"
    )
    assert list(Path().iterdir()) == []
