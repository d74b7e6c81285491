"""Argument parsing and the one place where expected errors become an exit status."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress

from fq_hw import __version__
from fq_hw.cli import (
    accuracy,
    bench,
    bench_bitstreams,
    bench_cnv,
    bench_imagenet,
    bench_netlists,
    bench_tiny,
    build,
    classify,
    demo,
    doctor,
    estimate,
    export,
    flash,
    fold,
    golden,
    import_model,
    package,
    report,
    rtl,
    run_model,
    search,
    serve,
    show,
    sim,
    train,
    verify,
    weights,
)
from fq_hw.cli.parser import Parser
from fq_hw.errors import ArtifactError, FqHwError

__all__ = ["main"]

COMMANDS = (
    train, search, export, import_model, verify, show, golden, classify, fold, estimate, rtl, sim,
    build, package, flash, run_model, report, weights, serve, doctor, demo, bench, bench_bitstreams,
    bench_cnv, bench_imagenet, bench_tiny, bench_netlists, accuracy,
)  # fmt: skip


def build_parser() -> Parser:
    """The whole command line."""
    parser = Parser(
        prog="fq-hw",
        description="Fully quantized neural networks on FPGAs: train, export, simulate, build.",
    )
    parser.add_argument("--version", action="version", version=f"fq-hw {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    for sub in commands.choices.values():
        sub.siblings = commands.choices
        sub.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 on success, 2 on an expected error, tracebacks for everything else.

    What signals do is the caller's matter; for the command it is said in ``fq_hw.ending``.
    """
    args = build_parser().parse_args(argv)
    args.typed = shlex.join(["fq-hw", *(sys.argv[1:] if argv is None else argv)])
    try:
        check_working_folder()
        return show(args)
    except FqHwError as error:
        return refused(error)
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - Python closes it at exit
        return 1
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        return refused(FqHwError(f"{name}{error.strerror or error}"))
    except KeyboardInterrupt:
        print("fq-hw: interrupted", file=sys.stderr)
        return 130


def check_working_folder() -> None:
    """Refuse to work in a folder that somebody has removed meanwhile."""
    try:
        os.getcwd()
    except OSError as error:
        message = f"working folder: is gone ({error.strerror}); change to another"
        raise ArtifactError(message) from error


def refused(error: FqHwError) -> int:
    """Say why, and return the status."""
    with suppress(OSError):  # nobody hears it
        print(f"fq-hw: error: {error}", file=sys.stderr, flush=True)
    return 2


def show(args: argparse.Namespace) -> int:
    """Run the command and print what it gives."""
    result = args.run(args)
    if result is None:  # a helper process of a parallel run
        return 0
    try:
        print(json.dumps(result.data, indent=2) if args.json else result.text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:  # a full disk
        raise ArtifactError(f"standard output: cannot be written ({error.strerror})") from error
    return 0
