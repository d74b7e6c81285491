"""``fq-hw flash``: a bitstream into a board."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from fq_hw.cli.output import Output, say
from fq_hw.flow.on_board import flash

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "flash",
        help="load a bitstream into a board",
        description="Load what `fq-hw build` wrote into a board, with openFPGALoader: until it is "
        "switched off, or with --keep into its flash, from which it starts again.",
    )
    parser.add_argument("bitstream", type=Path, help="file that `fq-hw build` wrote")
    parser.add_argument("--board", required=True, help="that it was built for")
    parser.add_argument("--keep", action="store_true", help="write the board's flash")
    parser.add_argument(
        "--cable", help="of openFPGALoader, where the board has no programmer of its own"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Load it, and say by which command."""
    words = flash(args.bitstream, args.board, keep=args.keep, cable=args.cable, report=say)
    command = shlex.join(words)
    data = {"bitstream": str(args.bitstream), "board": args.board, "command": command}
    where = "flash" if args.keep else "chip"
    return Output(data, f"{args.bitstream} is in the {where} of {args.board}\ncommand: {command}")
