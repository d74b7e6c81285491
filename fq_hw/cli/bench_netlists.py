"""``fq-hw bench-netlists``: what synthesis, routing and packing made, simulated beside golden."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fq_hw.cli.bench import as_output, ask, near
from fq_hw.cli.output import Output, say
from fq_hw.files import check_output, write_text
from fq_hw.flow.bench import Row
from fq_hw.flow.model import SHIPPED
from fq_hw.report import bench

__all__ = ["add_parser"]

FILE = Path("build/bench/netlists.json")
SMALL = Path("build/netlists/small.toml")
CONFIGURATION = """# A network that fits an iCE40HX8K with its shell.
[network]
name = "small"
image = [32, 32, 3]
classes = 10
block = "basic"
embedding = { kind = "learned", length = 3, shared = true }
stem = [{ width = 8, kernel = 3, stride = 2, norm = false }]
stages = [{ width = 8, blocks = 1, stride = 2 }]

[data]
kind = "digits"
"""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A design, the board it is built for, and how far it is followed.

    model, how  the words that name the model and its folding
    baud        four cycles of the board's clock a bit, so that most cycles are the network's
    stages      of the netlist, and on how many frames each
    """

    model: str
    how: tuple[str, ...]
    board: str
    baud: int
    route: tuple[str, ...] = ()
    stages: Mapping[str, int]


ECP5 = {"synth": 20, "routed": 20, "bitstream": 0}
SUBJECTS = {
    "demo": Subject(
        model=str(SHIPPED), how=(), board="ulx3s-85f", baud=6_250_000, stages=ECP5
    ),
    "ern20": Subject(
        model=str(SHIPPED.with_name("ern20.safetensors")), how=("--cycles", "36864"),
        board="ulx3s-85f", baud=6_250_000, stages=ECP5,
    ),
    "small": Subject(
        model=str(SMALL), how=("--untrained", "--cycles", "18432"), board="hx8k-breakout",
        baud=3_000_000, route=("--mhz", "20"), stages={"synth": 3, "routed": 3, "bitstream": 3},
    ),
}  # fmt: skip


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "bench-netlists",
        help="simulate what synthesis, routing and packing made, beside golden and the Verilog",
        description="Build the demo network and one of ResNet-20's size for ULX3S-85F and a small "
        "one for the iCE40HX8K, and simulate their netlists after synthesis and as routed, and the "
        f"HX8K's bitstream, through the UART. Prints a table and writes {FILE}.",
    )
    parser.add_argument(
        "--only", choices=SUBJECTS, nargs="+", default=[*SUBJECTS], help="of the networks"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Each step by the command that a user types."""
    check_output(FILE, "bench-netlists")
    write_text(SMALL, CONFIGURATION)
    rows: list[Row] = []
    for name in args.only:
        say(name)
        for row in measured(name, SUBJECTS[name]):
            rows.append(row)
            bench.update_rows(FILE, rows)
    return as_output(rows)


def measured(name: str, subject: Subject) -> Iterator[Row]:
    """Build once, then every stage."""
    model, what = str(near(Path(subject.model))), f"{name}, {subject.board}"
    out = f"build/netlists/{name}{'.bin' if subject.board.startswith('hx8k') else '.bit'}"
    ask("build", model, *subject.how, "--board", subject.board, "--baud", str(subject.baud),
        *subject.route, "--keep-netlist", "--out", out)  # fmt: skip
    folder = str(Path(out).with_suffix(".build"))
    for stage, frames in subject.stages.items():
        words = ("sim", model, *subject.how, "--netlist", stage, "--build", folder)
        many = ("--images", str(frames)) if frames else ()
        found, said = ask(*words, *many)
        yield from (simulated if frames else compared)(what, stage, found, said)


def simulated(what: str, stage: str, found: Mapping, said: str) -> Iterator[Row]:
    """A stage beside golden and the Verilog."""
    where = f"{what}, {stage}"
    yield f"{where}: cells", found["cells"], "cells", stage, said
    yield f"{where}: frames through the UART", found["images"], "frames", stage, said
    for kind, unit, what in (
        ("scores", "scores", "scores that differ"),
        ("cycles", "bytes", "bytes that differ or come in another cycle"),
    ):
        name = f"{where}: {what}, of {found[kind]['compared']:,}"
        yield name, found[kind]["mismatching"], unit, stage, said


def compared(what: str, stage: str, found: Mapping, said: str) -> Iterator[Row]:
    """The bits of a bitstream beside the routed netlist."""
    for kind, of in (("lut", "LUTs"), ("ram", "block RAM")):
        name = f"{what}, {stage}: bits of {of} that differ, of {found[f'{kind}_bits']:,}"
        yield name, found[f"{kind}_wrong"], "bits", stage, said
