"""``fq-hw estimate``: cycles and resources before anything is built."""

from __future__ import annotations

import argparse
import dataclasses

from fq_hw.cli.hardware import add_fold_arguments, make_plan, tell_if_slower
from fq_hw.cli.output import Output, say
from fq_hw.cli.sizes import add_sized_argument, load_sized
from fq_hw.report.table import table
from fq_hw.schedule import timing
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.resources import plan_resources, resources
from fq_hw.schedule.units import ConvUnit

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


def unit_rows(plan: Plan) -> list[dict]:
    """A row a unit: cycles per frame, the share of the slowest, MAC per cycle, resources."""
    rows = []
    for node in plan.nodes:
        need = resources(node.unit)
        beats = getattr(node.unit, "beats", None)
        rows.append({
            "unit": node.name,
            "kind": type(node.unit).__name__.removesuffix("Unit").lower(),
            "cycles": beats,
            "busy %": None if beats is None else 100 * beats / plan.interval_bound,
            "MAC/cycle": node.unit.macs if isinstance(node.unit, ConvUnit) else None,
            **dataclasses.asdict(need),
        })  # fmt: skip
    return rows


def run(args: argparse.Namespace) -> Output:
    """Plan, schedule, sum up."""
    sized = load_sized(args.model)
    plan = make_plan(args, sized.graph)
    say("cycle model")
    schedule = timing.simulate(plan, frames=6)
    tell_if_slower(args, plan, schedule.interval)
    total = plan_resources(plan)
    rows = unit_rows(plan)
    data = {
        "network": sized.graph.name,
        "weights": sized.weights,
        "cycles per frame": schedule.interval,
        "latency cycles": schedule.latency,
        "MAC per cycle": sum(row["MAC/cycle"] or 0 for row in rows),
        "estimated": dataclasses.asdict(total),
        "units": rows,
    }
    text = sized.note + table(tuple(rows[0]), [tuple(row.values()) for row in rows])
    text += (
        f"\n\ncycles per frame {schedule.interval:,}, latency {schedule.latency:,} cycles, "
        f"{data['MAC per cycle']:,} MAC/cycle (exact: cycle model)"
        f"\nabout {total.lut:,} LUT4, {total.ff:,} FF, {total.ebr} EBR (estimate, ECP5)"
    )
    return Output(data, text)
