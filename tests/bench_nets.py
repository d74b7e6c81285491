"""`make bench-nets`: networks that users build, through import, verify and sim.

Prints a table and writes build/bench/nets.json. It goes on where it was as long as no source file
changed. What a network leaves lies in build/bench/nets/NAME.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

from bench_log import logged, sources

FILE, WORK = Path("build/bench/nets.json"), Path("build/bench/nets")
SOURCES = ("fq_hw", "rtl_gen", "sim", "tests/brevitas_nets")
COMMAND = "make bench-nets"
ENOUGH = 0.9  # the share of networks that must be exact
HOW = {"exact": "rtl-sim", "refused": "golden", "WRONG": "rtl-sim", "no file": "golden"}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME",
                        help="those with this in their names, anew")  # fmt: skip
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    return parser.parse_args()


def all_names() -> dict[str, tuple[str, str]]:
    """Each network with each of its exports: the key in the record, and the way."""
    from brevitas_nets import NETS

    found = {}
    for key, net in NETS.items():
        ways = getattr(net, "ways", ("qonnx",))
        for way in ways:
            suffix = "" if way == "qonnx" else f" (QCDQ, {way})"
            found[key + suffix] = key, way
    return found


def one(name: str) -> dict:
    """What became of a network."""
    from brevitas_nets import NETS
    from brevitas_nets.run import tried

    key, way = all_names()[name]
    return asdict(tried(name, NETS[key], way, WORK / re.sub(r"\W+", "-", name).strip("-")))


def results(args: argparse.Namespace) -> list[dict]:
    """Every network's, from the log or made now."""
    WORK.mkdir(parents=True, exist_ok=True)
    log = WORK / f"results-{sources(*SOURCES)}.jsonl"
    wanted = [name for name in all_names() if not args.only or any(o in name for o in args.only)]
    pool = ProcessPoolExecutor(args.jobs, multiprocessing.get_context("spawn"))
    return logged(log, "name", wanted, one, pool, "net", keep=lambda row: not args.only)


def rows_of(found: list[dict]) -> list[tuple[str, object, str, str]]:
    """Figures: name, value, unit, how."""
    kinds = Counter(row["kind"] for row in found)
    rows = [
        ("networks", len(found), "networks", "golden"),
        ("exact", kinds["exact"], "networks", "rtl-sim"),
        ("exact, share", round(100 * kinds["exact"] / len(found), 1), "%", "rtl-sim"),
        ("refused by name", kinds["refused"], "networks", "golden"),
        ("wrong, or taken and then refused", kinds["WRONG"], "networks", "rtl-sim"),
        ("values as qonnx has them", sum(row["values"] for row in found), "values", "golden"),
        ("  of these ties, which float32 decides", sum(row["ties"] for row in found), "values",
         "golden"),
        ("levels that Verilog has as golden", sum(row["levels"] for row in found), "values",
         "rtl-sim"),
    ]  # fmt: skip
    return rows + [(f"net: {row['name']}", row["kind"], "", HOW[row["kind"]]) for row in found]


def main() -> int:
    """Try them all, tell; 1 where one is wrong or too few are exact."""
    from fq_hw.report import bench
    from fq_hw.report.table import table

    args = arguments()
    found = results(args)
    shown = [(row["name"], row["kind"], row["why"][:160]) for row in found]
    print(table(("network", "", "why"), shown))
    if args.only:
        return 0
    rows = rows_of(found)
    FILE.unlink(missing_ok=True)  # rows of another run have other names
    bench.update_rows(FILE, [(*row, COMMAND) for row in rows])
    print(table(("", "value", "unit", "how"), rows[:8]))
    kinds = Counter(row["kind"] for row in found)
    good = kinds["exact"] + kinds["refused"] == len(found)
    return 0 if good and kinds["exact"] >= ENOUGH * len(found) else 1


if __name__ == "__main__":
    sys.exit(main())
