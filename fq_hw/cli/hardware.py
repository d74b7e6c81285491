"""Arguments that say which hardware a model becomes: folded layer by layer, or one array."""

from __future__ import annotations

import argparse
from pathlib import Path

from fq_hw.cli.output import say
from fq_hw.flow import DEFAULT_CYCLES, Design, Hardware

__all__ = ["add_fold_arguments", "add_sequential_argument", "hardware_of", "tell_if_slower"]


def add_fold_arguments(parser: argparse.ArgumentParser) -> None:
    """How fast the hardware shall be."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--cycles",
        type=int,
        help="fold with the least LUT that needs at most this many cycles per frame "
        f"(default {DEFAULT_CYCLES})",
    )
    how.add_argument("--fold", type=Path, help="fold as this file says, which `fq-hw fold` wrote")


def add_sequential_argument(parser: argparse.ArgumentParser) -> None:
    """Whether all layers share one array."""
    parser.add_argument(
        "--sequential",
        action="store_true",
        help="one array for all layers in turn, not a unit for each: for small devices; "
        "--cycles and --fold do not apply",
    )
    parser.add_argument(
        "--array",
        metavar="COLUMNSxPExSIMD[@N]",
        help="its size, with a register after every N levels of adders (default 8x2x16, without)",
    )


def hardware_of(args: argparse.Namespace) -> Hardware:
    """What the options say; a command without --sequential has no array."""
    return Hardware(
        cycles=args.cycles,
        fold=args.fold,
        sequential=getattr(args, "sequential", False),
        array=getattr(args, "array", None),
    )


def tell_if_slower(design: Design) -> None:
    """Say so when a frame takes more cycles than asked for, and what takes them."""
    if design.slower:
        say(design.slower)
