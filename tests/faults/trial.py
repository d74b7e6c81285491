"""A case tried: its files placed among things that nobody may touch, the command run, judged."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from faults import child, judge
from faults.case import Case, place
from faults.fence import fence
from faults.right import make

__all__ = ["OUTCOMES", "Result", "Trials", "environment", "prepare", "warm"]

OUTCOMES = ("refused", "right", "another")  # in one line; as without damage; as for another input
INSIDE = Path("a/b/work")  # the working folder: what lies above it is somebody else's
RECORDS = {"golden": ("build",)}  # what a command may leave for reports where it ends well
CANARIES = ("victim", "victim.txt", "a/victim/file", "a/b/victim", "home/.profile", "home/file")
IMPORTS = (
    "matplotlib.pyplot", "mlxtend.data", "numpy.testing", "onnxruntime",
    "ortools.sat.python.cp_model",
    "PIL.Image", "PIL.ImageOps", "skimage.data", "torch", "tqdm", "boards.farm",
    "boards.flash_core",
    "boards.rates", "fq_hw.foreign.onnx", "fq_hw.nn.fixed_point", "fq_hw.nn.float_net",
    "fq_hw.nn.training", "fq_hw.report.curve", "rtl_gen.emit", "rtl_gen.top", "sim.network",
    "sim.verilator", "torch.distributed", "pyosys.libyosys",
)  # fmt: skip


def warm() -> None:
    """Import what commands import, so that their forks need not."""
    import importlib

    for name in IMPORTS:
        importlib.import_module(name)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of a case: ``wrong`` is empty where it is one of OUTCOMES."""

    name: str
    damage: str
    command: str
    outcome: str
    wrong: str
    said: str
    seconds: float
    cpu: float
    mb: int

    def plain(self) -> dict:
        return asdict(self)


class Trials:
    """Runs cases one after the other, each in a new folder below ``work``."""

    def __init__(self, right: Path, work: Path, command: Callable | None = None):
        self.right, self.work = right, work
        self.usual: dict[tuple, tuple[child.Ended, Path]] = {}
        self.command = command or child.command
        child.adopt_orphans()

    def run(self, case: Case) -> Result:
        """Try ``case``; its folder stays where something was wrong."""
        base = self.work / case.name
        shutil.rmtree(base, ignore_errors=True)
        outcome, wrong, ended = self.judged(case, base)
        if not wrong:
            remove(base)
        said = ended.err.decode("utf-8", "replace").strip().splitlines()[-1:]
        return Result(
            name=case.name,
            damage=case.damage,
            command=f"fq-hw {' '.join(case.words)}"[:400],
            outcome=outcome,
            wrong=wrong,
            said=" ".join(said)[:300],
            seconds=round(ended.seconds, 2),
            cpu=round(ended.cpu, 2),
            mb=ended.mb,
        )

    def judged(self, case: Case, base: Path) -> tuple[str, str, child.Ended]:
        """Outcome and what was wrong."""
        prepare(base)
        folder = base / INSIDE
        place(case, self.right, folder)
        before = judge.tree(base, base / "tmp")
        ended = self.start(case.words, base)
        after = judge.tree(base, base / "tmp")
        (base / "stderr").write_bytes(ended.err)
        wrong = judge.said_wrong(ended)
        left = sorted(os.listdir(base / "tmp"))
        if not wrong and left:
            wrong = f"left in TMPDIR: {', '.join(left)[:200]}"
        records = RECORDS.get(case.words[0] if case.words else "", ())
        may = (*case.outputs, *records) if ended.status == 0 else case.touched
        allowed = [f"{INSIDE}/{name}" for name in may]
        changed = judge.differences(before, after, [*allowed, "stderr"])
        if changed and not ended.stopped:
            wrong = f"touched: {'; '.join(changed)[:300]}" + (f" (and {wrong})" if wrong else "")
        if wrong:
            return "wrong", wrong, ended
        if ended.status == 2:
            wrong = "refused, and must be taken" if case.must else ""
            return "wrong" if wrong else "refused", wrong, ended
        outcome, wrong = self.result(case, ended, folder)
        return outcome, wrong, ended

    def start(self, words: tuple[str, ...], base: Path) -> child.Ended:
        """The command in the working folder, with a home and a TMPDIR of its own."""
        return child.run(self.command, words, base / INSIDE, environment(base))

    def result(self, case: Case, ended: child.Ended, folder: Path) -> tuple[str, str]:
        """Whether a result is right: the usual one, or of another input, by a check if any."""
        differs = "taken, and must be refused"
        if case.usual is not None:
            usual, place_of = self.usual_result(case)
            said = "" if judge.same_result(ended.out, usual.out) else "says another result"
            compared = case.outputs if case.compared is None else case.compared
            differs = said or judge.same_files(folder, place_of, compared)
            if not differs:
                return "right", ""
            differs = f"another result: {differs}"
        if not case.other:
            return "wrong", differs
        if case.check:
            from faults import checks

            known = getattr(checks, case.check)
            checked = child.run(known, case.words, folder, environment(folder.parents[2]))
            if checked.status or checked.stopped:
                last = checked.err.decode(errors="replace").strip().splitlines()[-1:]
                return "wrong", f"{case.check}: {checked.stopped} {' '.join(last)[:300]}"
        return "another", ""

    def usual_result(self, case: Case) -> tuple[child.Ended, Path]:
        """What the command says of the right input, and where its files are; run once."""
        key = (case.usual, case.needs)
        if key not in self.usual:
            base = self.work / f"usual-{os.getpid()}-{len(self.usual)}"
            prepare(base)
            place(case, self.right, base / INSIDE, damaged=False)
            ended = self.start(case.usual, base)
            assert ended.status == 0, f"fq-hw {' '.join(case.usual)}: {ended}"
            self.usual[key] = ended, base / INSIDE
        return self.usual[key]


def environment(base: Path) -> dict[str, str]:
    """A home and a TMPDIR of the case's own, and what Python and tools need."""
    env = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    own = {"HOME": str(base / "home"), "TMPDIR": str(base / "tmp")}
    return env | own | {"OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8", "COLUMNS": "100"}


def prepare(base: Path) -> None:
    """The working folder and what lies around it."""
    (base / INSIDE).mkdir(parents=True)
    (base / "tmp").mkdir(mode=0o777)
    (base / "tmp").chmod(0o777)
    for name in CANARIES:
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_text(f"{name} is somebody else's\n")


def remove(base: Path) -> None:
    """All of it, folders without rights too."""
    for place_of, below, _ in os.walk(base):
        for name in below:
            if not Path(place_of, name).is_symlink():
                Path(place_of, name).chmod(0o700)
    shutil.rmtree(base)


def main() -> int:
    """A worker: names of cases on stdin, results as JSON lines on stdout."""
    from faults.kinds import draw

    right, work = map(Path, sys.argv[1:3])
    warm()
    if not right.exists():
        make(right)
    fence(work)
    tempfile.tempdir = str(work)
    trials = Trials(right, work)
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for name in sys.stdin:
        result = trials.run(draw(name.strip(), right))
        answers.write(json.dumps(result.plain()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
