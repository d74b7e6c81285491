"""``fq-hw bench-imagenet``: the published networks at 256 x 256, and what of them is measured."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from fq_hw.cli.bench import as_output, ask
from fq_hw.cli.output import Output, say
from fq_hw.files import check_output
from fq_hw.flow.bench import Row, tail
from fq_hw.flow.shipped import model_file
from fq_hw.flow.sizes import load_untrained
from fq_hw.report import bench

__all__ = ["add_parser"]

FILE = Path("build/bench/imagenet.json")
NETWORKS = ("erns18-0.75x", "erns18", "erns34", "erns50", "erns101")
CYCLES = "500000"  # per frame: 200 frames/s at 100 MHz
TAIL, BEHIND = NETWORKS[0], "stages.2.0.acts.0"  # stage 3, stage 4, classifier
SIZES = ("8x8x32@2", "8x16x32@2", "8x8x64@2")


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "bench-imagenet",
        help="size the published networks for ImageNet, measure their last stages on an array",
        description="Untrained, 256 x 256, 1,000 classes. For each network all streamed: cycles "
        "(exact) and resources (estimated). For the smallest: its last two stages and its "
        "classifier on arrays of several sizes, synthesised and packed for an LFE5U-85F, with "
        f"parameters from outside. Prints a table and writes {FILE}.",
    )
    parser.add_argument(
        "--only", nargs="+", choices=NETWORKS, default=NETWORKS, help=f"of {', '.join(NETWORKS)}"
    )
    parser.add_argument("--route", action="store_true", help="route the arrays too (hours)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Measure what was asked for; figures of other networks stay in the file."""
    path = check_output(FILE, "bench-imagenet")
    rows: list[Row] = []
    for name in args.only:
        say(name)
        for row in measured(name, args.route):
            rows.append(row)
            bench.update_rows(path, rows)
    return as_output(rows)


def measured(name: str, routed: bool) -> Iterator[Row]:
    """A network streamed; of the smallest its tail as well."""
    found, said = ask("estimate", name, "--cycles", CYCLES)
    yield f"{name}, streamed", found["cycles per frame"], "cycles", "model", said
    yield f"{name}, streamed", found["MAC per cycle"], "MAC/cycle", "model", said
    for kind, unit in (("lut", "LUT4"), ("ff", "FF"), ("ebr", "EBR")):
        yield f"{name}, streamed", found["estimated"][kind], unit, "estimate", said
    if name == TAIL:
        yield from tail(load_untrained(model_file(name)).graph, BEHIND, SIZES, routed, say)
