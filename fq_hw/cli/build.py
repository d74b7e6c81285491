"""``fq-hw build``: a bitstream."""

from __future__ import annotations

import argparse
import dataclasses
import statistics
from pathlib import Path

from fq_hw.cli.hardware import (
    add_fold_arguments,
    hardware_of,
    tell_if_slower,
)
from fq_hw.cli.model import add_model_argument, add_untrained_argument, model_of
from fq_hw.cli.output import Output, say
from fq_hw.flow.build import IP, LINKS, UART, BuildGoal, cores_here
from fq_hw.report.table import table

__all__ = ["add_board_arguments", "add_parser", "goal_of"]


def add_board_arguments(parser: argparse.ArgumentParser) -> None:
    """For which board, at which clock, and how hard to try."""
    import boards
    from boards.protocol import BAUD
    from boards.toolchain import Placer

    names = ", ".join(board.name for board in boards.BOARDS)
    default = boards.BOARDS[0].name
    parser.add_argument("--board", default=default, help=f"{names} (default {default})")
    parser.add_argument(
        "--clock", type=float, metavar="MHZ",
        help="of the accelerator, by a PLL and within 1 %% (default: the board's oscillator)",
    )  # fmt: skip
    parser.add_argument("--link", choices=LINKS, default=UART,
                        help=f"how the board is spoken to (default {UART})")  # fmt: skip
    parser.add_argument("--baud", type=int, help=f"of its UART (default {BAUD})")
    parser.add_argument("--ip", help=f"its address on Ethernet (default {IP})")
    parser.add_argument("--mhz", type=float, help="clock the router aims for (default 100)")
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
    cores = cores_here()
    parser.add_argument(
        "--jobs", type=int,
        help=f"of --seeds, how many to route at a time on this machine (default {cores}, its "
        "cores)",
    )  # fmt: skip
    parser.add_argument(
        "--scheduler", metavar="tcp://HOST:PORT",
        help="of a Dask cluster whose machines route the seeds instead",
    )  # fmt: skip
    parser.add_argument(
        "--replaceable",
        action="store_true",
        help="of an array whose parameters come from the board's flash (icebreaker): all else that "
        "training changes comes from there too, for `fq-hw weights`; takes 4 %% more logic",
    )
    parser.add_argument(
        "--keep-netlist",
        action="store_true",
        help="keep the routed netlist beside the logs, for `fq-hw sim --netlist routed`",
    )
    parser.add_argument(
        "--out", type=Path, help="file (default build/BOARD/NAME-SPEED.bit or .bin)"
    )


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "build",
        help="synthesise, place, route and pack for a board",
        description="Put the accelerator behind a link of the board and build a bitstream with "
        "Yosys, nextpnr and the family's packer.",
    )
    add_model_argument(parser)
    add_untrained_argument(parser)
    add_fold_arguments(parser)
    add_board_arguments(parser)
    parser.set_defaults(run=run)


def goal_of(args: argparse.Namespace) -> BuildGoal:
    """What the options ask for."""
    return BuildGoal(
        board=args.board,
        clock=args.clock,
        mhz=args.mhz,
        placer=args.placer,
        seed=args.seed,
        seeds=args.seeds,
        jobs=args.jobs,
        scheduler=args.scheduler,
        replaceable=args.replaceable,
        link=args.link,
        keep_netlist=args.keep_netlist,
        baud=args.baud,
        ip=args.ip,
        out=args.out,
        model=args.model,
    )


def run(args: argparse.Namespace) -> Output:
    """Build and report what was routed."""
    from boards.rates import core_rate

    goal = goal_of(args)
    goal.check()
    design = model_of(args).design(hardware_of(args))
    goal.check_design(design)
    interval = goal.interval(design)
    tell_if_slower(design)
    built, link = goal.build(design, say), goal.link_rate(design)
    data = {**dataclasses.asdict(built), "bitstream": str(built.bitstream), "work": str(built.work)}
    data["cycles per frame"] = interval
    data["frames per second"] = {
        "core, this bitstream's clock": core_rate(built.clock_mhz, interval),
        "link": link.frames_per_second,
        "core, routed clock": core_rate(built.fmax_mhz, interval),
    }
    data["link"] = {"name": link.name, "bytes per frame": link.bytes_per_frame}
    data["spread MHz"] = spread(built)
    now, carried, most = data["frames per second"].values()
    spram = f", {built.spram} SPRAM" if built.spram else ""
    text = "\n".join([
        *seed_lines(built),
        f"routed: {built.lut4:,} LUT4, {built.ff:,} FF, {built.ebr} EBR{spram}, "
        f"{built.multipliers} multipliers, {built.fmax_mhz:.1f} MHz (seed {built.seed})"
        + (f"; the link's own clock {built.link_mhz:.1f} MHz" if built.link_mhz else ""),
        f"{now:,.0f} frames/s: the core at {built.clock_mhz:g} MHz, the clock of this bitstream "
        f"({interval:,} cycles per frame)",
        f"{carried:,.1f} frames/s: the board's link, {link.name}, "
        f"{link.bytes_per_frame:,} bytes per frame",
        f"{most:,.0f} frames/s: the core at {built.fmax_mhz:.1f} MHz, as routed (--clock asks for "
        "another clock)",
        f"bitstream: {built.bitstream} (`fq-hw report {built.work}` draws it)",
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
