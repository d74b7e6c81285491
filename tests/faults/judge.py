"""What is wrong about how a command ended: right is one line and status 2, or a right result."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from faults.child import Ended

__all__ = ["Tree", "differences", "said_wrong", "same_files", "same_result", "tree"]

Tree = Mapping[str, tuple]
LONGEST = 1_100  # characters of a line
PROGRESS = re.compile(r"\[ *\d+\.\d s\] |.*\d+%\|.*\||^\d+(step|image|epoch)|^$")
SPEED = re.compile(r"[\d,.]+ images/s|\[ *\d+\.\d s\]")


def tree(folder: Path, skip: Path) -> Tree:
    """Everything below ``folder`` but what is in ``skip``: kind, mode, size, time, content."""
    found = {}
    for place, below, names in os.walk(folder):
        below[:] = [name for name in below if Path(place, name) != skip]
        for name in (*below, *names):
            path = Path(place, name)
            info = path.lstat()
            content = ""
            if stat.S_ISREG(info.st_mode) and info.st_size < 2**22:
                content = hashlib.sha256(path.read_bytes()).hexdigest()
            if stat.S_ISLNK(info.st_mode):
                content = os.readlink(path)
            folder_of = stat.S_ISDIR(info.st_mode)
            dated = (0, 0) if folder_of else (info.st_size, info.st_mtime_ns)
            found[str(path.relative_to(folder))] = (stat.filemode(info.st_mode), *dated, content)
    return found


def differences(before: Tree, after: Tree, allowed: Iterable[str]) -> list[str]:
    """What changed outside ``allowed``; folders may be new."""
    places = tuple(allowed)

    def may(path: str) -> bool:
        return any(path == p or path.startswith(f"{p}/") for p in places)

    changed = [f"{path} is gone" for path in before.keys() - after.keys() if not may(path)]
    for path, now in after.items():
        if may(path) or before.get(path) == now:
            continue
        if path in before:
            changed.append(f"{path} changed")
        elif now[0][0] != "d":
            changed.append(f"{path} is new")
    return sorted(changed)


def said_wrong(ended: Ended) -> str:
    """What is wrong about status, time, memory and lines; "" where nothing is."""
    if ended.stopped:
        return ended.stopped
    if ended.left:
        return f"{ended.left} processes left"
    if ended.status < 0:
        return f"signal {-ended.status}"
    out, err = (text.decode("utf-8", "replace") for text in (ended.out, ended.err))
    if "Traceback (most recent call last)" in err:
        return f"traceback: {err.strip().splitlines()[-1][:200]}"
    if ended.status not in (0, 2):
        return f"status {ended.status}: {err.strip()[-200:]!r}"
    for name, text in (("stdout", out), ("stderr", err)):
        odd = [c for c in text if not c.isprintable() and c not in "\n\r"]
        if odd:
            return f"unprintable on {name}: {odd[0]!r}"
    lines = [line for line in re.split(r"[\n\r]", err) if not PROGRESS.match(line)]
    errors = [line for line in lines if line.startswith("fq-hw: error: ")]
    if any(line.startswith("fq-hw: error: ") for line in out.splitlines()):
        return "an error on stdout"
    if len(errors) != (ended.status == 2):
        return f"status {ended.status} with {len(errors)} errors: {err[-200:]!r}"
    if len(lines) > len(errors):
        return f"other lines on stderr: {next(x for x in lines if x not in errors)[:200]!r}"
    if ended.status == 2 and out:
        return f"status 2, but said on stdout {out[:100]!r}"
    longest = max(map(len, err.splitlines()), default=0)
    return f"a line of {longest} characters" if longest > LONGEST else ""


def plain(value: object) -> object:
    """A result without what the clock puts into it."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if "second" not in k and k != "check"}
    return [plain(v) for v in value] if isinstance(value, list) else value


def same_result(a: bytes, b: bytes) -> bool:
    """Whether two commands said the same, their speed apart."""
    if a == b:
        return True
    try:
        return plain(json.loads(a)) == plain(json.loads(b))
    except ValueError:
        return SPEED.sub("", a.decode(errors="replace")) == SPEED.sub(
            "", b.decode(errors="replace")
        )


def content(path: Path) -> object:
    """What a file says, its times apart."""
    raw = path.read_bytes()
    if path.suffix == ".jsonl":
        return [plain(json.loads(line)) for line in raw.splitlines()]
    if path.suffix == ".json":
        return plain(json.loads(raw))
    return raw


def same_files(a: Path, b: Path, outputs: Iterable[str]) -> str:
    """The first of ``outputs`` that differs between two folders; "" where none does."""
    for name in outputs:
        ours, theirs = (
            {p.relative_to(top): p for p in [top / name, *(top / name).rglob("*")] if p.is_file()}
            for top in (a, b)
        )
        if ours.keys() != theirs.keys():
            return f"{sorted(map(str, ours.keys() ^ theirs.keys()))[0]} is in one of two only"
        for path in sorted(ours):
            if path.suffix in (".png", ".pt"):  # drawn, or pickled
                continue
            if content(ours[path]) != content(theirs[path]):
                return f"{path} differs"
    return ""
