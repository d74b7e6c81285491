"""``fq-hw bench-cnv``: Xilinx's CNV on an ECP5, beside the figures published for its own parts."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from fq_hw.cli.bench import as_output, ask, differing
from fq_hw.cli.output import Output, say
from fq_hw.files import check_file, check_output
from fq_hw.flow.bench import Row, cells_of
from fq_hw.report import bench

__all__ = ["add_parser"]

MOST_BYTES = 2**26  # of the packed weights
FILE = Path("build/bench/cnv.json")
GRAPH, BOARD = "build/cnv.graph.safetensors", "ulx3s-85f"
FAST, SLOW = 8_192, 32_768  # cycles per frame: for the board; as Xilinx folds it
IMAGES = "200"  # in Verilator
LEVELS = {FAST: 2, SLOW: 1}  # adder levels per stage: with 1 the flip-flops fill the board
FOLDS = {FAST: "build/fold/cnv.json", SLOW: "build/fold/cnv-slow.json"}
SOURCE = "Umuroglu et al. 2017; BNN-PYNQ's cnvW1A2 on XC7Z020"
PUBLISHED = (  # of Xilinx's design
    ("accuracy, 10,000 images", 82.66, "%"),
    ("cycles per frame", SLOW, "cycles"),
    ("frames/s at 100 MHz", 3_052, "frames/s"),
    ("LUT", 40_321, "LUT6"),
    ("block RAM", 131.5, "BRAM36"),
)


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "bench-cnv",
        help="measure BNN-PYNQ's CNV: accuracy, frames/s on ULX3S-85F, LUTs on Xilinx's family",
        description="Import the packed weights, run all test images in the golden model and 200 in "
        "Verilator, build for ULX3S-85F, and synthesise for Xilinx 7 series at the published rate. "
        f"Prints a table beside the published figures and writes {FILE}.",
    )
    parser.add_argument("model", type=Path, help="packed weights of cnvW1A2 (.npz)")
    parser.add_argument(
        "--path", type=Path, required=True, help="folder of CIFAR-10, python format"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Each step by the command that a user types."""
    hint = "give the packed weights of cnvW1A2 (.npz)"
    check_file(args.model, f"{args.model}", most=MOST_BYTES, hint=hint)
    check_output(FILE, "bench-cnv")
    rows: list[Row] = [
        (f"Xilinx: {name}", value, unit, "published", SOURCE) for name, value, unit in PUBLISHED
    ]
    for step in (golden, simulated, routed, synthesised):
        say(step.__name__)
        rows += list(step(args))
        bench.update_rows(FILE, rows)
    return as_output(rows)


def data(args: argparse.Namespace) -> tuple[str, ...]:
    return ("--data", "cifar10", "--path", str(args.path))


def golden(args: argparse.Namespace) -> Iterator[Row]:
    """Accuracy of the integers."""
    ask("import", str(args.model), "--out", GRAPH)
    found, said = ask("golden", GRAPH, *data(args))
    name = f"accuracy, {found['images']:,} images"
    yield name, found["accuracy %"], "%", "golden", said


def folded(cycles: int) -> tuple[str, str]:
    """Options that name the folding for so many cycles, which is made first."""
    how = ("--lut-share", "0.6", "--levels-per-stage", str(LEVELS[cycles]))
    ask("fold", GRAPH, "--board", BOARD, "--cycles", str(cycles), *how, "--out", FOLDS[cycles])
    return "--fold", FOLDS[cycles]


def simulated(args: argparse.Namespace) -> Iterator[Row]:
    """Verilog against the golden model."""
    many = ("--images", IMAGES, "--level-images", IMAGES)
    ran, said = ask("sim", GRAPH, *data(args), *folded(FAST), *many)
    yield from differing(ran, said)
    yield "cycles per frame", ran["cycles per frame"]["rtl-sim"], "cycles", "rtl-sim", said


def routed(args: argparse.Namespace) -> Iterator[Row]:
    """Cells and clock on the board."""
    aims = ("--placer", "wires", "--mhz", "90")
    built, said = ask("build", GRAPH, *folded(FAST), "--board", BOARD, *aims)
    for key, unit in (("lut4", "LUT4"), ("ff", "FF"), ("ebr", "EBR"), ("fmax_mhz", "MHz")):
        yield f"{BOARD}: {unit}", built[key], unit, "routed", said
    rate = built["fmax_mhz"] * 1e6 / built["cycles per frame"]
    yield f"{BOARD}: routed clock / cycles per frame", rate, "frames/s", "routed", said


def synthesised(args: argparse.Namespace) -> Iterator[Row]:
    """Cells of Xilinx's 7 series at the published rate."""
    _, path = folded(SLOW)
    design, cells = cells_of(Path(GRAPH), Path(path), Path("build/xc7/cnv"), say)
    said = f"fq-hw bench-cnv {args.model} --path {args.path}"
    yield "xc7: cycles per frame", design.interval, "cycles", "model", said
    for unit, value in cells.items():
        yield f"xc7: {unit}", value, unit, "synth", said
