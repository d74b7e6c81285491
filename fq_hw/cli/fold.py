"""``fq-hw fold``: how every convolution is folded for a board, by an exact solver."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from fq_hw import ir
from fq_hw.cli import fold_file
from fq_hw.cli.hardware import MOST_CYCLES, check_cycles, sequential_way
from fq_hw.cli.model import output_path
from fq_hw.cli.output import Output, say
from fq_hw.cli.sizes import add_sized_argument, load_sized
from fq_hw.errors import CapacityError, require
from fq_hw.plain import to_plain
from fq_hw.report.table import table
from fq_hw.schedule import timing
from fq_hw.schedule.fold_search import fastest, least_lut
from fq_hw.schedule.folding import Folding
from fq_hw.schedule.lower import Lowering, follow
from fq_hw.schedule.memories import blocks
from fq_hw.schedule.resources import PRICED, Resources, resources

__all__ = ["add_parser"]

KINDS = {"LUT": "lut", "FF": "ff", "EBR": "ebr"}
HEAD = ("layer", "PE", "SIMD", "columns", "weights", "cycles", "busy %", "MAC/cycle", *KINDS)
FF_SHARE = 0.9  # of a board's flip-flops to use at most: they pack more easily than LUTs


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "fold",
        help="fold for a board: most frames/s that fit, or least LUT for a speed",
        description="Choose PE, SIMD, columns and the weights' place of every convolution with a "
        "solver that proves its answer: the most frames/s that fit the board, or with --fps or "
        "--cycles the least LUT that is so fast. Cycles are exact, resources estimated, the clock "
        "is what --mhz says.",
    )
    add_sized_argument(parser)
    parser.add_argument("--board", default="ulx3s-85f", help="default ulx3s-85f")
    speed = parser.add_mutually_exclusive_group()
    speed.add_argument("--fps", type=float, help="least LUT that reaches so many frames/s")
    speed.add_argument("--cycles", type=int, help="least LUT that needs at most so many cycles")
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
    parser.add_argument("--out", type=Path, help="file (default build/fold/NAME-BOARD-SPEED.json)")
    parser.set_defaults(run=run)


def lut_share(args: argparse.Namespace) -> float:
    """The share of a board's LUT that may be used."""
    if args.lut_share is not None:
        name, share = "--lut-share", args.lut_share
        require(0 < share <= 1, name, "must be above 0 and at most 1", share)
        return share
    margin = 0.2 if args.margin is None else args.margin
    require(0 <= margin < 1, "--margin", "must be at least 0 and below 1", margin)
    return 1 - margin


def asked_cycles(args: argparse.Namespace) -> int | None:
    """Cycles that a frame may take; None for as few as fit."""
    require(1 <= args.mhz <= 1000, "--mhz", "must be in 1..1000", args.mhz)
    if args.cycles is not None:
        check_cycles(args.cycles)
        return args.cycles
    if args.fps is None:
        return None
    most = args.mhz * 1e6
    least = most / MOST_CYCLES
    contract = f"must be in {least:g}..{most:,.0f}, as a frame has 1..{MOST_CYCLES:,} cycles"
    require(least <= args.fps <= most, "--fps", contract, args.fps)
    return int(most / args.fps)


def limits_of(board, share: float, graph: ir.Graph) -> Resources:
    """What of ``board`` may be used: shares of its LUT and FF, the block RAMs that the link leaves.

    The board's link keeps a frame, one word a pixel.
    """
    height, width, colours = graph.input.shape
    frame = blocks(height * width, 8 * colours, rom=False)
    have = board.capacity
    return Resources(
        lut=int(have.lut * share), ff=int(have.ff * FF_SHARE), ebr=max(have.ebr - frame, 0)
    )


def folding_within(
    graph: ir.Graph,
    cycles: int | None,
    limits: Resources,
    levels: int,
    report: Callable[[str], None] = str,
) -> Folding:
    """Least LUT for so many cycles, or for None the fewest cycles. Raises CapacityError."""
    if cycles is None:
        return fastest(graph, limits, report=report, levels=levels)
    return least_lut(graph, cycles, limits, levels=levels)


def find_folding(args: argparse.Namespace, graph: ir.Graph, board) -> Folding:
    """What was asked for. Raises CapacityError, with the nearest thing that fits."""
    cycles, share = asked_cycles(args), lut_share(args)
    levels = args.levels_per_stage
    require(1 <= levels <= 100, "--levels-per-stage", "must be in 1..100", levels)
    limits = limits_of(board, share, graph)
    say("folding" if cycles is None else f"folding for {cycles:,} cycles per frame")
    try:
        return folding_within(graph, cycles, limits, levels, say)
    except CapacityError as error:
        say("looking for the nearest thing that fits")
        nearest = nearest_fit(args, graph, cycles, share)
        whose = "" if board.family == PRICED else f" (prices of {PRICED})"
        raise CapacityError(f"{error} of {board.name}{whose}; {nearest}") from error


