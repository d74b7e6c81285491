"""`make mutants`: 400 changed tokens, the tests that run them, and who survives.

The tests are run once unchanged, to see which of them runs which line; then each mutant meets those
that run most of its function, the quick ones first, and more of them where it survives. Goes on
where it was as long as the sources stay; survivors are tried again. Prints a table and writes
build/bench/mutants.json.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

from mutants.change import GROUPS, Mutant, chosen
from mutants.tree import Tree, Watched, function, statement, tests_of, warm

ROOT = Path(__file__).parents[1]
PLACE, FILE = Path("build/mutants"), Path("build/bench/mutants.json")
EQUIVALENT = Path(__file__).parent / "mutants" / "equivalent.toml"
COMMAND = "python tests/bench_mutants.py"  # make mutants
BUDGETS_S = (20.0, 150.0)  # of tests, as long as they take unchanged: first, and for who survives
TREE: Tree  # of a process of the pool
PATIENCE, START_S = 4, 40  # a run may take so many times as long, and that beside it


class Kept:
    """Results in a file, of these sources only."""

    def __init__(self, path: Path, state: str):
        self.path, self.state = path, state
        there = json.loads(path.read_text()) if path.exists() else {}
        self.values: dict[str, dict] = there["values"] if there.get("state") == state else {}

    def put(self, name: str, value: dict) -> None:
        self.values[name] = value
        self.path.parent.mkdir(parents=True, exist_ok=True)
        whole = {"state": self.state, "values": self.values}
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(whole, indent=1) + "\n")
        new.replace(self.path)


def digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def begin(number) -> None:
    """A process of the pool has a copy of the project of its own."""
    global TREE
    with number.get_lock():
        number.value += 1
        place = PLACE / f"tree-{number.value}"
    TREE = Tree(ROOT, place)


def watch(test: str, wanted: dict[str, set[int]]) -> tuple[Watched, str]:
    """What the tests of a file run, and where the log is."""
    return TREE.watch(test, wanted), f"{TREE.place}/build/log.txt"


def watched(
    pool: ProcessPoolExecutor, tests: list[str], wanted: dict[str, set[int]], state: str
) -> dict[str, Watched]:
    """What the tests of every file run."""
    from tqdm import tqdm

    kept = Kept(PLACE / "watched.json", state)
    marks = {test: digest((ROOT / test).read_text()) for test in tests}
    left = [t for t in tests if kept.values.get(t, {}).get("digest") != marks[t]]
    runs = pool.map(watch, left, [wanted] * len(left))
    bar = tqdm(zip(left, runs, strict=True), "tests, unchanged", len(left), unit="file",
               disable=None)  # fmt: skip
    for test, (seen, log) in bar:
        if not seen.passed:
            raise SystemExit(f"{test} fails as it is: see {log}")
        kept.put(test, {"digest": marks[test], **asdict(seen)})
    fields = {test: {k: v for k, v in kept.values[test].items() if k != "digest"} for test in tests}
    return {test: Watched(**some) for test, some in fields.items()}


def nearest(mutant: Mutant, seen: dict[str, Watched]) -> tuple[list[str], dict[str, float]]:
    """Tests in the order in which they are tried, with the seconds that each takes.

    First those that run its statement, of these the ones that run most of its function, and the
    quick ones of equal ones; then the others of their files, whose fixtures may run it; where none
    does, as what an import runs, those that run anything of its file.
    """
    seconds = {name: s for w in seen.values() for name, s in w.seconds.items()}
    source = (ROOT / mutant.path).read_text()
    near, body = (set(of(source, mutant.line)) for of in (statement, function))
    runs: dict[str, int] = {}
    beside, file = [], []
    for one in seen.values():
        here = {name: set(lines.get(mutant.path, ())) for name, lines in one.lines.items() if name}
        found = {name: len(lines & body) for name, lines in here.items() if lines & near}
        runs |= found
        beside += (one.seconds.keys() - found.keys()) if found else ()
        file += [name for name, lines in here.items() if lines]
    first = sorted(runs, key=lambda name: (-runs[name], seconds[name], name))
    others = (sorted(some, key=lambda name: (seconds[name], name)) for some in (beside, file))
    second, third = others
    ordered = (first + second) or third
    return ordered, {name: seconds[name] for name in ordered}


def judged(mutant: Mutant, tests: list[str], seconds: dict[str, float]) -> dict:
    """Which of ``tests`` it failed, of how many."""
    source = mutant.applied((ROOT / mutant.path).read_text())
    spent, tried = 0.0, 0
    for budget in BUDGETS_S:
        some: list[str] = []
        while tried + len(some) < len(tests) and spent < budget:
            spent += seconds[tests[tried + len(some)]]
            some.append(tests[tried + len(some)])
        limit = START_S + PATIENCE * sum(seconds[name] for name in some)
        failed = TREE.judge(mutant.path, source, some, limit) if some else ""
        tried += len(some)
        if failed:
            return {"killed": failed, "tried": tried}
    return {"killed": "", "tried": tried}


def results(
    drawn: dict[str, list[Mutant]], jobs: int, report: Callable[[str], None]
) -> Iterator[tuple[str, Mutant, dict]]:
    """Group, mutant and what became of it, one after the other; ``jobs`` at a time."""
    from tqdm import tqdm

    warm()
    wanted: dict[str, set[int]] = {}
    for mutant in (m for some in drawn.values() for m in some):
        source = (ROOT / mutant.path).read_text()
        for of in (statement, function):
            wanted.setdefault(mutant.path, set()).update(of(source, mutant.line))
    names = [m.name for some in drawn.values() for m in some]
    state = digest(*names, *((ROOT / path).read_text() for path in sorted(wanted)))
    turns = [(group, m) for row in zip(*drawn.values(), strict=True)
             for group, m in zip(drawn, row, strict=True)]  # fmt: skip
    fork = get_context("fork")
    with ProcessPoolExecutor(jobs, fork, begin, (fork.Value("i", 0),)) as pool:
        seen = watched(pool, tests_of(ROOT), wanted, state)
        kept = Kept(PLACE / "results.json", state)
        left = [m for _, m in turns if not kept.values.get(m.name, {}).get("killed")]
        tests, seconds = zip(*(nearest(mutant, seen) for mutant in left), strict=True)
        verdicts = zip(left, pool.map(judged, left, tests, seconds), strict=True)
        for one, verdict in tqdm(verdicts, "mutants", len(left), unit="mutant", disable=None):
            kept.put(one.name, verdict)
            if not verdict["killed"]:
                report(f"survives: {one.path}:{one.line} {one.name}")
    for group, mutant in turns:
        yield group, mutant, kept.values[mutant.name]


def main() -> int:
    """Change, test, tell; 1 where one survives that is not explained."""
    from tqdm import tqdm

    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--jobs", type=int, default=os.cpu_count(), help="at a time (default: cores)")
    args.add_argument("--count", type=int, help="so many of each group (default: all)")
    args = args.parse_args()
    explained = tomllib.loads(EQUIVALENT.read_text())
    drawn = {group: some[: args.count] for group, some in chosen(ROOT).items()}
    counts, left = {group: Counter() for group in GROUPS}, []
    for group, mutant, found in results(drawn, args.jobs, tqdm.write):
        alike = mutant.name in explained
        outcome = "killed" if found["killed"] else "equivalent" if alike else "survives"
        counts[group][outcome] += 1
        if outcome == "survives":
            left.append((f"{mutant.path}:{mutant.line}", mutant.name))
        elif outcome == "killed" and alike:
            raise SystemExit(f"{EQUIVALENT}: {mutant.name} is killed by {found['killed']}")
    from fq_hw.report import bench  # now: a child that imports it takes what was changed
    from fq_hw.report.table import table

    outcomes = ("killed", "equivalent", "survives")
    lines = [(group, *(c[o] for o in outcomes), c.total()) for group, c in counts.items()]
    whole = sum(counts.values(), Counter())
    lines.append(("all", *(whole[o] for o in outcomes), whole.total()))
    rows = [
        (f"{group}: {outcome}", c[outcome], "mutants", "golden", COMMAND)
        for group, c in [*counts.items(), ("all", whole)]
        for outcome in outcomes
    ]
    share = whole["killed"] / (whole.total() - whole["equivalent"])
    rows.append(("killed of those that are not equivalent", round(100 * share, 1), "%", "golden",
                 COMMAND))  # fmt: skip
    if args.count is None:
        FILE.unlink(missing_ok=True)
        bench.update_rows(FILE, rows)
    print(table(("", *outcomes, "mutants"), lines))
    print(f"{100 * share:.1f} % killed")
    for where, name in left:
        print(f"{where} survives: {name}", file=sys.stderr)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
