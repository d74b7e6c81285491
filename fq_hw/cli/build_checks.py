"""What ``fq-hw build`` refuses before any work: options, tools, and what cannot fit the board."""

from __future__ import annotations

import argparse

from fq_hw import ir, toolbox
from fq_hw.cli.hardware import plan_tag, sequential_way
from fq_hw.cli.model import output_path
from fq_hw.errors import CapacityError, require
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.resources import PRICED, plan_resources
from fq_hw.schedule.sequential import SequentialPlan

__all__ = ["bitstream_name", "check_build", "check_options"]

SURE = 1.3  # an estimate this far beyond the board's capacity is beyond doubt


def check_build(args: argparse.Namespace, plan: Plan | SequentialPlan, graph: ir.Graph):
    """What can be refused once the plan is made; returns the board and the file to write."""
    import boards
    from boards import farm

    board = boards.find(args.board)
    tools = board.toolchain
    path = output_path(args.out, bitstream_name(args, plan.name, board))
    local = () if args.scheduler else (tools.router,)
    for tool in ("yosys", *local, tools.packer):
        toolbox.find(tool)
    check_capacity(args, plan, graph, board)
    with farm.workers(args.jobs or 1, args.scheduler):
        return board, path


def check_options(args: argparse.Namespace) -> None:
    """Everything that can be refused before any work."""
    import boards
    from boards.clock import pll_for

    board = boards.find(args.board)
    require(0 <= args.seed < 2**31, "--seed", "must be in 0..2147483647", args.seed)
    require(1 <= args.seeds <= 1000, "--seeds", "must be in 1..1000", args.seeds)
    if args.clock is not None:
        require(1 <= args.clock <= 1000, "--clock", "must be in 1..1000", args.clock)
        pll_for(board, args.clock)
    if args.mhz is not None:
        require(1 <= args.mhz <= 1000, "--mhz", "must be in 1..1000", args.mhz)
        clock = args.clock or board.clock_mhz
        contract = f"the router aims for no less than the design's clock of {clock:g} MHz"
        require(args.mhz >= clock, "--mhz", contract, args.mhz)
    check_jobs(args)


def bitstream_name(args: argparse.Namespace, network: str, board) -> str:
    """The file below build/, where nobody names one: of one board, network, speed and clock."""
    clock = "" if args.clock is None else f"-{args.clock:g}-mhz"
    return f"{board.name}/{network}-{plan_tag(args, network)}{clock}{board.toolchain.bitstream}"


def check_jobs(args: argparse.Namespace) -> None:
    """Refuse ``--jobs`` where nothing is routed beside something else here."""
    if args.jobs is None:
        return
    require(1 <= args.jobs <= 1000, "--jobs", "must be in 1..1000", args.jobs)
    hint = "leave one of the two out"
    contract = "counts the seeds on this machine, and --scheduler routes them on others"
    require(args.scheduler is None, "--jobs", contract, args.jobs, hint=hint)
    hint = "add --seeds N, or leave it out"
    require(args.seeds > 1, "--jobs", "has no effect on a single seed", args.jobs, hint=hint)


def check_capacity(
    args: argparse.Namespace, plan: Plan | SequentialPlan, graph: ir.Graph, board
) -> None:
    """Refuse at once what is far too large; what is nearly so, nextpnr decides."""
    if isinstance(plan, SequentialPlan):
        from boards.sequential import check_memories

        check_memories(plan, board)
        return
    need, have = plan_resources(plan), board.capacity
    for what, least, most in (("LUT4", need.lut, have.lut), ("EBR", need.ebr, have.ebr)):
        if least <= SURE * most:
            continue
        cures = [sequential_way(args, graph, board)]
        whose = f", by the prices of {PRICED}"
        if board.family == PRICED:
            cures, whose = ["fold more (--cycles) or take a larger board", *cures], ""
        contract = f"has {most:,} {what}, and a unit for each layer needs about {least:,}"
        hint = "; ".join(filter(None, cures)) or "take a larger board"
        raise CapacityError(f"{board.name}: {contract} (estimate{whose}); {hint}")
