"""``fq-hw doctor``: which tools are used."""

from __future__ import annotations

import argparse
import dataclasses

from fq_hw import toolbox
from fq_hw.cli.output import Output
from fq_hw.report.table import table

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "doctor",
        help="list the outside tools: found or not, version, path",
        description="List every outside tool. A native tool on PATH is preferred to a wheel's.",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """All tools, found or not."""
    rows = toolbox.doctor()
    cells = [
        (r.name, "yes" if r.found else "NO", r.version or None, r.purpose, r.detail) for r in rows
    ]
    text = table(("tool", "found", "version", "for", "where"), cells)
    return Output({"tools": [dataclasses.asdict(row) for row in rows]}, text)
