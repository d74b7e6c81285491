"""A full disk under every command that writes: one line, the earlier file kept, nothing half done.

Full is a limit on the size of files, a small file system in memory where we may mount one, and a
standard output that takes nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from faults import judge
from faults.case import Case, place
from faults.child import adopt_orphans, command, run
from faults.right import make
from faults.trial import INSIDE, environment, prepare, warm

__all__ = ["COUNT", "checks"]

LIMITS = (0, 40, 200, 600)  # bytes a file may have
GRAPH = ("graph.safetensors",)
KEPT = {"metrics.jsonl", "curve.png"}  # of a run, which its next epoch writes anew
COMMANDS = {  # words, what they need, the file that is there already
    "export": (("checkpoint.safetensors", "--out", "new"), ("checkpoint.safetensors",), "new"),
    "import": (("net.onnx", "--out", "new"), ("net.onnx",), "new"),
    "import npz": (("cnv.npz", "--out", "new"), ("cnv.npz",), "new"),
    "fold": ((*GRAPH, "--cycles", "600", "--out", "new"), GRAPH, "new"),
    "rtl": ((*GRAPH, "--cycles", "600", "--out", "new"), GRAPH, "new"),
    "search": (("float.safetensors", "--variant", "uniform", "--out", "new"),
               ("float.safetensors", "idx"), "new"),
    "train": (("tiny.toml", "--out", "new"), ("tiny.toml", "idx"), ""),
    "train --resume": (("tiny.toml", "--out", "run", "--resume"), ("tiny.toml", "idx", "run"), ""),
}  # fmt: skip
PRINTING = ("show", "golden", "estimate", "fold")
COUNT = len(COMMANDS) * (len(LIMITS) + 1) + len(PRINTING)


def checks(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """What was done, and what was wrong about it."""
    warm()
    adopt_orphans()
    folder = Path(tempfile.mkdtemp(prefix="faults-"))  # a fork's exit would clear a temporary one
    try:
        make(folder / "right")
        yield from list_of(folder, count)
    finally:
        adopt_orphans(False)
        shutil.rmtree(folder)


def list_of(folder: Path, count: int) -> Iterator[tuple[str, str]]:
    limited = [(name, limit) for limit in LIMITS for name in COMMANDS]
    todo = [*limited, *((name, "mounted") for name in COMMANDS)]
    todo += [(name, "printed") for name in PRINTING]
    step = len(todo) / count  # fewer are of all kinds
    for number in range(count):
        name, limit = todo[int(number * step)]
        base = folder / f"{number}"
        prepare(base)
        try:
            if limit == "printed":
                yield f"{name}, stdout is full", printed(name, folder / "right", base)
            elif limit == "mounted":
                yield f"{name}, a full file system", mounted(name, folder / "right", base)
            else:
                yield (
                    f"{name}, files of {limit} bytes",
                    written(name, folder / "right", base, limit),
                )
        finally:
            shutil.rmtree(base)


def case_of(name: str) -> Case:
    words, needs, earlier = COMMANDS[name]
    files = {earlier: b"earlier"} if earlier else {}
    return Case(name=name, damage="", words=(name.split()[0], *words), needs=needs, files=files)


def written(name: str, right: Path, base: Path, limit: int) -> str:
    """With files of at most ``limit`` bytes."""
    case = case_of(name)
    place(case, right, base / INSIDE)
    return tried(case, base, limit)


def tried(case: Case, base: Path, limit: int | None = None) -> str:
    """The command where nothing can be written: one line, and all is as before."""
    before = judge.tree(base, base / "tmp")
    ended = run(command, case.words, base / INSIDE, environment(base), most_bytes=limit)
    wrong = judge.said_wrong(ended)
    if wrong or ended.status != 2:
        return wrong or "taken, and nothing could be written"
    changed = judge.differences(before, judge.tree(base, base / "tmp"), ())
    changed = [one for one in changed if Path(one.split()[0]).name not in KEPT]
    left = os.listdir(base / "tmp")
    changed += [f"{name} left in TMPDIR" for name in left]
    return f"touched: {'; '.join(changed)[:200]}" if changed else ""


def mounted(name: str, right: Path, base: Path) -> str:
    """On a file system with room for what the command reads, and nearly nothing besides."""
    folder, case = base / INSIDE, case_of(name)
    place(case, right, folder)
    blocks = sum(-(-p.stat().st_size // 4096) + 1 for p in folder.rglob("*"))
    shutil.rmtree(folder)
    folder.mkdir()
    size = f"size={4 * (blocks + 1)}k"
    words = ["mount", "-t", "tmpfs", "-o", size, "none", str(folder)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        return written(name, right, base, 1)
    try:
        fill = base / INSIDE / "filler"
        place(case, right, folder)
        with open(fill, "wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass
        return tried(case, base)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def into_full(words: Sequence[str]) -> int:
    """The command with a standard output that is full."""
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, 1)
    return command(words)


def printed(name: str, right: Path, base: Path) -> str:
    """Status 2 and one line; what is written to files is whole."""
    words = (name, "graph.safetensors", *({"fold": ("--out", "new")}.get(name, ())))
    case = Case(name=name, damage="", words=words, needs=("graph.safetensors", "idx"))
    place(case, right, base / INSIDE)
    ended = run(into_full, words, base / INSIDE, environment(base))
    wrong = judge.said_wrong(ended)
    return wrong or ("" if ended.status == 2 else "status 0, and nothing was said")


if __name__ == "__main__":
    found = [f"{done}: {wrong}" for done, wrong in checks(COUNT, 18) if wrong]
    print("\n".join(found))
    sys.exit(bool(found))
