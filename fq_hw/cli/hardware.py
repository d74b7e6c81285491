"""Arguments that say which hardware a model becomes: folded layer by layer, or one array."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from fq_hw import ir
from fq_hw.cli import fold_file
from fq_hw.cli.model import SHIPPED
from fq_hw.cli.output import say
from fq_hw.errors import FqHwError, require
from fq_hw.schedule import timing
from fq_hw.schedule.fold_search import least_lut
from fq_hw.schedule.lower import lower
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.sequential import Array, SequentialPlan, lower_sequential

__all__ = [
    "DEFAULT_CYCLES",
    "MOST_CYCLES",
    "add_fold_arguments",
    "add_sequential_argument",
    "check_cycles",
    "cycle_model",
    "make_plan",
    "plan_tag",
    "sequential_way",
    "tell_if_slower",
]

DEFAULT_CYCLES = 9_216  # what the demo builds: place and route in a few minutes

MOST_CYCLES = 10**9  # a frame of ten seconds at 100 MHz


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


def array_of(text: str) -> Array:
    """``8x16x16@2`` as an array: columns, PE, SIMD, and levels of adders between registers."""
    found = re.fullmatch(r"(\d+)x(\d+)x(\d+)(?:@(\d+))?", text)
    contract = "must be written COLUMNSxPExSIMD or COLUMNSxPExSIMD@N"
    require(found, "--array", contract, text, hint="8x2x16 is the default")
    columns, pe, simd, levels = (None if n is None else int(n) for n in found.groups())
    return Array(columns=columns, pe=pe, simd=simd, levels_per_stage=levels)


def check_cycles(cycles: int) -> None:
    """Refuse a number of cycles per frame that nobody means."""
    require(1 <= cycles <= MOST_CYCLES, "--cycles", f"must be in 1..{MOST_CYCLES:,}", cycles)


def make_plan(args: argparse.Namespace, graph: ir.Graph) -> Plan | SequentialPlan:
    """The plan at the asked speed, or by the asked folding, or of one array."""
    array = getattr(args, "array", None)
    if getattr(args, "sequential", False):
        contract = "folds a unit for each layer, and --sequential has one array for all"
        for option, given in (("--fold", args.fold), ("--cycles", args.cycles)):
            came = given if given is None else str(given)
            require(given is None, option, contract, came, hint="leave one of the two out")
        return lower_sequential(graph, array and array_of(array))
    contract = "is the size of the one array that --sequential makes"
    hint = "add --sequential; a unit for each layer is sized by --cycles or --fold"
    require(array is None, "--array", contract, array, hint=hint)
    if args.fold is None:
        cycles = DEFAULT_CYCLES if args.cycles is None else args.cycles
        check_cycles(cycles)
        folding = least_lut(graph, cycles)
    else:
        folding = fold_file.load(args.fold, graph)
    return lower(graph, folding.folds, folding.cycles)


def plan_tag(args: argparse.Namespace, name: str) -> str:
    """What tells files of network ``name`` apart: the cycles asked for, the folding, the array."""
    if getattr(args, "sequential", False):
        array = array_of(args.array) if args.array else Array()
        stages = "" if array.levels_per_stage is None else f"@{array.levels_per_stage}"
        return f"{array.columns}x{array.pe}x{array.simd}{stages}"
    if args.fold is not None:
        return args.fold.stem.removeprefix(f"{name}-")
    return f"{args.cycles or DEFAULT_CYCLES}-cycles"


def sequential_way(args: argparse.Namespace, graph: ir.Graph, board) -> str:
    """The command that builds ``graph`` as one array for ``board``; nothing where none can."""
    from boards.sequential import check_memories

    try:
        check_memories(lower_sequential(graph, None), board)
    except FqHwError:
        return ""
    model = "" if args.model == SHIPPED else f" {args.model}"
    if args.model.suffix == ".toml":  # it cannot be built before it is trained
        model = " CHECKPOINT"
    command = f"`fq-hw build{model} --board {board.name} --sequential`"
    return f"one array for all layers in turn needs far less: {command}"


def cycle_model(plan: Plan | SequentialPlan, frames: int) -> timing.Schedule:
    """In which cycles ``plan`` moves its first pixel and its results."""
    if isinstance(plan, SequentialPlan):
        return plan.schedule(frames)
    return timing.simulate(plan, frames)


def tell_if_slower(args: argparse.Namespace, plan: Plan | SequentialPlan, interval: int) -> None:
    """Say so when a frame takes more cycles than asked for, and what takes them."""
    if isinstance(plan, SequentialPlan):
        return  # nobody asks it for a speed
    asked, option = args.cycles or DEFAULT_CYCLES, "--cycles"
    if args.fold is not None:
        asked, option = plan.interval_bound, "--fold"
    if interval <= asked:
        return
    busiest = plan.busiest
    cause = f"{busiest.name} alone needs {busiest.unit.beats:,}"
    if busiest.unit.beats < interval:
        cause = "units wait for each other while frames are so short"
    say(f"note: a frame takes {interval:,} cycles, not {asked:,} ({option}): {cause}")
