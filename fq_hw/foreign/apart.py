"""A process of its own for what other tools' libraries make of a stranger's file.

Their C++ divides by zero, aborts, takes all memory, runs for hours or writes to the terminal where
a file tells it to. Here that ends one process that nobody misses, and gives one line.
"""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from fq_hw.errors import ArtifactError, FqHwError

__all__ = ["MOST_MEMORY", "MOST_SECONDS", "apart"]

MOST_MEMORY = 768 * 2**20  # bytes beyond what this process has: 1 GB for a whole command
MOST_SECONDS = 30  # a network of 100 layers takes five
DONE, REFUSED, BROKEN = b"done", b"said", b"bug!"  # how an answer begins


def apart(
    work: Callable[[], bytes],
    where: str,
    *,
    who: str = "onnx or qonnx",
    memory: int = MOST_MEMORY,
    seconds: int = MOST_SECONDS,
) -> bytes:
    """What ``work`` gives, computed in a copy of this process that is gone afterwards.

    Raises ArtifactError, beginning with ``where``, for an expected error in there, and where that
    process ended by itself or took more memory or time than allowed; ``who`` are those at work.
    What it prints is lost.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        serve(work, writing, memory, seconds)
    os.close(writing)
    try:
        with open(reading, "rb") as pipe:
            answer = pipe.read()
    except BaseException:  # an interrupt leaves no process behind
        os.kill(child, signal.SIGKILL)
        raise
    finally:
        _, status = os.waitpid(child, 0)
    kind, content = answer[:4], answer[4:]
    if kind == DONE:
        return content
    if kind == REFUSED:
        raise ArtifactError(content.decode())
    if kind == BROKEN:
        raise RuntimeError(content.decode())
    raise ArtifactError(f"{where}: {who} cannot read it ({ending(status, memory, seconds)})")


def ending(status: int, memory: int, seconds: int) -> str:
    """Why a process ended without an answer."""
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number == signal.SIGALRM:
        return f"it takes them more than {seconds} seconds"
    if number:
        return f"their process ended with {signal.Signals(number).name}"
    return f"it takes them more than {memory // 2**20} MB of memory"


def serve(work: Callable[[], bytes], pipe: int, memory: int, seconds: int) -> NoReturn:
    """Be the other process: answer, and be gone without a trace."""
    try:
        quiet(memory, seconds)
        answer = DONE + work()
    except FqHwError as error:
        answer = REFUSED + str(error).encode()
    except MemoryError:
        answer = b""
    except BaseException:  # our own bug: the parent raises it
        answer = BROKEN + traceback.format_exc().encode()
    try:
        with open(pipe, "wb") as file:
            file.write(answer)
    finally:
        os._exit(0)


def quiet(memory: int, seconds: int) -> None:
    """Limits, the default for every signal, and no terminal."""
    faulthandler.disable()
    for number in (signal.SIGALRM, signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.alarm(seconds)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - the process ends with it
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    size = Path("/proc/self/statm")
    if size.exists():  # Linux
        most = int(size.read_text().split()[0]) * resource.getpagesize() + memory
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = most if soft == resource.RLIM_INFINITY else min(most, soft)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
