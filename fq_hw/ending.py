"""How a command ends: after a signal at once, with one line, and with nothing left behind.

The handlers raise nothing. An exception is swallowed by a destructor or a library, prints a
traceback at exit, and waits for what C++ has begun; so the process ends where it stands, as if it
were killed, but first it ends its children and removes what it has not finished. Files are whole
at any moment, since each takes its name when it is.

This module needs nothing but the interpreter: it is there before anything is imported.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable

__all__ = ["HELPER", "arm", "children_spared", "leave", "remove", "unfinished"]

WORDS = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
    signal.SIGHUP: "terminated",
}
HELPER = "FQ_HW_HELPER"  # in the environment of a command that another one has started
GRACE_S = 3.0  # for children to end by themselves
TRACKER = b"multiprocessing.resource_tracker"  # removes semaphores when all others are gone
UNFINISHED: list[str] = []
OWNER: list[int] = []  # the process that is armed, not its copies
OWN: dict[str, str] = {}  # the folder of this process's temporary files


class unfinished:
    """What has the name ``path``, a file or a folder, is gone unless the block ends well.

    Enter it before the thing is made. ``keep`` are exceptions after which it stays.
    """

    def __init__(self, path: os.PathLike | str, *, keep: tuple[type[BaseException], ...] = ()):
        self.path, self.keep = os.path.abspath(path), keep

    def __enter__(self) -> None:
        UNFINISHED.append(self.path)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and not issubclass(kind, self.keep):
            remove(self.path)
        UNFINISHED.remove(self.path)


class children_spared:
    """Children that are started in the block never hear what the terminal says: we end them."""

    def __enter__(self) -> None:
        self.before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})

    def __exit__(self, *_: object) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self.before)


def arm() -> None:
    """From now on signals end this process well; its temporary files have a folder of their own.

    A signal that is ignored, as under nohup, stays so.
    """
    OWNER[:] = [os.getpid()]
    for number in WORDS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)
    os.register_at_fork(after_in_child=forked)
    keep_temporary_files_together()


def keep_temporary_files_together() -> None:
    """A folder for them, those of tools too, which leave theirs behind when they are ended."""
    known = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    for parent in (*filter(None, known), "/tmp", "/var/tmp"):
        path = os.path.abspath(os.path.join(parent, f"fq-hw-{os.urandom(4).hex()}"))
        UNFINISHED.append(path)
        try:
            os.mkdir(path, 0o700)
        except OSError:
            UNFINISHED.remove(path)
            continue
        os.environ["TMPDIR"] = OWN["folder"] = path
        return


def forked() -> None:
    """In a child that is a copy of us: what is ours it leaves alone; it ends with us."""
    UNFINISHED.clear()
    OWN.clear()
    for number in WORDS:
        if signal.getsignal(number) is end:
            alone = signal.SIG_IGN if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, alone)


def end(number: int, frame: object = None) -> None:
    """The handler: children, unfinished things, the line, the end."""
    if os.getpid() not in OWNER:  # a copy that is so new that it has our handlers still
        os._exit(128 + number)
    try:
        be_deaf()
        screen = mute()
        end_children_and_remove()
        if HELPER not in os.environ and os.environ.get("RANK", "0") == "0":
            os.write(screen, f"{new_line(screen, number)}fq-hw: {WORDS[number]}\n".encode())
    except OSError:  # nobody hears us
        pass
    finally:
        os._exit(128 + number)


def leave(status: int) -> None:
    """End the process; nothing that libraries do at exit can fail, speak or be interrupted."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except BrokenPipeError:  # the reader has seen enough
        status = status or 1
    except OSError as error:
        status = status or complain(f"standard output: {error.strerror}")
    try:
        be_deaf()
        end_children_and_remove()
    finally:
        os._exit(status)


def end_children_and_remove() -> None:
    """End what was started, remove what is unfinished.

    A thread that sees its child die may take a thing off the list, as a failed tool's logs stay.
    """
    before = UNFINISHED[::-1]
    end_children()
    for path in dict.fromkeys([*UNFINISHED[::-1], *before]):
        remove(path)


