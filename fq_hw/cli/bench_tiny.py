"""``fq-hw bench-tiny``: MLPerf Tiny's four int8 models on an ECP5, beside LiteRT."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

from fq_hw.cli.bench import CELLS, as_output, ask, cycles_of, differing
from fq_hw.cli.output import Output, say
from fq_hw.files import check_file, check_output
from fq_hw.flow.bench import Row
from fq_hw.flow.tiny import MOST_BYTES, TASKS, write_inputs
from fq_hw.report import bench

__all__ = ["add_parser"]

FILE = Path("build/bench/tiny.json")
FOLDER = Path("build/tiny")
BOARD = "ulx3s-85f"
SMALL_BOARD = "tang-primer-20k"
PARTS = ("verify", "sim", "routed", "array")
VERIFIED, SIMULATED = 1_000, 20  # inputs
SOURCE = "MLPerf Tiny v1.1 closed: fpgaConvNet on XC7Z020; hls4ml and FINN (ad)"


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "bench-tiny",
        help="measure MLPerf Tiny's four int8 models: beside LiteRT, in Verilog, routed",
        description="Import the four TFLite files of a folder, compare every tensor with LiteRT's "
        f"reference kernels ({VERIFIED:,} inputs) and with the Verilog ({SIMULATED}), and build "
        f"for {BOARD}; the keyword spotter in turn on an array for {SMALL_BOARD}, too. Prints a "
        f"table beside published rates and writes {FILE}.",
    )
    parser.add_argument("models", type=Path, help="folder of the TFLite files, with inputs/*.dat")
    parser.add_argument("--only", choices=TASKS, nargs="+", default=[*TASKS], help="of the models")
    parser.add_argument("--parts", choices=PARTS, nargs="+", default=[*PARTS],
                        help="of the measurements")  # fmt: skip
    parser.add_argument("--path", type=Path, help="folder of CIFAR-10, for ic's accuracy")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Each step by the command that a user types."""
    check_output(FILE, "bench-tiny")
    rows: list[Row] = []
    for name in args.only:
        task = TASKS[name]
        model = args.models / f"{task.file}.tflite"
        check_file(model, str(model), most=MOST_BYTES, hint="name the folder of the TFLite files")
        graph = str(FOLDER / f"{name}.graph.safetensors")
        ask("import", str(model), "--out", graph)
        folding = str(FOLDER / f"{name}.fold.json")
        how = ("--cycles", str(task.cycles), "--levels-per-stage", str(task.levels))
        how = (*how, "--lut-share", "0.8")
        ask("fold", graph, "--board", BOARD, *how, "--out", folding)
        rows.append((f"{name}, published", task.published, "frames/s", "published", SOURCE))
        for part in args.parts:
            say(f"{name}: {part}")
            rows += MEASURES[part](name, args, model, graph, folding)
            bench.update_rows(FILE, rows)
    return as_output(rows)


def inputs(name: str, folder: Path, count: int) -> tuple[str, ...]:
    """Options that name ``count`` inputs of a model."""
    to = FOLDER / f"{name}-{count}"
    write_inputs(TASKS[name], folder / "inputs", to, count)
    return "--data", "npy", "--path", str(to), "--images", str(count)


def verified(
    name: str, args: argparse.Namespace, model: Path, graph: str, folding: str
) -> Iterator[Row]:
    """Golden beside LiteRT's reference kernels."""
    data = inputs(name, args.models, VERIFIED)
    found, said = ask("verify", graph, "--against", str(model), *data)
    values = sum(row["values"] for row in found["tensors"])
    wrong = sum(row["differing"] for row in found["tensors"])
    what = f"{name}: values that differ from LiteRT, of {values:,}"
    yield what, wrong, "", "golden", said
    if name == "ic" and args.path is not None:
        found, said = ask("golden", graph, "--data", "cifar10", "--path", str(args.path))
        what = f"{name}: accuracy, {found['images']:,} images of CIFAR-10"
        yield what, found["accuracy %"], "%", "golden", said


def simulated(
    name: str, args: argparse.Namespace, model: Path, graph: str, folding: str
) -> Iterator[Row]:
    """Verilog beside golden."""
    data = inputs(name, args.models, SIMULATED)
    many = ("--level-images", str(SIMULATED))
    ran, said = ask("sim", graph, "--fold", folding, *data, *many)
    yield from differing(ran, said, f"{name}: ")
    yield from cycles_of(name, ran, said)
    latency = ran["latency cycles"]["rtl-sim"]
    yield f"{name}: latency", latency, "cycles", "rtl-sim", said


def routed(
    name: str, args: argparse.Namespace, model: Path, graph: str, folding: str
) -> Iterator[Row]:
    """Cells and clock on the board."""
    aims = ("--placer", "wires", "--mhz", str(TASKS[name].mhz))
    built, said = ask("build", graph, "--fold", folding, "--board", BOARD, *aims)
    yield from board_rows(name, built, said)


def board_rows(what: str, built: Mapping, said: str) -> Iterator[Row]:
    """Cells, clock and rate of a build."""
    for key, unit in CELLS.items():
        yield f"{what}: {unit}", built[key], unit, "routed", said
    yield f"{what}: clock", round(built["fmax_mhz"], 1), "MHz", "routed", said
    rate = round(built["fmax_mhz"] * 1e6 / built["cycles per frame"])
    yield f"{what}: routed clock / cycles per frame", rate, "frames/s", "routed", said


def arrayed(
    name: str, args: argparse.Namespace, model: Path, graph: str, folding: str
) -> Iterator[Row]:
    """The layers that fit one in turn on an array, on a small board: in Verilog and routed."""
    task, what = TASKS[name], f"{name} in turn"
    if task.in_turn is None:
        return
    *ends, array = task.in_turn
    folding = str(FOLDER / f"{name}-array.fold.json")
    size = ("--in-turn", *ends, "--array", array)
    least = ("--cycles", "700000", "--levels-per-stage", "3")  # no more of what streams than needed
    ask("fold", graph, "--board", SMALL_BOARD, *size, *least, "--out", folding)
    data = inputs(name, args.models, SIMULATED)
    ran, said = ask("sim", graph, "--fold", folding, *data, "--level-images", str(SIMULATED))
    yield from differing(ran, said, f"{what}: ")
    yield from cycles_of(what, ran, said)
    built, said = ask("build", graph, "--fold", folding, "--board", SMALL_BOARD)
    yield from board_rows(what, built, said)


MEASURES = {"verify": verified, "sim": simulated, "routed": routed, "array": arrayed}
