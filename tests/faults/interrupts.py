"""Interrupts: a command gets a signal at some moment, as from a terminal or alone, and is judged.

It must end soon with the status of the signal and one line, or have been done already; nothing may
be left: no file of its temporary folder, no process, no partial file, no traceback.
"""

from __future__ import annotations

import filecmp
import json
import os
import random
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["COUNT", "LONG", "NUMBERS", "Ended", "checks", "hear", "interrupt", "run"]

ROOT = Path(__file__).parents[2]
EACH = 10  # interrupts of every long command; 40 would take an hour


@dataclass(frozen=True, kw_only=True)
class Long:
    """A command that takes its time.

    needs   right files and folders that it reads
    made    what it writes: whole after an interrupt, or not there
    goes_on the file that says that it can go on, and the words that make it; an empty name: it goes
            on by itself. None: it begins anew
    """

    words: tuple[str, ...]
    needs: tuple[str, ...]
    made: tuple[str, ...]
    goes_on: tuple[str, tuple[str, ...]] | None = None


GRAPH = ("graph.safetensors",)
FAST = ("--cycles", "600")
LONG = {
    "train": Long(
        words=("train", "tiny.toml", "--out", "new"),
        needs=("tiny.toml", "idx"),
        made=("new/checkpoint.safetensors", "new/metrics.jsonl", "new/curve.png"),
        goes_on=("new/state.pt", ("--resume",)),
    ),
    "search": Long(
        words=("search", "float.safetensors", "--target", "0.5", "--bits", "6", "--out", "new"),
        needs=("float.safetensors", "idx"),
        made=("new", "new.jsonl"),
        goes_on=("new.jsonl", ("--resume",)),
    ),
    "accuracy": Long(
        words=("accuracy", "small.toml", "--data", "."),
        needs=("small.toml", "idx"),
        made=("build/accuracy/small.jsonl", *(
            f"build/train/small/{run}/checkpoint.safetensors"
            for run in ("narrow-1", "wide-1", "narrow-2")
        )),
        goes_on=("", ()),
    ),
    "fold": Long(words=("fold", *GRAPH, *FAST, "--out", "new"), needs=GRAPH, made=("new",)),
    "rtl": Long(words=("rtl", *GRAPH, *FAST, "--out", "new"), needs=GRAPH, made=("new",)),
    "golden": Long(words=("golden", *GRAPH), needs=(*GRAPH, "idx"),
                   made=("build/golden/tiny.json",)),
    "import": Long(words=("import", "net.onnx", "--out", "new"), needs=("net.onnx",),
                   made=("new",)),
    "verify": Long(
        words=("verify", "onnx.graph.safetensors", "--against", "net.onnx", "--data", "idx",
               "--path", "idx"),
        needs=("onnx.graph.safetensors", "net.onnx", "idx"),
        made=(),
    ),
    "sim": Long(
        words=("sim", *GRAPH, *FAST, "--images", "4", "--level-images", "2"),
        needs=(*GRAPH, "idx"),
        made=("build/sim/tiny-600-cycles.json",),
    ),
    "build": Long(
        words=("build", *GRAPH, *FAST, "--seeds", "2", "--jobs", "2", "--out", "new.bit"),
        needs=GRAPH,
        made=("new.bit",),
    ),
    "bench": Long(
        words=("bench", "--only", "verilog", "--model", "checkpoint.safetensors"),
        needs=("checkpoint.safetensors",),
        made=("build/bench/engine.json",),
    ),
    "demo": Long(
        words=("demo", "checkpoint.safetensors", *FAST, "--images", "4"),
        needs=("checkpoint.safetensors", "idx"),
        made=("build/bench/demo.json", "build/ulx3s-85f/tiny-600-cycles.html"),
    ),
}  # fmt: skip
COUNT = EACH * len(LONG)
TIMED = {"build/bench/engine.json", "build/bench/demo.json"}  # hold seconds
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


