"""``fq-hw verify``: an imported graph against another tool's own execution of its model."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from fq_hw.cli.foreign import add_pixel_argument
from fq_hw.cli.images import add_data_arguments, load_data
from fq_hw.cli.model import add_model_argument
from fq_hw.cli.output import Output, say
from fq_hw.flow.verify import HEAD, verify
from fq_hw.report.table import table

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "verify",
        help="compare an imported graph with qonnx's or LiteRT's execution of its model",
        description="Run the model with qonnx (ONNX) or LiteRT's reference kernels (TFLite), the "
        "graph with the golden model, on the same images, and compare every tensor; the first that "
        "differs is named with its values.",
    )
    add_model_argument(parser)
    parser.add_argument("--against", type=Path, required=True, help="the ONNX or TFLite file")
    add_pixel_argument(parser)
    add_data_arguments(parser, 20)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Compare tensor by tensor; a difference is an error."""
    found = verify(args.model, args.against, args.pixels, partial(load_data, args), say)
    text = table(HEAD, found.rows)
    for line in text.splitlines() if found.first else ():
        say(line)
    found.check()
    verdict = f"every value as {found.reference} has it on {found.images} images"
    if found.ties:
        verdict += (
            f", but for {found.ties:,} ties: nearer to an edge than qonnx's float32 rounds, so "
            "that it may fall on either side there"
        )
    return Output(found.data(), f"{text}\n\n{verdict}")
