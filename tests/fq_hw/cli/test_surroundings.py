"""A command where its surroundings are odd: streams closed or full, folders gone, no PATH."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fq_hw.cli import main
from fq_hw.cli.output import say

ROOT = Path(__file__).parents[3]


def fq_hw(*words: str, closed: int, **options) -> subprocess.CompletedProcess:
    """A command as a process, one of whose standard streams is closed."""
    command = f'exec {closed}>&-; exec "$0" -m fq_hw "$@"'
    return subprocess.run(
        ["/bin/sh", "-c", command, sys.executable, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, **options,
    )  # fmt: skip


def test_a_closed_stderr_is_not_stdout(tmp_path):
    done = fq_hw("show", "nothing", closed=2, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


def test_a_closed_stdout_is_nobodys_file(tmp_path):
    done = fq_hw("doctor", closed=1, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


class Full(io.TextIOBase):
    """A stream on a full disk."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_under_stdout_is_one_line(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdout", Full())
    assert main(["doctor"]) == 2
    line = "fq-hw: error: standard output: cannot be written (No space left on device)\n"
    assert capsys.readouterr().err == line


def test_a_full_disk_under_stderr_stops_nothing(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Full())
    say("how far we are")
    assert main(["show", "nothing"]) == 2


@pytest.mark.parametrize("words", [["rtl"], ["fold"], ["doctor"]], ids="-".join)
def test_a_working_folder_that_is_gone_is_one_line(words, capsys, tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert main(words) == 2
    line = "fq-hw: error: working folder: is gone (No such file or directory); change to another\n"
    assert capsys.readouterr().err == line


@pytest.mark.parametrize("path", [None, "", "/nonexistent:{here}/folder:{here}/file"])
def test_whatever_the_path_is_the_wheels_are_found(path, capsys, tmp_path, monkeypatch):
    (tmp_path / "folder" / "yosys").mkdir(parents=True)  # is no tool though it has the name
    (tmp_path / "file").write_text("")
    monkeypatch.delenv("PATH")
    if path is not None:
        monkeypatch.setenv("PATH", path.format(here=tmp_path))
    assert main(["doctor"]) == 0
    assert "wheel pyosys" in capsys.readouterr().out


def test_progress_is_printable(capsys):
    say("reading \x1b[2J\n\u202e\udcff as it is called")
    line = capsys.readouterr().err
    assert line.endswith("] reading \\x1b[2J\\n\\u202e\\udcff as it is called\n")