def hear() -> None:
    """In a new process: signals are not ignored, though they are in ours, as under nohup."""
    for number in NUMBERS:
        signal.signal(number, signal.SIG_DFL)


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
            stdout=subprocess.DEVNULL, stderr=file, process_group=0, preexec_fn=hear,
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


def checks(count: int, seed: int, names: Sequence[str] = tuple(LONG)) -> Iterator[tuple[str, str]]:
    """What was done, and what was wrong about it: ``count`` interrupts, the commands in turn."""
    from faults.right import make

    dice, usual = random.Random(seed), {}
    with tempfile.TemporaryDirectory(prefix="faults-") as place:
        right = Path(place, "right")
        make(right)
        for number in range(count):
            name = names[number % len(names)]
            if name not in usual:
                usual[name] = undisturbed(name, right, Path(place, name))
            again = dice.choice((None, None, 0.001, 0.05))
            signal_, group = dice.choice(NUMBERS), dice.random() < 0.6
            after = dice.uniform(0, 1.05) * usual[name]
            done = f"{name}: {signal_.name} after {after:.2f} of {usual[name]:.2f} s"
            done += f"{'' if group else ', alone'}{'' if again is None else ', twice'}"
            work = Path(place, "work")
            folder = prepare(LONG[name], right, work)
            ended = interrupt(
                LONG[name].words, folder, temporary_of(work), after=after, number=signal_,
                group=group, again=again,
            )  # fmt: skip
            faults = [*ended.faults, *compare(LONG[name], folder, Path(place, name), ended.done)]
            if not faults and not ended.done and LONG[name].goes_on is not None:
                faults += went_on(LONG[name], folder, Path(place, name), temporary_of(work))
            shutil.rmtree(work)
            yield done, "; ".join(faults)


def prepare(long: Long, right: Path, place: Path) -> Path:
    """A working folder in ``place`` that holds what the command reads."""
    folder = place / "folder"
    folder.mkdir(parents=True)
    for name in long.needs:
        copy = shutil.copytree if (right / name).is_dir() else shutil.copy
        copy(right / name, folder / name)
    return folder


def temporary_of(place: Path) -> Path:
    """An empty folder for temporary files, beside the working folder."""
    temporary = place / "t"
    temporary.mkdir(exist_ok=True)
    return temporary


def undisturbed(name: str, right: Path, place: Path) -> float:
    """Run a command to its end in ``place``; the seconds that it takes."""
    return run(LONG[name].words, prepare(LONG[name], right, place), temporary_of(place))


def compare(long: Long, folder: Path, place: Path, done: bool) -> list[str]:
    """What the command wrote is as undisturbed; where it was interrupted, or is not there."""
    faults = []
    for name in long.made:
        have, want = folder / name, place / "folder" / name
        if not have.exists():
            faults += [f"{name} is not there"] if done else []
        elif not done and long.goes_on is not None:  # of an earlier epoch
            continue
        elif name not in TIMED and not same(have, want):
            faults.append(f"{name} differs")
    return faults


def went_on(long: Long, folder: Path, place: Path, temporary: Path) -> list[str]:
    """Go on, and compare all files with those of the undisturbed run."""
    mark, more = long.goes_on
    words = (*long.words, *(more if mark and (folder / mark).exists() else ()))
    try:
        run(words, folder, temporary)
    except AssertionError as error:
        return [f"does not go on: {error}"]
    return [f"after going on: {fault}" for fault in compare(long, folder, place, True)]


def same(have: Path, want: Path) -> bool:
    """Whether two files are the same, byte for byte but for the seconds in logs."""
    if have.suffix != ".jsonl":
        return filecmp.cmp(have, want, shallow=False)
    rows = [[json.loads(line) | {"seconds": 0, "check": ""} for line in path.read_text().split("\n")
             if line] for path in (have, want)]  # fmt: skip
    return rows[0] == rows[1]


if __name__ == "__main__":
    for done, wrong in checks(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] or tuple(LONG)):
        print(done, "-", wrong or "right", flush=True)
