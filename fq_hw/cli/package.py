"""``fq-hw package``: a design for devices that no open tools route."""

from __future__ import annotations

import argparse
from pathlib import Path

from fq_hw.cli.hardware import add_fold_arguments, hardware_of
from fq_hw.cli.model import add_model_argument, add_untrained_argument, model_of
from fq_hw.cli.output import Output, say
from fq_hw.flow.package import VENDORS, PackageGoal

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    from boards.protocol import BAUD

    parser = commands.add_parser(
        "package",
        help="Verilog, constraints to fill in and cell counts, for a vendor's tools",
        description="For families that no open tools route: write a folder with the network behind "
        "a UART as one Verilog file, a template of the vendor's constraints, and what Yosys's "
        "synthesis takes. Nothing is placed or routed.",
    )
    add_model_argument(parser)
    add_untrained_argument(parser)
    add_fold_arguments(parser)
    parser.add_argument("--family", required=True, help=f"of {', '.join(VENDORS)}")
    parser.add_argument(
        "--clock", type=float, default=PackageGoal.clock, metavar="MHZ",
        help=f"that the board gives (default {PackageGoal.clock:g})",
    )  # fmt: skip
    parser.add_argument("--baud", type=int, help=f"of the UART (default {BAUD})")
    parser.add_argument("--out", type=Path, help="folder (default build/NAME-SPEED-FAMILY)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Write it, and say what it takes."""
    goal = PackageGoal(family=args.family, clock=args.clock, baud=args.baud, out=args.out)
    goal.check()
    made = goal.write(model_of(args).design(hardware_of(args)), say)
    data = {"folder": str(made.folder), "synthesised, not routed": made.cells}
    lines = [f"{name}: {count:,} (synthesised, not routed)" for name, count in made.cells.items()]
    return Output(data, "\n".join([f"folder: {made.folder}", *lines]))