def complain(what: str) -> int:
    """Say what is wrong, where somebody hears it, and return the status."""
    try:
        os.write(2, f"fq-hw: error: {what}\n".encode())
    except OSError:
        return 2
    return 2


def be_deaf() -> None:
    """A second signal changes nothing; nor does torch, which raises where its workers end."""
    for number in WORDS:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def mute() -> int:
    """Let nobody speak but us, as threads do when our children die; where we shall speak."""
    try:
        screen = os.dup(2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    except OSError:  # there is no screen
        return -1
    return screen


def new_line(screen: int, number: int) -> str:
    """An end of line where a bar, or the terminal's ^C, stands in the last one."""
    bars = getattr(sys.modules.get("tqdm.std"), "tqdm", None)
    drawn = len(getattr(bars, "_instances", ())) > 0
    return "\n" if drawn or (number == signal.SIGINT and os.isatty(screen)) else ""


def remove(path: os.PathLike | str) -> None:
    """Remove a file, or a folder and all that is in it; links are not followed."""
    if os.path.isdir(path) and not os.path.islink(path):
        for folder, folders, files in os.walk(path, topdown=False):
            for name in (*files, *folders):
                discard(os.path.join(folder, name))
    discard(path)


def discard(path: os.PathLike | str) -> None:
    """Remove a file, a link or an empty folder, where that is allowed and it is there."""
    for way in (os.unlink, os.rmdir):
        try:
            return way(path)
        except OSError:
            continue


def end_children() -> None:
    """End all that we have started and what that has started: asked first, then by force."""
    before = processes()
    found = (below(os.getpid(), before) | orphans()) & before.keys()
    asked = {pid for pid in found if before[pid][0] == os.getpid() and not is_tracker(pid)}
    send(asked, signal.SIGTERM)
    late = time.monotonic() + (GRACE_S / 2 if HELPER in os.environ else GRACE_S)
    while asked & processes().keys() and time.monotonic() < late:
        time.sleep(0.005)
    send({-group for _, group in map(before.get, found) if group in found}, signal.SIGKILL)
    while time.monotonic() < late + GRACE_S:  # longer only where the system does not let one go
        now = processes()
        found |= below(os.getpid(), now) | orphans()
        left = {pid for pid in found & now.keys() if not is_tracker(pid)}
        if not left:
            return
        send(left, signal.SIGKILL)
        time.sleep(0.005)


def processes() -> dict[int, tuple[int, int]]:
    """Parent and group of every process that runs; nothing where the system has no /proc."""
    found = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        try:
            with open(f"/proc/{int(name)}/stat", "rb") as file:
                state, parent, group = file.read().rpartition(b")")[2].split()[:3]
        except (OSError, ValueError):  # no process, or one that has gone meanwhile
            continue
        if state not in (b"Z", b"X"):
            found[int(name)] = int(parent), int(group)
    return found


def below(top: int, known: dict[int, tuple[int, int]]) -> set[int]:
    """What ``top`` has started, and what that has started."""
    found = {top}
    while more := {pid for pid, (parent, _) in known.items() if parent in found} - found:
        found |= more
    return found - {top}


def orphans() -> set[int]:
    """What our children have started and outlived them: all have our folder for TMPDIR."""
    mark, found = b"TMPDIR=" + os.fsencode(OWN.get("folder", "")), set()
    for name in os.listdir("/proc") if OWN and os.path.isdir("/proc") else ():
        try:
            with open(f"/proc/{int(name)}/environ", "rb") as file:
                if mark in file.read():
                    found.add(int(name))
        except (OSError, ValueError):  # another user's, or gone meanwhile
            continue
    return found - {os.getpid()}


def is_tracker(pid: int) -> bool:
    """Whether it is the helper of multiprocessing that tidies up when all others are gone."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return TRACKER in file.read()
    except OSError:
        return False


def send(pids: Iterable[int], number: int) -> None:
    """Send a signal to processes, or to groups where negative; some may be gone."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            continue
