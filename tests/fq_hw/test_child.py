"""Processes, as small shell scripts: heard line by line, and gone at the end with all they made."""

import os
import time
from pathlib import Path

import pytest

from fq_hw import child
from fq_hw.child import follow
from fq_hw.errors import ToolError


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Where the temporary folders of the processes are."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def shell(script: str, on_line=lambda line: None, **options) -> int:
    return follow(["/bin/sh", "-c", script], on_line, **options)


def stop_at(word: str):
    def on_line(line: str) -> None:
        if line == word:
            raise KeyboardInterrupt

    return on_line


def alive(number: int) -> bool:
    """Whether it runs: one that waits to be asked for its status does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_lines_and_status(tmp_path):
    lines = []
    script = "echo one; echo two >&2; echo $COLOUR; pwd; exit 3"
    assert shell(script, lines.append, cwd=tmp_path, env={"COLOUR": "red"}) == 3
    assert lines == ["one", "two", "red", str(tmp_path)]
    lines = []
    assert shell("echo one; echo two >&2", lines.append, errors_too=False) == 0
    assert lines == ["one"]
    assert shell("kill -9 $$") == -9


def test_a_line_without_end_and_bytes_that_are_no_text(monkeypatch):
    monkeypatch.setattr(child, "LONGEST_LINE", 1000)
    lines = []
    assert shell("head -c 3500 /dev/zero | tr '\\0' a; printf '\\377\\000b\\n'", lines.append) == 0
    assert [len(line) for line in lines] == [1000, 1000, 1000, 503]
    assert lines[-1].endswith("a\ufffd\0b")


def test_its_temporary_files_go_with_it(temporary):
    lines = []
    shell('touch "$TMPDIR/left"; echo "$TMPDIR"; kill -9 $$', lines.append)
    assert Path(lines[0]).parent == temporary
    assert os.listdir(temporary) == []


def test_an_interrupt_is_told_to_it_first(tmp_path, temporary):
    script = f"trap 'touch {tmp_path}/told; exit' TERM; echo ready; while :; do sleep 0.01; done"
    with pytest.raises(KeyboardInterrupt):
        shell(script, stop_at("ready"))
    assert (tmp_path / "told").exists()
    assert os.listdir(temporary) == []


def test_an_interrupt_ends_what_does_not_listen_and_what_went_away(
    tmp_path, temporary, monkeypatch
):
    """One in its group that ignores SIGTERM, and one that made a session of its own."""
    monkeypatch.setattr(child, "GRACE_S", 0.1)
    script = f"""trap '' TERM
        sleep 60 & echo $! >> {tmp_path}/pids
        setsid sleep 60 & echo $! >> {tmp_path}/pids
        echo $$ >> {tmp_path}/pids; touch "$TMPDIR/left"; echo ready; sleep 60"""
    with pytest.raises(KeyboardInterrupt):
        shell(script, stop_at("ready"))
    pids = [int(word) for word in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 3 and not any(map(alive, pids))
    assert os.listdir(temporary) == []


def test_what_it_leaves_running_is_ended_too(tmp_path):
    assert shell(f"sleep 60 >/dev/null 2>&1 & echo $! > {tmp_path}/pid") == 0
    until = time.monotonic() + 5
    while alive(int((tmp_path / "pid").read_text())):
        assert time.monotonic() < until


def test_no_longer_than_it_may(tmp_path):
    began = time.monotonic()
    assert shell("sleep 60", seconds=0.1) == -9
    assert time.monotonic() - began < 5


def test_what_cannot_be_started(tmp_path):
    (tmp_path / "tool").write_bytes(b"\0")
    (tmp_path / "tool").chmod(0o755)
    with pytest.raises(ToolError, match=r"^tool: .*tool cannot be run \(Exec format error\); wipe"):
        follow([str(tmp_path / "tool")], print, hint="wipe it")
