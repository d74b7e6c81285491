"""``fq-hw weights``: other weights for a board that is built."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from fq_hw import flow
from fq_hw.cli.model import add_model_argument
from fq_hw.cli.output import Output
from fq_hw.files import write_bytes

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "weights",
        help="other weights for a board that loads them from its flash",
        description="Write what a board with an array in SPRAM (iCEBreaker) reads from its flash "
        "after every reset: the parameters of another model of the same layers, sizes and "
        "classes. Nothing is synthesised or routed; the bitstream stays.",
    )
    add_model_argument(parser)
    parser.add_argument(
        "--for",
        dest="build",
        type=Path,
        required=True,
        metavar="BUILD",
        help="the image of the flash that `fq-hw build --sequential --replaceable` wrote",
    )
    parser.add_argument("--out", type=Path, help="file (default build/BOARD/NAME-weights.bin)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Compare, and write."""
    model = flow.load_model(args.model)
    made = flow.flash_weights(model, args.build)
    path = flow.output_path(args.out, f"{made.board}/{model.name}-weights.bin")
    write_bytes(path, made.content)
    command = made.command.replace("FILE", shlex.quote(str(path)))
    data = {
        "weights": str(path),
        "bytes": len(made.content),
        "offset": made.offset,
        "command": command,
    }
    text = f"weights: {path}, {len(made.content):,} bytes for offset {made.offset:#x} of the flash"
    return Output(data, f"{text}\nwrite them: {command}")
