"""Arguments that say which hardware a model becomes: layers folded, arrays for layers in turn."""

from __future__ import annotations

import argparse
from pathlib import Path

from fq_hw.cli.output import say
from fq_hw.flow import DEFAULT_CYCLES, Arrays, Design, Hardware

__all__ = [
    "add_array_arguments",
    "add_fold_arguments",
    "arrays_of",
    "hardware_of",
    "tell_if_slower",
]


def add_fold_arguments(parser: argparse.ArgumentParser) -> None:
    """How fast the hardware shall be, and what of it runs in turn."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--cycles",
        type=int,
        help="fold with the least LUT that needs at most this many cycles per frame "
        f"(default {DEFAULT_CYCLES})",
    )
    how.add_argument("--fold", type=Path, help="fold as this file says, which `fq-hw fold` wrote")
    add_array_arguments(parser)


def add_array_arguments(parser: argparse.ArgumentParser) -> None:
    """Which layers share an array."""
    parser.add_argument(
        "--sequential",
        action="store_true",
        help="one array for all layers in turn, not a unit for each: for small devices; "
        "--cycles and --fold do not apply",
    )
    parser.add_argument(
        "--in-turn",
        nargs=2,
        action="append",
        default=[],
        metavar=("AFTER", "UNTIL"),
        help="an array for the layers behind tensor AFTER up to UNTIL, and a unit for each other; "
        "may be given several times",
    )
    parser.add_argument(
        "--array",
        metavar="COLUMNSxPExSIMD[@N]",
        help="its size, with a register after every N levels of adders (default 8x2x16, without)",
    )


def arrays_of(args: argparse.Namespace) -> Arrays:
    """What the options say of arrays."""
    stretches = tuple((after, until) for after, until in args.in_turn)
    return Arrays(sequential=args.sequential, in_turn=stretches, size=args.array)


def hardware_of(args: argparse.Namespace) -> Hardware:
    """What the options say."""
    return Hardware(cycles=args.cycles, fold=args.fold, arrays=arrays_of(args))


def tell_if_slower(design: Design) -> None:
    """Say so when a frame takes more cycles than asked for, and what takes them."""
    if design.slower:
        say(design.slower)
