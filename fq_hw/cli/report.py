"""``fq-hw report``: one HTML file of everything that is known of a design."""

from __future__ import annotations

import argparse
from pathlib import Path

from fq_hw.cli.hardware import add_fold_arguments, hardware_of
from fq_hw.cli.output import Output, say
from fq_hw.flow import report
from fq_hw.flow.model import SHIPPED

__all__ = ["add_parser", "told"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    import boards

    parser = commands.add_parser(
        "report",
        help="draw a build, or a design that is not built yet, as one HTML file",
        description="Draw network, folding, time line, roofline, resources, placed chip, clocks "
        "and accuracy from what build, sim and golden have recorded. Nothing is measured again: "
        "what no record says stands there as not measured, with its command.",
    )
    parser.add_argument(
        "what",
        type=Path,
        nargs="?",
        default=SHIPPED,
        help="folder of a build or its bitstream; or a checkpoint, an exported graph, a TOML "
        "configuration, to be folded as the options say (default: the shipped network)",
    )
    add_fold_arguments(parser)
    names = ", ".join(board.name for board in boards.BOARDS)
    parser.add_argument("--board", help=f"{names} (default {boards.BOARDS[0].name})")
    parser.add_argument(
        "--out", type=Path, help="file (default build/BOARD/NAME-SPEED.html, beside the bitstream)"
    )
    parser.set_defaults(run=run)


def told(findings, path: Path) -> Output:
    """What a command says of a report that was written."""
    missing = report.missing(findings)
    text = f"report: {path}"
    if missing:
        text += "\nnot measured:\n" + "\n".join(f"  {command}" for command in missing)
    return Output({"report": str(path), "not measured": missing}, text)


def run(args: argparse.Namespace) -> Output:
    """Collect and draw."""
    findings = report.find(args.what, hardware_of(args), args.board, say)
    return told(findings, report.write(findings, args.out))
