"""``fq-hw estimate``: cycles and resources before anything is built."""

from __future__ import annotations

import argparse
import dataclasses

from fq_hw import flow
from fq_hw.cli.hardware import add_fold_arguments, hardware_of, tell_if_slower
from fq_hw.cli.output import Output, say
from fq_hw.cli.sizes import add_sized_argument, note
from fq_hw.report.table import table

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "estimate",
        help="predict cycles (exact) and resources (estimated)",
        description="Print every unit with its cycles and estimated resources. Cycles are those of "
        "the cycle model, which equals simulation; EBR are exact, LUT and FF fitted, for ECP5. A "
        "configuration is sized with random weights: its cycles are those of the trained network, "
        "its resources nearly so.",
    )
    add_sized_argument(parser)
    add_fold_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Plan, schedule, sum up."""
    model = flow.load_sized(args.model)
    design = model.design(hardware_of(args))
    say("cycle model")
    tell_if_slower(design)
    total, rows = design.resources, design.units
    macs = sum(row["MAC/cycle"] or 0 for row in rows)
    data = {
        "network": model.name,
        "weights": model.weights,
        "cycles per frame": design.interval,
        "latency cycles": design.latency,
        "MAC per cycle": macs,
        "estimated": dataclasses.asdict(total),
        "units": rows,
    }
    text = note(model) + table(tuple(rows[0]), [tuple(row.values()) for row in rows])
    text += (
        f"\n\ncycles per frame {design.interval:,}, latency {design.latency:,} cycles, "
        f"{macs:,} MAC/cycle (exact: cycle model)"
        f"\nabout {total.lut:,} LUT4, {total.ff:,} FF, {total.ebr} EBR, {total.multipliers} "
        "multipliers (estimate, ECP5)"
    )
    return Output(data, text)
