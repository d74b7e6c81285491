"""What a simulator's program may do wrong, with shell scripts in its place; nothing is compiled."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fq_hw.errors import SimulationError, ToolError
from sim import taps, verilator


def put(folder: Path, script: str) -> Path:
    """A program that runs ``script``."""
    program = folder / "simulate"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def test_its_options_and_its_words(tmp_path):
    program = put(tmp_path, 'echo "$@"; echo oops >&2')
    assert verilator.run(program, {"in": "a b", "limit": 3}, "it") == "+in=a b +limit=3\noops"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("kill -SEGV $$", "it: the simulator must end by itself, but gave signal SIGSEGV (got '')"),
        ("echo fatal; exit 1", "it: the simulator must end by itself, but gave status 1 (got 'fat"),
    ],
)
def test_one_that_does_not_end_by_itself(script, said, tmp_path):
    with pytest.raises(SimulationError) as error:
        verilator.run(put(tmp_path, script), {}, "it")
    assert str(error.value).startswith(said)


def test_one_that_is_no_program(tmp_path):
    put(tmp_path, "").write_bytes(b"\0")
    with pytest.raises(ToolError, match=r"cannot be run \(Exec format error\); delete .* and try"):
        verilator.run(tmp_path / "simulate", {}, "it")


def test_an_interrupt_ends_it(tmp_path, monkeypatch):
    def stop(line: str) -> None:
        raise KeyboardInterrupt

    program = put(tmp_path, f"echo $$ > {tmp_path}/pid; echo ready; exec sleep 60")
    follow = verilator.child.follow
    monkeypatch.setattr(verilator.child, "follow", lambda c, heard, **how: follow(c, stop, **how))
    with pytest.raises(KeyboardInterrupt):
        verilator.run(program, {}, "it")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.parametrize("text", ["", "0 ff\n0 fe", "0 ff\n0 fe\n", "0 ff\nend 2\n", "0 ff\nend 1"])
def test_results_that_are_cut_off_are_not_compared(text, tmp_path):
    (tmp_path / "taps.txt").write_text(text)
    with pytest.raises(SimulationError, match=r"taps\.txt: the simulation could not write all"):
        list(taps.whole_lines(tmp_path / "taps.txt"))


def test_results_that_are_whole(tmp_path):
    (tmp_path / "taps.txt").write_text("0 ff\n0 fe\nend 2\n")
    assert list(taps.whole_lines(tmp_path / "taps.txt")) == ["0 ff\n", "0 fe\n"]


def test_two_builds_at_a_time_are_one(tmp_path, monkeypatch):
    """The second is whole while the first compiles; both get the same program."""

    def compile_in(work: Path, *rest: object) -> None:
        put(work, "echo hello")
        if not second:
            second.append(None)
            second[0] = verilator.build({"a.v": "module a; endmodule"}, "a", tmp_path)

    second: list = []
    monkeypatch.setattr(verilator, "compile_in", compile_in)
    # The same process twice would share a folder's name; another has another number.
    numbers = iter((1111, 2222))
    monkeypatch.setattr("fq_hw.files.keep.os.getpid", lambda: next(numbers))
    first = verilator.build({"a.v": "module a; endmodule"}, "a", tmp_path)
    assert second == [first] and verilator.run(first, {}, "it") == "hello"
    assert [path.name for path in tmp_path.iterdir()] == [first.parent.name]
