"""Processes: how one is started, heard and ended, so that it leaves nothing behind.

Each has a process group of its own and a temporary folder of its own, which is its TMPDIR. When it
is over, or an interrupt breaks it off, all that it started is ended and the folder removed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from fq_hw.errors import ToolError
from fq_hw.files import scratch_folder

__all__ = ["end_users", "follow"]

LONGEST_LINE = 65_536  # characters; the rest of a longer line is a line of its own
GRACE_S = 5.0  # from SIGTERM to SIGKILL: a nested fq-hw removes its folders meanwhile
GONE_S = 1.0  # for what was killed to be gone


def follow(
    command: Sequence[str],
    on_line: Callable[[str], None],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    errors_too: bool = True,
    seconds: float | None = None,
    hint: str = "install it again",
) -> int:
    """Run ``command``, hand on each line of its output as it comes, and return the exit status.

    env         variables on top of this process's
    errors_too  whether its stderr is handed on; else it stays this process's
    seconds     after which it is ended, if it still runs then
    hint        what to do where it cannot be started, which is a ToolError
    Returns     a signal's number, negative, where that ended it
    """
    with scratch_folder() as scratch:
        process = start(
            command,
            hint,
            cwd=cwd,
            env={**os.environ, **(env or {}), "TMPDIR": str(scratch)},
            stderr=subprocess.STDOUT if errors_too else None,
        )
        timer = threading.Timer(seconds or 0, signal_group, [process, signal.SIGKILL])
        try:
            if seconds is not None:
                timer.start()
            while line := process.stdout.readline(LONGEST_LINE):
                on_line(line.rstrip("\n"))
            wait(process)
            timer.cancel()
            signal_group(process, signal.SIGKILL)  # what it left running
            return process.wait()
        finally:
            timer.cancel()
            if process.returncode is None:
                end(process, scratch)
            process.stdout.close()


def start(command: Sequence[str], hint: str, **options) -> subprocess.Popen:
    """A process in a group of its own, whose output we read."""
    try:
        return subprocess.Popen(
            [*command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            errors="replace",
            process_group=0,
            **options,
        )
    except OSError as error:
        place = Path(command[0])
        message = f"{place.name}: {place} cannot be run ({error.strerror}); {hint}"
        raise ToolError(message) from error


def wait(process: subprocess.Popen, seconds: float | None = None) -> None:
    """Until the process has ended; it stays to be asked for its status, and its number is kept."""
    until = None if seconds is None else time.monotonic() + seconds
    how = os.WEXITED | os.WNOWAIT | (0 if until is None else os.WNOHANG)
    while os.waitid(os.P_PID, process.pid, how) is None and time.monotonic() < until:
        time.sleep(0.01)


def signal_group(process: subprocess.Popen, number: int) -> None:
    """Send a signal to all of a process's group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def end(process: subprocess.Popen, scratch: Path) -> None:
    """End a process and all that it started: politely, then by force."""
    try:
        signal_group(process, signal.SIGTERM)
        wait(process, GRACE_S)
    finally:  # also when somebody has no patience
        signal_group(process, signal.SIGKILL)
        process.wait()
        end_users(scratch)


def end_users(folder: Path) -> None:
    """Kill every process that has ``folder``, or one in it, for TMPDIR; wait until they are gone.

    So are found those that left the group of the process that started them.
    """
    until = time.monotonic() + GONE_S
    while (users := users_of(folder)) and time.monotonic() < until:
        for number in users:
            with suppress(OSError):
                os.kill(number, signal.SIGKILL)
        time.sleep(0.01)


def users_of(folder: Path) -> list[int]:
    """Numbers of the processes that have ``folder``, or one in it, for TMPDIR."""
    found, wanted = [], f"TMPDIR={folder}".encode()
    for place in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # another user's, or gone meanwhile
            words = place.read_bytes().split(b"\0")
            if any(word == wanted or word.startswith(wanted + b"/") for word in words):
                found.append(int(place.parent.name))
    return found
