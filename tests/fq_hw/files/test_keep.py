"""What is built once is whole, whoever else builds it and whatever stops it."""

import os
import subprocess
import sys

import pytest

from fq_hw.errors import ToolError
from fq_hw.files import kept


def test_made_once(tmp_path):
    calls = []

    def make(work):
        calls.append(work)
        (work / "a").write_text("made")

    first, second = kept(tmp_path, "recipe", make), kept(tmp_path, "recipe", make)
    assert first == second and len(calls) == 1
    assert (first / "a").read_text() == "made"
    assert os.listdir(tmp_path) == [first.name]
    assert kept(tmp_path, "another", make) != first


def test_an_interrupt_leaves_nothing(tmp_path):
    def make(work):
        (work / "a").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept(tmp_path, "recipe", make)
    assert os.listdir(tmp_path) == []


def test_a_failure_leaves_its_log_until_the_next_try_of_another_process(tmp_path):
    def fail(work):
        (work / "log").write_text("why")
        raise ToolError(f"tool: failed (see {work / 'log'})")

    with pytest.raises(ToolError):
        kept(tmp_path, "recipe", fail)
    (left,) = os.listdir(tmp_path)
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    older = tmp_path / left.replace(str(os.getpid()), gone.stdout.strip())
    (tmp_path / left).rename(older)
    kept(tmp_path, "recipe", lambda work: None)
    assert not older.exists()


def test_two_at_a_time(tmp_path):
    """The second is whole first: the first gives its own away."""

    def make(work):
        other = work.parent / work.name.partition(".")[0]
        other.mkdir()
        (other / "a").write_text("theirs")
        (work / "a").write_text("ours")

    place = kept(tmp_path, "recipe", make)
    assert (place / "a").read_text() == "theirs"
    assert os.listdir(tmp_path) == [place.name]
