"""``fq-hw bench-bitstreams``: every board with the shipped network that fits it best, routed."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from fq_hw.cli.output import Output, say
from fq_hw.errors import FqHwError, ToolError, require
from fq_hw.files import check_output
from fq_hw.flow.bitstreams import COLUMNS, TASKS, done, measured
from fq_hw.report import bench
from fq_hw.report.table import table

__all__ = ["add_parser"]

FILE = Path("build/bench/bitstreams.json")


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "bench-bitstreams",
        help="a bitstream for every board: cells, clock, frames/s of the core and of the link",
        description="Build for each board the shipped network that fits it best, at the clock of "
        "its PLL that routing met, and say which is the limit: core or link. A board that is "
        "done is not built again, and one that fails does not end the others. Prints a table and "
        f"writes {FILE}.",
    )
    parser.add_argument(
        "--boards", nargs="+", choices=TASKS, default=[*TASKS], metavar="BOARD",
        help=f"of {', '.join(TASKS)}",
    )  # fmt: skip
    parser.add_argument("--again", action="store_true", help="those that are done, too")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Build what was asked for; figures of other boards stay in the file."""
    path = check_output(FILE, "bench-bitstreams")
    failed = []
    for number, board in enumerate(args.boards, 1):
        if not args.again and done(board, values(bench.read_rows(path))):
            say(f"{board}: is done")
            continue
        say(f"{board}: {TASKS[board].title} ({number} of {len(args.boards)} boards)")
        try:
            rows = list(measured(board, say))
        except FqHwError as error:
            say(f"{board}: {error}")
            failed.append(board)
        else:
            bench.update_rows(path, rows)
    rows = bench.read_rows(path)
    text = overview(values(rows), args.boards)
    if failed:
        say(f"the others:\n{text}")
    many = f"{len(failed)} of {len(args.boards)} boards have no bitstream"
    require(not failed, "bench-bitstreams", many, failed, kind=ToolError)
    asked = tuple(f"{board}: " for board in args.boards)
    return Output({"rows": [row for row in rows if row["name"].startswith(asked)]}, text)


def values(rows: list[dict]) -> Mapping[str, object]:
    """What they tell, by their names."""
    return {row["name"]: row["value"] for row in rows}


def overview(told: Mapping[str, object], boards: list[str]) -> str:
    """A line a board that is done."""
    head = ("board", *(" ".join([name, unit]).strip() for name, unit in COLUMNS.items()))
    lines = [
        (board, *(told[f"{board}: {name}"] for name in COLUMNS))
        for board in boards
        if done(board, told)
    ]
    return table(head, lines)
