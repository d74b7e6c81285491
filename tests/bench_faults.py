"""`make bench-faults`: thousands of damaged inputs, interrupts, full disks, noisy lines.

Prints a table and writes build/bench/faults.json. A case that fails stays in
build/bench/faults/NAME: its working folder a/b/work, what it said, and the command to repeat it.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

FILE, WORK = Path("build/bench/faults.json"), Path("build/bench/faults")
COMMAND = "python tests/bench_faults.py"  # make bench-faults
PARTS = {  # what is no damaged input: module of faults, name of its rows
    "disk": "full disks",
    "interrupts": "interrupts",
    "line": "link frames with faults",
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", nargs="+", metavar="KIND", help="kinds, parts, or single cases (graph-17)"
    )
    parser.add_argument("--cases", type=int, help="so many of each kind (default: all)")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--right", type=Path, help="folder of right inputs (default: made anew)")
    return parser.parse_args()


def wanted(args: argparse.Namespace) -> list[str]:
    """Names of the cases, the kinds taking turns."""
    from faults.kinds import KINDS

    only = args.only or list(KINDS)
    strange = [w for w in only if w not in (*KINDS, *PARTS) and w.rpartition("-")[0] not in KINDS]
    if strange:
        raise SystemExit(f"--only: must be of {', '.join([*KINDS, *PARTS])} (got {strange[0]})")
    single = [word for word in only if word.rpartition("-")[0] in KINDS]
    counts = {k: min(n, args.cases or n) for k, (n, _) in KINDS.items() if k in only}
    names = [
        (number / count, f"{k}-{number}") for k, count in counts.items() for number in range(count)
    ]
    return single + [name for _, name in sorted(names)]


def worker(right: Path, work: Path) -> subprocess.Popen:
    """A process that has everything imported and tries the cases that it is told."""
    words = [sys.executable, "-m", "faults.trial", str(right), str(work)]
    pipe = subprocess.PIPE
    env = dict(os.environ) | {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), str(Path(__file__).parent)]),
    }
    return subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True, env=env)


def results(names: list[str], right: Path, work: Path, jobs: int) -> Iterator[dict]:
    """Every case's, as they come."""
    left, found = iter(names), queue.SimpleQueue()
    lock = threading.Lock()

    def feed() -> None:
        with worker(right, work) as process:
            while True:
                with lock:
                    name = next(left, None)
                if name is None:
                    process.stdin.close()
                    break
                process.stdin.write(f"{name}\n")
                process.stdin.flush()
                line = process.stdout.readline()
                if not line:
                    found.put({"name": name, "lost": True})
                    break
                found.put(json.loads(line))
        found.put(None)

    threads = [threading.Thread(target=feed, daemon=True) for _ in range(min(jobs, len(names)))]
    for thread in threads:
        thread.start()
    ended = 0
    while ended < len(threads):
        one = found.get()
        if one is None:
            ended += 1
            continue
        if "lost" in one:
            raise SystemExit(f"the worker that had {one['name']} ended")
        yield one


def keep(row: dict) -> None:
    """Beside the files of a failing case: what was done and what came."""
    folder = WORK / row["name"]
    folder.mkdir(parents=True, exist_ok=True)
    repeat = f"{COMMAND} --only {row['name']}"
    (folder / "why.json").write_text(json.dumps({"repeat": repeat, **row}, indent=2) + "\n")


def damaged(args: argparse.Namespace) -> list[dict]:
    """Try all damaged inputs."""
    from tqdm import tqdm

    names = wanted(args)
    if not names:
        return []
    right = args.right or WORK / "right"
    rows = []
    with tqdm(total=len(names), unit="case") as bar:
        for row in results(names, right.resolve(), WORK.resolve(), args.jobs):
            rows.append(row)
            bar.update()
            if row["wrong"]:
                keep(row)
                bar.write(
                    f"{row['name']} ({row['damage'][:80]}): {row['command'][:120]}: {row['wrong']}"
                )
    for folder in WORK.glob("usual-*"):
        shutil.rmtree(folder)
    return rows


def other_parts(args: argparse.Namespace) -> dict[str, list[tuple[str, str]]]:
    """What the other parts did and what was wrong about it."""
    from tqdm import tqdm

    found = {}
    for name in PARTS:
        if (
            args.only
            and name not in args.only
            or importlib.util.find_spec(f"faults.{name}") is None
        ):
            continue
        part = importlib.import_module(f"faults.{name}")
        count = min(part.COUNT, args.cases or part.COUNT)
        rows = found[name] = []
        for done, wrong in tqdm(
            part.checks(count, 18), desc=PARTS[name], total=count, disable=None
        ):
            rows.append((done, wrong))
            if wrong:
                tqdm.write(f"{name}: {done}: {wrong}")
    return found


def rows_of(found: list[dict], parts: dict) -> list[tuple[str, object, str, str]]:
    """Figures: name, value, unit, how."""
    rows = []
    if found:
        outcomes = Counter(row["outcome"] for row in found)
        rows = [
            ("damaged inputs", len(found), "cases", "golden"),
            ("refused in one line", outcomes["refused"], "cases", "golden"),
            ("taken, with the result of the undamaged input", outcomes["right"], "cases", "golden"),
            ("taken, as another right input", outcomes["another"], "cases", "golden"),
            ("wrong", outcomes["wrong"], "cases", "golden"),
            ("longest", max(row["seconds"] for row in found), "s", "golden"),
            ("largest", max(row["mb"] for row in found), "MB", "golden"),
        ]
        kinds = Counter(row["name"].rpartition("-")[0] for row in found)
        rows += [
            (f"damaged inputs: {kind}", count, "cases", "golden")
            for kind, count in sorted(kinds.items())
        ]
    for name, said in parts.items():
        wrong = sum(bool(w) for _, w in said)
        rows += [
            (PARTS[name], len(said), "cases", "golden"),
            (f"{PARTS[name]}: wrong", wrong, "cases", "golden"),
        ]
    return rows


def by_kind(found: list[dict]) -> str:
    """A table: kinds down, outcomes across."""
    from fq_hw.report.table import table

    counts = defaultdict(Counter)
    for row in found:
        counts[row["name"].rpartition("-")[0]][row["outcome"]] += 1
    heads = ("refused", "right", "another", "wrong")
    lines = [
        (kind, *(counts[kind][head] for head in heads), counts[kind].total()) for kind in counts
    ]
    total = sum(counts.values(), Counter())
    lines.append(("all", *(total[head] for head in heads), total.total()))
    return table(("input", "refused", "as undamaged", "as another", "wrong", "cases"), lines)


def main() -> int:
    """Damage, try, tell; 1 where anything was wrong."""
    from fq_hw.report import bench
    from fq_hw.report.table import table

    args = arguments()
    if args.right is None:
        shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True, exist_ok=True)
    found, parts = damaged(args), other_parts(args)
    rows = rows_of(found, parts)
    if not args.only and not args.cases:
        FILE.unlink(missing_ok=True)
        bench.update_rows(FILE, [(*row, COMMAND) for row in rows])
    if found:
        print(by_kind(found))
        cpu = sum(row["cpu"] for row in found)
        print(f"{cpu / len(found):.2f} s of processor time a case")
    print(table(("", "value", "unit", "how"), rows))
    wrong = [row for row in found if row["wrong"]]
    for row in wrong:
        print(f"{row['name']}: {row['wrong'][:200]} ({WORK / row['name']})", file=sys.stderr)
    return 1 if wrong or any(w for said in parts.values() for _, w in said) else 0


if __name__ == "__main__":
    sys.exit(main())
