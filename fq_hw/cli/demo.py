"""``fq-hw demo``: the whole way once, on the shipped network."""

from __future__ import annotations

import argparse
from pathlib import Path

from fq_hw import flow, toolbox
from fq_hw.cli.build import add_board_arguments, goal_of
from fq_hw.cli.hardware import add_fold_arguments, hardware_of
from fq_hw.cli.model import add_model_argument
from fq_hw.cli.output import Output, say
from fq_hw.cli.sim import add_sim_arguments, check_sim, simulate
from fq_hw.errors import require
from fq_hw.files import check_output
from fq_hw.flow import report
from fq_hw.flow.simulate import TIMED
from fq_hw.report import bench
from fq_hw.report.table import table

__all__ = ["add_parser"]

BENCH = Path("build/bench/demo.json")


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "demo",
        help="checkpoint to Verilog to simulation to bitstream, in one table",
        description="Simulate a model on its test images, build its bitstream, print one table, "
        "draw a report.",
    )
    add_model_argument(parser)
    add_fold_arguments(parser)
    add_sim_arguments(parser)
    add_board_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Simulate, then build."""
    from boards.rates import core_rate

    goal = goal_of(args)
    goal.check()
    check_sim(args)
    timed = args.images >= TIMED
    require(timed, "--images", f"must be at least {TIMED} to time frames", args.images)
    check_output(BENCH, "demo")
    for name in toolbox.BUILDING:
        toolbox.find(name)  # a missing tool is said at once
    model = flow.load_model(args.model)
    design = model.design(hardware_of(args))
    _, bitstream = goal.check_design(design)
    check_output(bitstream.with_suffix(".html"), "demo")
    found = simulate(args, design)
    found.check()
    built = goal.build(design, say)
    rate = core_rate(built.fmax_mhz, found.ran.interval)
    now, link = core_rate(built.clock_mhz, found.ran.interval), goal.link_rate(design)
    rows = [(*row, None) for row in found.rows()]
    rows += [
        ("LUT4", None, None, None, built.lut4),
        ("FF", None, None, None, built.ff),
        ("EBR (18 kbit)", None, None, None, built.ebr),
        ("multipliers", None, None, None, built.multipliers),
        ("clock, MHz", None, None, None, built.fmax_mhz),
        ("frames/s at this clock", None, None, None, round(rate)),
    ]
    head = (model.graph.name, "float", "golden, model", "rtl-sim", f"routed, {built.board}")
    text = table(head, rows)
    text += (
        f"\n\nframes/s = clock / simulated cycles per frame. This bitstream runs at "
        f"{built.clock_mhz:g} MHz: {now:,.0f} frames/s inside, of which the board's link carries "
        f"{link.frames_per_second:,.1f} ({link.name}, {link.bytes_per_frame:,} bytes per frame)\n"
        f"bitstream: {built.bitstream}"
    )
    data = found.data() | {
        "routed": {
            "LUT4": built.lut4, "FF": built.ff, "EBR": built.ebr,
            "multipliers": built.multipliers, "MHz": built.fmax_mhz, "frames per second": rate,
        },
        "frames per second": {"core, this bitstream's clock": now, "link": link.frames_per_second},
        "bitstream": str(built.bitstream),
    }  # fmt: skip
    rows = [
        ("accuracy", data["accuracy %"]["float"], "%", "float"),
        ("accuracy", data["accuracy %"]["golden"], "%", "golden"),
        ("accuracy", data["accuracy %"]["rtl-sim"], "%", "rtl-sim"),
        ("mismatching levels", found.levels_wrong, "levels", "rtl-sim"),
        ("mismatching scores", found.scores_wrong, "scores", "rtl-sim"),
        ("cycles per frame", found.ran.interval, "cycles", "rtl-sim"),
        ("latency", found.ran.latency, "cycles", "rtl-sim"),
        ("speed of the golden model", found.images_per_second, "images/s", "golden"),
        ("speed of the simulation", found.cycles_per_second, "cycles/s", "rtl-sim"),
        *((name, value, "", "routed") for name, value in data["routed"].items()),
    ]
    what = f"{model.graph.name} on {built.board}, {design.hardware.tag(model.name)}"
    bench.update_rows(BENCH, [(f"{what}: {row[0]}", *row[1:], args.typed) for row in rows])
    page = report.write(report.of_build(built.work))
    say(f"done; the figures are in {BENCH} too")
    return Output(data | {"report": str(page)}, f"{text}\nreport: {page}")
