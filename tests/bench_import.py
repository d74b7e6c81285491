"""`make bench-import`: hundreds of random ONNX models through import, qonnx, folding and Verilator.

Prints a table and writes build/bench/import.json. It goes on where it was as long as no source
file changed. A model that fails lies in build/bench/import/NUMBER; `--only NUMBER` looks for the
smallest that fails as it does.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

from bench_log import logged, sources

FILE, WORK = Path("build/bench/import.json"), Path("build/bench/import")
SOURCES = ("fq_hw", "rtl_gen", "sim", "tests/random_onnx")
COMMAND = "python tests/bench_import.py --first {first} --graphs {graphs}"  # make bench-import
ENOUGH = 0.8  # the share of models that import must take, else the run says little
BUILT = 50  # every so many, one model is placed and routed too


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=int, default=300, help="how many models (default 300)")
    parser.add_argument("--first", type=int, default=0, help="number of the first (default 0)")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", type=int, metavar="NUMBER", help="check this one, and shrink it")
    return parser.parse_args()


def one(index: int) -> dict:
    """What became of model ``index``; its folder stays where it failed."""
    from random_onnx import checks
    from random_onnx.models import number

    folder = WORK / str(index)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    drawn = number(index)
    said = {"index": index, "traits": drawn.traits, "failed": ""}
    try:
        built = index % BUILT == 0
        found = checks.check(drawn, folder, WORK / "programs", bitstream=built)
    except Exception as error:  # whatever it is, the bench names it and goes on
        (folder / "why.txt").write_text(f"{traceback.format_exc()}\n{drawn!r}\n")
        lines = str(error).strip().splitlines() or [""]
        return said | {"failed": f"{type(error).__name__}: {lines[0][:200]}"}
    shutil.rmtree(folder)
    if found.program is not None:  # a megabyte each
        shutil.rmtree(found.program.parent, ignore_errors=True)
    return said | asdict(replace(found, program=None)) | {"built": built and not found.refused}


def results(args: argparse.Namespace) -> list[dict]:
    """Every model's, from the log or made now."""
    WORK.mkdir(parents=True, exist_ok=True)
    log = WORK / f"results-{sources(*SOURCES)}.jsonl"
    return logged(
        log, "index", range(args.first, args.first + args.graphs), one,
        ProcessPoolExecutor(args.jobs), "graph", keep=lambda row: not row["failed"],
        say=lambda row: f"{row['index']}: {row['failed']}" if row["failed"] else "",
    )  # fmt: skip


def reason(refused: str) -> str:
    """A refusal without the model's own names and numbers."""
    kind = re.search(r"the first is \S+ \((\w+)\): (.*)", refused)
    text = f"{kind[1]}: {kind[2]}" if kind else refused.partition(": ")[2]
    return re.sub(r"\(got .*|-?\d+(\.\d+)?(e-?\d+)?", "", text)[:100].strip()


def rows_of(found: list[dict]) -> list[tuple[str, object, str, str]]:
    """Figures: name, value, unit, how."""
    failed = [row for row in found if row["failed"]]
    taken = [row for row in found if not row["failed"] and not row["refused"]]
    refused = [row for row in found if not row["failed"] and row["refused"]]
    rows = [
        ("random models", len(found), "graphs", "golden"),
        ("taken by import, and right everywhere", len(taken), "graphs", "rtl-sim"),
        ("refused by import, in one line", len(refused), "graphs", "golden"),
        ("wrong, or taken and then refused", len(failed), "graphs", "rtl-sim"),
        ("values as qonnx has them", sum(row["values"] for row in taken), "values", "golden"),
        ("  of these ties, which float32 decides", sum(row["ties"] for row in taken), "values",
         "golden"),
        ("levels that Verilog has as golden", sum(row["levels"] for row in taken), "values",
         "rtl-sim"),
        ("built to a bitstream", sum(row["built"] for row in taken), "graphs", "routed"),
        ("cycles simulated", sum(row["cycles"] for row in taken), "cycles", "rtl-sim"),
    ]  # fmt: skip
    traits = Counter(trait for row in taken for trait in row["traits"])
    rows += [(f"taken with {name}", traits[name], "graphs", "rtl-sim") for name in sorted(traits)]
    why = Counter(reason(row["refused"]) for row in refused)
    rows += [(f"refused: {text}", count, "graphs", "golden") for text, count in why.most_common()]
    return rows


def main() -> int:
    """Draw, check, tell; 1 where a model failed or too few were taken."""
    from fq_hw.report import bench
    from fq_hw.report.table import table

    args = arguments()
    if args.only is not None:
        from random_onnx import checks
        from random_onnx.models import shrunk

        folder = WORK / str(args.only)
        folder.mkdir(parents=True, exist_ok=True)
        shrunk(args.only, lambda drawn: checks.check(drawn, folder, WORK / "programs"))
        print(f"model {args.only} is right everywhere, or refused")
        return 0
    found = results(args)
    rows = rows_of(found)
    FILE.unlink(missing_ok=True)  # rows of another run have other names
    said = COMMAND.format(first=args.first, graphs=args.graphs)
    bench.update_rows(FILE, [(*row, said) for row in rows])
    print(table(("", "value", "unit", "how"), rows))
    failed = [row for row in found if row["failed"]]
    for row in failed:
        print(f"{row['index']}: {row['failed']} ({WORK / str(row['index'])})", file=sys.stderr)
    refused = sum(bool(row.get("refused")) for row in found)
    if refused > (1 - ENOUGH) * len(found):
        print(f"too many are refused: {refused} of {len(found)}", file=sys.stderr)
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
