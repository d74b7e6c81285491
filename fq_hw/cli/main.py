"""Argument parsing and the one place where expected errors become an exit status."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from fq_hw import __version__
from fq_hw.cli import (
    build,
    demo,
    doctor,
    estimate,
    export,
    golden,
    rtl,
    show,
    sim,
    train,
)
from fq_hw.errors import FqHwError

__all__ = ["main"]

COMMANDS = (train, export, show, golden, estimate, rtl, sim, build, doctor, demo)


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="fq-hw",
        description="Fully quantized neural networks on FPGAs: train, export, simulate, build.",
    )
    parser.add_argument("--version", action="version", version=f"fq-hw {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    for sub in commands.choices.values():
        sub.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 on success, 2 on an expected error, tracebacks for everything else."""
    args = build_parser().parse_args(argv)
    try:
        result = args.run(args)
    except FqHwError as error:
        print(f"fq-hw: error: {error}", file=sys.stderr)
        return 2
    if result is None:  # a helper process of a parallel run
        return 0
    if args.json:
        print(json.dumps(result.data, indent=2))
    else:
        print(result.text)
    return 0
