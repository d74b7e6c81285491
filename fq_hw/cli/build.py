"""``fq-hw build``: a bitstream."""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
from pathlib import Path

from fq_hw import toolbox
from fq_hw.cli.model import (
    add_fold_arguments,
    add_model_argument,
    add_sequential_argument,
    cycle_model,
    load_model,
    make_plan,
    output_path,
    tell_if_slower,
)
from fq_hw.cli.output import Output, say
from fq_hw.errors import CapacityError, require
from fq_hw.report.table import table
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.resources import plan_resources
from fq_hw.schedule.sequential import SequentialPlan

__all__ = ["add_board_arguments", "add_parser", "build_plan", "check_build"]

SURE = 1.3  # an estimate this far beyond the board's capacity is beyond doubt


def add_board_arguments(parser: argparse.ArgumentParser) -> None:
    """For which board, at which clock, and how hard to try."""
    import boards
    from boards.toolchain import Placer

    names = ", ".join(board.name for board in boards.BOARDS)
    default = boards.BOARDS[0].name
    parser.add_argument("--board", default=default, help=f"{names} (default {default})")
    parser.add_argument(
        "--clock", type=float, metavar="MHZ",
        help="of the accelerator, by a PLL and within 1 %% (default: the board's oscillator)",
    )  # fmt: skip
    parser.add_argument(
        "--mhz", type=float, default=100.0, help="clock the router aims for (default 100)"
    )
    parser.add_argument(
        "--placer",
        choices=[placer.value for placer in Placer],
        default=Placer.TIMING.value,
        help="what it goes for: the clock, or short wires, for a design that does not route "
        "(default timing)",
    )
    parser.add_argument("--seed", type=int, default=1, help="of the placer (default 1)")
    parser.add_argument(
        "--seeds",
        type=int,
        default=1,
        help="how many seeds to try; the fastest is kept (default 1)",
    )
    cores = len(os.sched_getaffinity(0))
    parser.add_argument(
        "--jobs", type=int, default=cores,
        help=f"seeds routed at a time on this machine (default {cores}, its cores)",
    )  # fmt: skip
    parser.add_argument(
        "--scheduler", metavar="tcp://HOST:PORT",
        help="of a Dask cluster whose machines route the seeds instead",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, help="file (default build/BOARD/NAME.bit or .bin)")


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "build",
        help="synthesise, place, route and pack for a board",
        description="Put the accelerator behind the board's UART and build a bitstream with Yosys, "
        "nextpnr and the family's packer.",
    )
    add_model_argument(parser)
    add_fold_arguments(parser)
    add_sequential_argument(parser)
    add_board_arguments(parser)
    parser.set_defaults(run=run)


def make_core(plan: Plan | SequentialPlan, board):
    """The accelerator of ``plan`` in the forms of the board's family."""
    from rtl_gen.dot_product import FAMILIES
    from rtl_gen.top import Accelerator

    if isinstance(plan, SequentialPlan):
        from boards.sequential import sequential_core

        return sequential_core(plan, board)
    return Accelerator(plan, board.family if board.family in FAMILIES else "plain")


def build_plan(args: argparse.Namespace, plan: Plan | SequentialPlan):
    """Build ``plan`` as ``args`` say; returns ``boards.build.BuildResult``."""
    from boards.build import build
    from boards.toolchain import Placer

    board, path = check_build(args, plan)
    built = build(
        make_core(plan, board),
        board,
        path,
        pixels=plan.image[0] * plan.image[1],
        colours=plan.image[2],
        clock_mhz=args.clock,
        freq_mhz=args.mhz,
        placer=Placer(args.placer),
        seed=args.seed,
        seeds=args.seeds,
        jobs=args.jobs,
        scheduler=args.scheduler,
        report=say,
    )
    if isinstance(plan, SequentialPlan):
        from boards.sequential import add_parameters

        add_parameters(built.bitstream, plan, board)
    return built


def check_build(args: argparse.Namespace, plan: Plan | SequentialPlan):
    """Everything that can be refused before any work; returns the board and the file to write."""
    import boards
    from boards import farm
    from boards.clock import pll_for

    board = boards.find(args.board)
    tools = board.toolchain
    require(1 <= args.mhz <= 1000, "--mhz", "must be in 1..1000", args.mhz)
    require(0 <= args.seed < 2**31, "--seed", "must be in 0..2147483647", args.seed)
    require(1 <= args.seeds <= 1000, "--seeds", "must be in 1..1000", args.seeds)
    require(1 <= args.jobs <= 1000, "--jobs", "must be in 1..1000", args.jobs)
    if args.clock is not None:
        require(1 <= args.clock <= 1000, "--clock", "must be in 1..1000", args.clock)
        pll_for(board, args.clock)
    path = output_path(args.out, f"{board.name}/{plan.name}{tools.bitstream}")
    local = () if args.scheduler else (tools.router,)
    for name in ("yosys", *local, tools.packer):
        toolbox.find(name)
    check_capacity(plan, board)
    with farm.workers(args.jobs, args.scheduler):
        return board, path


def check_capacity(plan: Plan | SequentialPlan, board) -> None:
    """Refuse at once what is far too large; what is nearly so, nextpnr decides."""
    if isinstance(plan, SequentialPlan):
        from boards.sequential import check_memories

        check_memories(plan, board)
        return
    need, have = plan_resources(plan), board.capacity
    for what, least, most in (("LUT4", need.lut, have.lut), ("EBR", need.ebr, have.ebr)):
        contract = f"has {most:,} {what}; fold more (--cycles) or take a larger board"
        got = f"about {least:,} (estimate)"
        require(least <= SURE * most, f"{board.name}", contract, got, kind=CapacityError)


def run(args: argparse.Namespace) -> Output:
    """Build and report what was routed."""
    plan = make_plan(args, load_model(args.model).graph)
    check_build(args, plan)
    interval = cycle_model(plan, frames=6).interval
    tell_if_slower(args, plan, interval)
    built = build_plan(args, plan)
    data = {**dataclasses.asdict(built), "bitstream": str(built.bitstream), "work": str(built.work)}
    data["cycles per frame"] = interval
    data["frames per second"] = built.fmax_mhz * 1e6 / interval
    data["spread MHz"] = spread(built)
    spram = f", {built.spram} SPRAM" if built.spram else ""
    text = "\n".join([
        *seed_lines(built),
        f"routed: {built.lut4:,} LUT4, {built.ff:,} FF, {built.ebr} EBR{spram}, "
        f"{built.multipliers} multipliers, {built.fmax_mhz:.1f} MHz (seed {built.seed})",
        f"{data['frames per second']:,.0f} frames/s = routed MHz / {interval:,} cycles per frame; "
        f"the board's clock is {built.clock_mhz:g} MHz",
        f"bitstream: {built.bitstream}",
    ])  # fmt: skip
    return Output(data, text)


def spread(built) -> dict[str, float]:
    """How far the seeds that were routed lie apart."""
    speeds = [row.fmax_mhz for row in built.seeds if row.fmax_mhz is not None]
    return {"min": min(speeds), "median": statistics.median(speeds), "max": max(speeds)}


def seed_lines(built) -> list[str]:
    """A table of the seeds and one of their spread, where there are several."""
    if len(built.seeds) == 1:
        return []
    rows = [(row.seed, row.fmax_mhz, row.seconds, row.error or None) for row in built.seeds]
    found = spread(built)
    return [
        table(("seed", "routed MHz", "seconds", "error"), rows),
        "",
        table(tuple(f"{name} MHz" for name in found), [tuple(found.values())]),
        "",
    ]
