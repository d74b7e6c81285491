"""Damaged inputs of every kind, in short; and that each of the harness's checks can fail.

`make bench-faults` is the long form.
"""

from __future__ import annotations

import importlib.util
import mmap
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import bench_faults
import pytest

from faults import child
from faults.case import Case
from faults.kinds import KINDS
from faults.trial import Trials

for package in ("torch", "onnx", "qonnx"):  # looked for, not imported: a worker does that
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"commands need {package}", allow_module_level=True)

EACH = 3  # cases of a kind
LINE = "fq-hw: error: file: must be right"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What became of the first cases of each kind, by its name."""
    work = tmp_path_factory.mktemp("faults")
    names = [f"{kind}-{number}" for kind in KINDS for number in range(EACH)]
    return {row["name"]: row for row in bench_faults.results(names, work / "right", work, 1)}


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_inputs(kind, results):
    rows = [results[f"{kind}-{number}"] for number in range(EACH)]
    assert [row for row in rows if row["wrong"]] == []


def refused(words):
    print(LINE, file=sys.stderr)
    return 2


def said(text, status=2):
    def command(words):
        print(text, file=sys.stderr)
        return status

    return command


def raises(words):
    raise KeyError("weight")


def dies(words):
    os.kill(os.getpid(), signal.SIGUSR1)


def waits(words):
    time.sleep(60)


def burns(words):
    while True:
        pass


def fills(words):
    held = bytearray(400 * 2**20)
    time.sleep(60)
    return len(held)


def starts(words):
    subprocess.Popen(["sleep", "60"])
    return refused(words)


def leaves(words):
    Path(os.environ["TMPDIR"], "rest").touch()
    return refused(words)


def touches(place):
    def command(words):
        Path(place).write_text("changed")
        return refused(words)

    return command


def removes(words):
    Path("../../b/victim").unlink()
    return refused(words)


def writes(words):
    Path("new").write_text("half")
    return refused(words)


def says(text, made=""):
    def command(words):
        print(text)
        if made:
            Path("new").write_text(made)
        return 0

    return command


@pytest.fixture
def tried(tmp_path, monkeypatch):
    """The verdict on a command that gets a damaged file; its usual form says 5 and writes "6"."""
    monkeypatch.setattr(child, "LIMIT_S", 0.5)
    (tmp_path / "right").mkdir()
    (tmp_path / "right" / "file").write_bytes(b"right")

    def run(command, **more):
        usual = says("5", "6")
        chosen = lambda words: (usual if words[0] == "usual" else command)(words)  # noqa: E731
        fields = {"outputs": ("new",), "usual": ("usual",), **more}
        case = Case(name="made-0", damage="none", words=("damaged",), needs=("file",), **fields)
        return Trials(tmp_path / "right", tmp_path / "work", chosen).run(case)

    yield run
    child.adopt_orphans(False)  # other tests look for processes that were left, too


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        (raises, "traceback: KeyError"),
        (said(LINE, 1), "status 1"),
        (said("", 2), "status 2 with 0 errors"),
        (said(f"{LINE}\nfq-hw: error: forged"), "status 2 with 2 errors"),
        (said(f"UserWarning: of a library\n{LINE}"), "other lines on stderr"),
        (said(f"{LINE} \x1b[2J"), "unprintable on stderr"),
        (said(LINE + "x" * 1100), "a line of "),
        (said(LINE, 0), "status 0 with 1 errors"),
        (dies, f"signal {signal.SIGUSR1.value}"),
        (waits, "more than 0.5 s"),
        (burns, "more than 0.5 s"),
        (starts, "1 processes left"),
        (leaves, "left in TMPDIR: rest"),
        (touches("../victim"), "touched: a/b/victim changed"),
        (touches("../../../home/new"), "touched: home/new is new"),
        (touches("file"), "touched: a/b/work/file changed"),
        (removes, "touched: a/b/victim is gone"),
        (writes, "touched: a/b/work/new is new"),
        (says("4", "6"), "another result: says another result"),
        (says("5", "7"), "another result: new differs"),
        (says("5"), "another result: new is in one of two only"),
        (says("fq-hw: error: forged", "6"), "an error on stdout"),
    ],
)
def test_what_is_wrong_is_found(command, wrong, tried):
    found = tried(command)
    assert found.outcome == "wrong" and found.wrong.startswith(wrong)


def test_memory_is_watched(tried, monkeypatch, tmp_path):
    monkeypatch.setattr(child, "LIMIT_MB", 300)
    monkeypatch.setattr(child, "LIMIT_S", 30)  # to take it may last on a busy machine
    path = tmp_path / "mapped"
    path.touch()
    os.truncate(path, 400 * 2**20)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        assert len(bytes(memoryview(mapped)[:: mmap.PAGESIZE])) == 400 * 2**20 // mmap.PAGESIZE
        assert tried(fills).wrong == "more than 300 MB"  # the file's pages are the parent's alone


def test_memory_of_the_parent_is_not_the_commands(tried, monkeypatch):
    monkeypatch.setattr(child, "LIMIT_MB", 300)
    monkeypatch.setattr(child, "LIMIT_S", 30)
    held = bytearray(os.urandom(1)) * (400 * 2**20)  # a fork begins with all of it
    assert tried(refused).outcome == "refused" and len(held) == 400 * 2**20


@pytest.mark.parametrize(
    ("command", "more", "outcome"),
    [
        (refused, {}, "refused"),
        (says("5", "6"), {}, "right"),
        (says("4", "7"), {"other": True}, "another"),
        (says("4", "7"), {"usual": None}, "wrong"),
        (refused, {"must": True}, "wrong"),
        (writes, {"touched": ("new",)}, "refused"),
    ],
)
def test_outcomes(command, more, outcome, tried):
    assert tried(command, **more).outcome == outcome


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"run"}))  # which imports torch
def test_cases_are_the_same_every_time(kind, results, tmp_path_factory):
    from faults.kinds import draw

    right = next(tmp_path_factory.getbasetemp().glob("faults*/right"))
    assert draw(f"{kind}-1", right) == draw(f"{kind}-1", right)