def nearest_fit(args: argparse.Namespace, graph: ir.Graph, cycles: int | None, share: float) -> str:
    """The most frames/s that fit the board, or else which board or which hardware would do."""
    import boards

    levels = args.levels_per_stage
    if cycles is not None:
        try:
            limits = limits_of(boards.find(args.board), share, graph)
            fits = fastest(graph, limits, levels=levels)
        except CapacityError:
            pass
        else:
            rate = args.mhz * 1e6 / fits.cycles
            return f"{rate:,.0f} frames/s at {args.mhz:g} MHz would fit (--cycles {fits.cycles})"
    way = sequential_way(args, graph, boards.find(args.board))
    way = f"; {way}" if way else ""
    family = boards.find(args.board).family  # what an estimate says holds for one
    alike = [board for board in boards.BOARDS if board.family == family]
    for board in sorted(alike, key=lambda board: board.capacity.lut):
        try:
            folding_within(graph, cycles, limits_of(board, share, graph), levels)
        except CapacityError:
            continue
        return f"the smallest board that it fits is {board.name}{way}"
    return f"a unit for each layer fits no {family} board that is known{way}"


def priced_otherwise(board) -> str:
    """A line where the estimates are of another family than the board's."""
    if board.family == PRICED:
        return ""
    return (
        f"note: {board.family} has no prices of its own: LUT4 and EBR are those of {PRICED}; "
        "only `fq-hw build` tells what fits\n"
    )


def speed_tag(args: argparse.Namespace, interval: int) -> str:
    """What tells foldings of a network for one board apart: cycles per frame, adder levels."""
    levels = args.levels_per_stage
    return f"{interval}-cycles" + (f"-{levels}-levels" if levels > 1 else "")


def layer_rows(lowering: Lowering, interval: int) -> list[dict]:
    """A row a convolution with all its units, then one for everything else."""
    rows, layers = [], Resources()
    for name, parts in lowering.parts.items():
        need = sum(map(resources, parts.units), Resources())
        layers += need
        rows.append({
            "layer": name,
            "PE": parts.engine.pe,
            "SIMD": parts.engine.simd,
            "columns": parts.engine.columns,
            "weights": "EBR" if parts.weights.in_block_ram else "logic",
            "cycles": parts.engine.beats,
            "busy %": 100 * parts.engine.beats / interval,
            "MAC/cycle": parts.engine.macs,
            **{key: getattr(need, kind) for key, kind in KINDS.items()},
        })  # fmt: skip
    total = sum((resources(node.unit) for node in lowering.nodes), Resources())
    rest = {key: getattr(total, kind) - getattr(layers, kind) for key, kind in KINDS.items()}
    return [*rows, dict.fromkeys(HEAD) | {"layer": "everything else"} | rest]


def run(args: argparse.Namespace) -> Output:
    """Fold, tell, write."""
    import boards
    from boards.rates import core_rate, link_rate

    board = boards.find(args.board)
    sized = load_sized(args.model)
    graph = sized.graph
    output_path(args.out, f"fold/{graph.name}.json")  # refused before the work
    folding = find_folding(args, graph, board)
    lowering = follow(graph, folding.folds, folding.cycles)
    say("cycle model")
    schedule = timing.simulate(lowering.plan, frames=6)
    speed = speed_tag(args, schedule.interval)
    path = output_path(args.out, f"fold/{graph.name}-{board.name}-{speed}.json")
    fold_file.save(path, graph, folding)
    rows = layer_rows(lowering, schedule.interval)
    total = {key: sum(row[key] for row in rows) for key in KINDS}
    busiest = lowering.plan.busiest
    busy = 100 * busiest.unit.beats / schedule.interval
    rate, have = core_rate(args.mhz, schedule.interval), board.capacity
    now, link = core_rate(board.clock_mhz, schedule.interval), link_rate(lowering.plan)
    full = 100 * total["LUT"] / have.lut
    data = {
        "network": graph.name,
        "weights": sized.weights,
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
        "folds": {name: to_plain(fold) for name, fold in folding.folds.items()},
        "file": str(path),
    }
    text = sized.note + table(HEAD, [tuple(row.values()) for row in rows])
    text += (
        f"\n\nbottleneck: {busiest.name}, busy {busy:.1f} % of the "
        f"{schedule.interval:,} cycles per frame (exact: cycle model)"
        f"\nestimate: {total['LUT']:,} of {have.lut:,} LUT4 ({full:.0f} %), "
        f"{total['FF']:,} of {have.ff:,} flip-flops, "
        f"{total['EBR']:,} of {have.ebr:,} EBR on {board.name}, board link not counted"
        f"\nestimate: {rate:,.0f} frames/s at {args.mhz:g} MHz, which `fq-hw build` must show; "
        f"{now:,.0f} at the board's oscillator of {board.clock_mhz:g} MHz; its UART carries "
        f"{link.frames_per_second:,.1f} ({link.baud:,} baud, {link.bytes_per_frame:,} bytes per "
        "frame)"
        f"\n{priced_otherwise(board)}folding: {path}"
    )
    return Output(data, text)
