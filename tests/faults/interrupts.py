"""Interrupts: a command gets a signal at some moment, as from a terminal or alone, and is judged.

It must end soon with the status of the signal and one line, or have been done already; nothing may
be left: no file of its temporary folder, no process, no partial file, no traceback.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["NUMBERS", "Ended", "interrupt", "run"]

ROOT = Path(__file__).parents[2]
NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "terminated"}
TOKEN = "FQ_HW_TEST_TOKEN"  # in the environment of all that a command starts
END_S = 20.0  # until a command must have ended: C++ code comes back before
GONE_S = 2.0  # until its processes must have
PROGRESS = re.compile(r"^\[ *[\d.]+ s\] .*|^(.*\r)?[^\r]*it/s.*|^.*\d+%\|.*|^note: .*|^$")


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How it ended: what is wrong about it (nothing, one hopes), and what it said."""

    status: int
    faults: tuple[str, ...]
    said: str

    @property
    def done(self) -> bool:
        """Whether the signal came too late."""
        return self.status == 0


def begin(
    words: Sequence[str], folder: Path, temporary: Path, log: Path, **variables: str
) -> tuple[subprocess.Popen, str]:
    """Start ``fq-hw words`` in a group of its own, as a shell does; its token."""
    token = secrets.token_hex(8)
    env = os.environ | {TOKEN: token, "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    with log.open("wb") as file:
        command = [sys.executable, "-m", "fq_hw", *words]
        process = subprocess.Popen(
            command, cwd=folder, env=env | variables, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=file, process_group=0,
        )  # fmt: skip
    return process, token


def run(words: Sequence[str], folder: Path, temporary: Path, **variables: str) -> float:
    """Run a command undisturbed; the seconds that it took."""
    log, began = temporary.with_name("undisturbed.log"), time.monotonic()
    process, _ = begin(words, folder, temporary, log, **variables)
    status = process.wait()
    assert status == 0, f"fq-hw {' '.join(words)}: status {status}: {log.read_text()[-500:]}"
    return time.monotonic() - began


def interrupt(
    words: Sequence[str],
    folder: Path,
    temporary: Path,
    *,
    after: float,
    number: signal.Signals,
    group: bool = True,
    again: float | None = None,
    **variables: str,
) -> Ended:
    """Send ``number`` when so many seconds have gone by since the command listens to signals.

    group      to all processes of the terminal's foreground, else to the command alone
    again      send it once more after so many seconds
    temporary  an empty folder, which is to be empty afterwards
    """
    log = temporary.with_name("interrupted.log")
    process, token = begin(words, folder, temporary, log, **variables)
    while process.poll() is None and not listens(process.pid):
        time.sleep(0.001)
    send = os.killpg if group else os.kill
    time.sleep(after)
    for pause in (0.0,) if again is None else (0.0, again):
        time.sleep(pause)
        try:
            send(process.pid, number)
        except ProcessLookupError:
            break
    faults = []
    try:
        status = process.wait(END_S)
    except subprocess.TimeoutExpired:
        faults.append(f"did not end in {END_S:g} s")
        process.kill()
        status = process.wait()
    late = time.monotonic() + GONE_S
    while (left := owned(token)) and time.monotonic() < late:
        time.sleep(0.02)
    faults += [f"left a process: {name}" for name in left.values()]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    said = log.read_text(errors="replace")
    if status not in (0, 128 + number):
        faults.append(f"status {status} for signal {number.name}")
    lines = [line for line in said.split("\n") if not PROGRESS.match(line)]
    wanted = [] if status == 0 else [f"fq-hw: {WORDS[number]}"]
    if lines != wanted:
        faults.append(f"said {lines!r}")
    faults += [f"left {p.relative_to(temporary)} in the temporary folder"
               for p in sorted(temporary.rglob("*"))]  # fmt: skip
    faults += [f"left {p.relative_to(folder)}" for p in sorted(folder.rglob("*.partial*"))]
    return Ended(status=status, faults=tuple(faults), said=said)


def listens(pid: int) -> bool:
    """Whether the process catches all three signals; before that it is the interpreter's start."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    caught = int(re.search(r"^SigCgt:\s*(\w+)", text, re.M)[1], 16)
    return all(caught >> (number - 1) & 1 for number in NUMBERS)


def owned(token: str) -> dict[int, str]:
    """The command lines of all processes that run and have the token, by number."""
    found, mark = {}, f"{TOKEN}={token}".encode()
    for place in Path("/proc").iterdir():
        if not place.name.isdecimal():
            continue
        try:
            if mark in (place / "environ").read_bytes():
                said = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found[int(place.name)] = said[:200]
        except OSError:  # gone meanwhile, or somebody else's
            continue
    return found
