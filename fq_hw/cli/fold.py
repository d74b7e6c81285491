"""``fq-hw fold``: how every convolution is folded for a board, by an exact solver."""

from __future__ import annotations

import argparse
from pathlib import Path

from fq_hw import flow
from fq_hw.cli.hardware import add_array_arguments, arrays_of
from fq_hw.cli.output import Output, say
from fq_hw.cli.sizes import add_sized_argument, note
from fq_hw.flow.fold import HEAD, KINDS, FoldGoal, sdram_row
from fq_hw.plain import to_plain
from fq_hw.report.table import table
from fq_hw.schedule.resources import PRICED

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "fold",
        help="fold for a board: most frames/s that fit, or least LUT and wires for a speed",
        description="Choose PE, SIMD, columns, hold and the weights' place of every convolution "
        "with a solver that proves its answer: the most frames/s that fit the board, or with "
        "--fps or --cycles the least LUT and wires that are so fast. Cycles are exact, resources "
        "estimated, the clock is what --mhz says.",
    )
    add_sized_argument(parser)
    parser.add_argument("--board", default="ulx3s-85f", help="default ulx3s-85f")
    speed = parser.add_mutually_exclusive_group()
    speed.add_argument("--fps", type=float, help="least LUT and wires for so many frames/s")
    speed.add_argument("--cycles", type=int, help="the same for at most so many cycles")
    share = parser.add_mutually_exclusive_group()
    share.add_argument(
        "--margin", type=float, help="share of the board's LUT to leave free (default 0.2)"
    )
    share.add_argument("--lut-share", type=float, help="share of the board's LUT to use at most")
    parser.add_argument(
        "--mhz", type=float, default=100.0, help="clock to count frames/s with (default 100)"
    )
    parser.add_argument(
        "--levels-per-stage",
        type=int,
        default=1,
        metavar="N",
        help="adder levels of a dot product between registers (default 1): 2 halves most of the "
        "flip-flops and costs clock",
    )
    add_array_arguments(parser)
    parser.add_argument(
        "--partition",
        action="store_true",
        help="choose too which layers stream and which an array computes in turn, and its size: "
        "most frames/s that fit",
    )
    parser.add_argument(
        "--sdram",
        action="store_true",
        help="an array's parameters lie in the board's SDRAM, beside a design at --mhz; build for "
        "the same --clock",
    )
    parser.add_argument(
        "--sdram-trunk",
        action="store_true",
        help="the array's trunk, the sums of its residual blocks, lies there, too: fewer block "
        "RAMs, more of the SDRAM's time (--partition chooses)",
    )
    parser.add_argument(
        "--gear",
        type=int,
        choices=(1, 2),
        help="of the SDRAM: 1, its clock is --mhz, or 2, twice that, and it gives two words a "
        "cycle (default: 2 where the chip is fast enough)",
    )
    parser.add_argument("--out", type=Path, help="file (default build/fold/NAME-BOARD-SPEED.json)")
    parser.set_defaults(run=run)


def priced_otherwise(board) -> str:
    """A line where the estimates are of another family than the board's."""
    if board.family == PRICED:
        return ""
    return (
        f"note: {board.family} has no prices of its own: LUT4 and EBR are those of {PRICED}; "
        "only `fq-hw build` tells what fits\n"
    )


def sdram_line(found: dict | None) -> str:
    """How an SDRAM runs, as a line."""
    if found is None:
        return ""
    return (
        f"SDRAM: {found['chip']} bits at {found['MHz']:g} MHz (gear {found['gear']}), "
        f"{found['bits per cycle']:.1f} bits per cycle at most\n"
    )


def speed_tag(args: argparse.Namespace, interval: int) -> str:
    """What tells foldings of a network for one board apart: cycles per frame, adder levels."""
    levels = args.levels_per_stage
    arrays = arrays_of(args)
    return (
        (f"{arrays.tag}-" if arrays else "partition-" if args.partition else "")
        + ("sdram-" if args.sdram else "")
        + ("trunk-" if args.sdram_trunk else "")
        + (f"gear-{args.gear}-" if args.gear else "")
        + f"{interval}-cycles"
        + (f"-{levels}-levels" if levels > 1 else "")
    )


def goal_of(args: argparse.Namespace) -> FoldGoal:
    """What the options ask for."""
    return FoldGoal(
        board=args.board,
        cycles=args.cycles,
        fps=args.fps,
        margin=args.margin,
        lut_share=args.lut_share,
        mhz=args.mhz,
        levels=args.levels_per_stage,
        arrays=arrays_of(args),
        partition=args.partition,
        sdram=args.sdram,
        sdram_trunk=args.sdram_trunk,
        gear=args.gear,
        model=args.model,
    )


def run(args: argparse.Namespace) -> Output:
    """Fold, tell, write."""
    import boards
    from boards.rates import core_rate, link_rate

    board = boards.find(args.board)
    model = flow.load_sized(args.model)
    graph = model.graph
    flow.output_path(args.out, f"fold/{graph.name}.json")  # refused before the work
    design = flow.Design.of_goal(model, goal_of(args), say)
    say("cycle model")
    schedule, plan = design.schedule, design.plan
    speed = speed_tag(args, schedule.interval)
    path = flow.output_path(args.out, f"fold/{graph.name}-{board.name}-{speed}.json")
    design.save_folding(path)
    rows = design.layers
    total = {key: sum(row[key] for row in rows) for key in KINDS}
    busiest = plan.busiest
    busy = 100 * busiest.unit.beats / schedule.interval
    rate, have = core_rate(args.mhz, schedule.interval), board.capacity
    now, link = core_rate(board.clock_mhz, schedule.interval), link_rate(plan, board.clock_mhz)
    full = 100 * total["LUT"] / have.lut
    data = {
        "network": graph.name,
        "weights": model.weights,
        "board": board.name,
        "cycles per frame": schedule.interval,
        "latency cycles": schedule.latency,
        "frames per second": rate,
        "MHz": args.mhz,
        "frames per second on the board": {
            "core, oscillator": now,
            "oscillator MHz": board.clock_mhz,
            "link": link.frames_per_second,
        },
        "bottleneck": busiest.name,
        "estimated": total,
        "priced as": PRICED,
        "capacity": {key: getattr(have, kind) for key, kind in KINDS.items()},
        "layers": rows,
        "folds": {name: to_plain(fold) for name, fold in design.folding.folds.items()},
        "arrays": to_plain(design.folding.arrays),
        "sdram": sdram_row(design.folding.slots),
        "file": str(path),
    }
    text = note(model) + table(HEAD, [tuple(row.values()) for row in rows])
    text += (
        f"\n\nbottleneck: {busiest.name}, busy {busy:.1f} % of the "
        f"{schedule.interval:,} cycles per frame (exact: cycle model)"
        f"\nestimate: {total['LUT']:,} of {have.lut:,} LUT4 ({full:.0f} %), "
        f"{total['FF']:,} of {have.ff:,} flip-flops, "
        f"{total['EBR']:,} of {have.ebr:,} EBR, {total['multipliers']:,} of {have.multipliers:,} "
        f"multipliers on {board.name}, board link not counted"
        f"\nestimate: {rate:,.0f} frames/s at {args.mhz:g} MHz, which `fq-hw build` must show; "
        f"{now:,.0f} at the board's oscillator of {board.clock_mhz:g} MHz; its link carries "
        f"{link.frames_per_second:,.1f} ({link.name}, {link.bytes_per_frame:,} bytes per frame)"
        f"\n{priced_otherwise(board)}{sdram_line(data['sdram'])}folding: {path}"
    )
    return Output(data, text)
