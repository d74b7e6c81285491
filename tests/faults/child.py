"""A command in a forked process, watched: time, memory, what it leaves, what it says.

A fork of a process that has imported everything costs milliseconds, a fresh one seconds. The child
becomes what `fq-hw` would be: a session of its own, with the usual signals.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from faults.fence import plain_user

__all__ = ["LIMIT_MB", "LIMIT_S", "Ended", "adopt_orphans", "command", "run"]

LIMIT_S = 10.0  # of its own, the time it waits for a processor not counted
LIMIT_MB = 768  # of its own: a fork begins with what its parent holds
HANGS_S = 60.0  # whatever the reason
ADDRESSES = 16 * 2**30  # a bound for the machine's sake: torch alone maps gigabytes
MOST_SAID = 4 * 2**20
POLL_S = 0.02
GRACE_S = 0.2  # for a helper process to see that its parent is gone
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a child ended. ``status`` is negative for a signal, as subprocess has it."""

    status: int
    out: bytes
    err: bytes
    seconds: float  # of its own
    cpu: float
    mb: int
    stopped: str  # why it was killed: time or memory
    left: int  # processes that it left running


def command(words: Sequence[str]) -> int:
    """What `fq-hw` runs; it never comes back."""
    from fq_hw.entry import main

    return main()


def adopt_orphans(ours: bool = True) -> None:
    """Processes that a child leaves become ours, so that they are seen; or no more."""
    ctypes.CDLL(None, use_errno=True).prctl(SUBREAPER, int(ours), 0, 0, 0)


def run(
    what: Callable[[Sequence[str]], int],
    words: Sequence[str],
    folder: Path,
    env: Mapping[str, str],
    *,
    most_bytes: int | None = None,
) -> Ended:
    """``what(words)`` in a fork, in ``folder``; no file larger than ``most_bytes``."""
    pipes = [os.pipe(), os.pipe()]
    before, held, began = children(), resident(os.getpid()), time.monotonic()
    pid = os.fork()
    if pid == 0:
        child(what, words, folder, env, pipes, most_bytes)
    for _, end in pipes:
        os.close(end)
    ends = [begin for begin, _ in pipes]
    said, stopped = [bytearray(), bytearray()], ""
    own, ended = 0.0, None
    while ended is None:
        drain(ends, said, POLL_S)
        waited, queue = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT), queued(pid)
        own = max(own, time.monotonic() - began - queue)
        if waited is None and not stopped:
            stopped = exceeded(pid, own, time.monotonic() - began, held)
            if stopped:
                end_session(pid)
        if waited is not None:
            _, status, used = os.wait4(pid, 0)
            ended = os.waitstatus_to_exitcode(status)
    left = orphans(before)
    drain(ends, said, 0)
    for end in ends:
        os.close(end)
    return Ended(
        status=ended,
        out=bytes(said[0]),
        err=bytes(said[1]),
        seconds=own,
        cpu=used.ru_utime + used.ru_stime,
        mb=used.ru_maxrss // 1024,
        stopped=stopped,
        left=left,
    )


def child(what, words, folder, env, pipes, most_bytes) -> None:
    """Never returns."""
    status = 70
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        for number, end in ((0, null), (1, pipes[0][1]), (2, pipes[1][1])):
            os.dup2(end, number)
        for pair in pipes:
            for end in pair:
                os.close(end)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, usual)
        sys.stdin = os.fdopen(0, closefd=False)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="strict", closefd=False)
        sys.stderr = os.fdopen(
            2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False
        )
        os.environ.clear()
        os.environ.update(env)
        tempfile.tempdir = None  # what an import may have found out
        os.chdir(folder)
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if most_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
        plain_user()
        sys.argv = ["fq-hw", *words]
        try:
            status = what(words)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            traceback.print_exc()
            status = 1
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        status = 71
    finally:
        with suppress(BaseException):
            sys.stderr.flush()
        os._exit(status or 0)


def drain(ends: list[int], said: list[bytearray], patience: float) -> None:
    """Take what the child says, as much as we keep; the rest is taken too, so that it goes on."""
    ready, _, _ = select.select(ends, [], [], patience)
    for index, end in enumerate(ends):
        if end in ready:
            part = os.read(end, 2**16)
            said[index] += part[: max(MOST_SAID - len(said[index]), 0)]
            if not part and patience:
                time.sleep(patience / 4)


def queued(pid: int) -> float:
    """Seconds that the process was ready and others had the processor."""
    try:
        with open(f"/proc/{pid}/schedstat") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def resident(pid: int) -> float:
    """MB of memory of its own that the process holds; 0 when there is no such process.

    Pages of files do not count: a fork has none of its parent's until it reads them.
    """
    try:
        with open(f"/proc/{pid}/statm") as file:
            held, shared = (int(word) for word in file.read().split()[1:3])
    except (OSError, ValueError):
        return 0.0
    return (held - shared) * resource.getpagesize() / 2**20


def exceeded(pid: int, own: float, wall: float, held: float) -> str:
    """Which limit is passed by a process whose parent ``held`` so many MB when it was forked."""
    if own > LIMIT_S or wall > HANGS_S:
        return f"more than {LIMIT_S:g} s"
    return f"more than {LIMIT_MB} MB" if resident(pid) - held > LIMIT_MB else ""


def end_session(pid: int) -> None:
    with suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    with suppress(OSError):
        os.kill(pid, signal.SIGKILL)


def orphans(before: set[int]) -> int:
    """Children that were not there ``before``: what the command left. Count them, and end them."""
    found, until = set(), time.monotonic() + GRACE_S
    while left := children() - before:
        for one in left:
            if time.monotonic() > until:
                found.add(one)
                with suppress(OSError):
                    os.kill(one, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(one, os.WNOHANG)
        time.sleep(POLL_S / 4)
    return len(found)


def children() -> set[int]:
    """Processes whose parent we are, those too that have ended."""
    found = set()
    for name in os.listdir("/proc"):
        with suppress(OSError, IndexError):
            if name.isdecimal():
                fields = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()
                found |= {int(name)} if int(fields[1]) == os.getpid() else set()
    return found
