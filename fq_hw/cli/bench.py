"""``fq-hw bench``: measured figures as a table and as JSON, each with the command behind it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from fq_hw import child, ending, toolbox
from fq_hw.artifact import MOST_BYTES
from fq_hw.cli.output import Output, say
from fq_hw.errors import ToolError, require
from fq_hw.files import check_file, check_output, parse_json
from fq_hw.flow.bench import Row, dots, engine
from fq_hw.flow.model import SHIPPED
from fq_hw.report import bench
from fq_hw.report.table import table

__all__ = ["add_parser"]

MODEL = SHIPPED.with_name("ern20.safetensors")
SEEDS = 2  # of the placer, with which the engine is routed
BIGGEST = "ulx3s-85f"
LEAST = ("--cycles", "9216", "--lut-share", "0.6")
NETWORKS = {  # board: which hardware, for `fq-hw sim` and `fq-hw build`; how to route it
    BIGGEST: (("--fold", "build/fold/bench.json"), ("--mhz", "110")),
    "ulx3s-25f": (("--sequential", "--array", "8x16x16@2"), ("--mhz", "100")),
    "icebreaker": (("--sequential",), ("--mhz", "20", "--seed", "10")),  # of 5 to 10 the fastest
}
CELLS = {"lut4": "LUT4", "ff": "FF", "ebr": "EBR", "spram": "SPRAM", "multipliers": "multipliers"}
PARTS = ("dots", "engine", "verilog", *NETWORKS)


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "bench",
        help="measure dot products, the engine, and a network of ResNet-20's size",
        description="Measure and print a table; build/bench/engine.json has it too, with the "
        "command behind every figure. Lone components are routed once and remembered.",
    )
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=PARTS, help=f"of {', '.join(PARTS)}"
    )
    parser.add_argument("--model", type=Path, help=f"default {MODEL.name}")
    parser.add_argument(
        "--seeds",
        type=int,
        help="how often the engine is routed, the placer's seed another each time "
        f"(default {SEEDS})",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Measure what was asked for; figures of other parts stay in the file."""
    fill_in(args)
    path = check_output(Path("build/bench/engine.json"), "bench")
    rows: list[Row] = []
    for part in args.only:
        say(part)
        rows += list(MEASURES.get(part, network)(part, args))
        bench.update_rows(path, rows)
    return as_output(rows)


def fill_in(args: argparse.Namespace) -> None:
    """Refuse options that no asked part takes; give the others their values."""
    hint = "leave it out, or add the part to --only"
    of_model = {*args.only} & {"verilog", *NETWORKS}
    unused = args.model is None or of_model
    require(unused, "--model", "no part in --only has a model", str(args.model), hint=hint)
    unused = args.seeds is None or "engine" in args.only
    require(unused, "--seeds", "counts how often the engine is routed", args.seeds, hint=hint)
    args.model = near(MODEL) if args.model is None else args.model
    args.seeds = SEEDS if args.seeds is None else args.seeds
    check_file(args.model, f"--model {args.model}", most=MOST_BYTES)
    require(1 <= args.seeds <= 100, "--seeds", "must be in 1..100", args.seeds)


def near(path: Path) -> Path:
    """``path`` as one says it in this folder, so that rows of two machines are the same."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def as_output(rows: list[Row]) -> Output:
    """A bench's rows, told and as data."""
    text = table(("", "value", "unit", "how"), [row[:4] for row in rows])
    return Output({"rows": [dict(zip(bench.KEYS, row, strict=True)) for row in rows]}, text)


def verilog(part: str, args: argparse.Namespace) -> Iterator[Row]:
    """How long generation takes, and whether its bytes depend on Python's hash seed."""
    model = args.model
    texts, seconds = [], []
    words = ("rtl", str(model), "--cycles", "9216", "--family", "ecp5", "--out")
    for seed in ("1", "2"):
        path = Path(f"build/bench/verilog-{seed}.v")
        began = time.monotonic()
        command(*words, str(path), PYTHONHASHSEED=seed)
        seconds.append(time.monotonic() - began)
        texts.append(path.read_bytes())
    said = f"fq-hw {' '.join(words)} FILE"
    yield "Verilog of the network, generated", max(seconds), "s", "synth", said
    yield "Verilog under two hash seeds, differing", int(texts[0] != texts[1]), "", "synth", said


def network(board: str, args: argparse.Namespace) -> Iterator[Row]:
    """The network on a board: cycles simulated, clock and cells routed."""
    model = args.model
    how, route = NETWORKS[board]
    if board == BIGGEST:
        folded, said = ask("fold", str(model), "--board", board, *LEAST, "--out", how[1])
        slowest = max(folded["layers"], key=lambda row: row["cycles"] or 0)
        yield f"{board}: busy, {slowest['layer']}", slowest["busy %"], "%", "model", said
    ran, said = ask("sim", str(model), *how, "--images", "6", "--level-images", "2")
    for kind in ("levels", "scores"):
        yield f"{board}: {kind} that differ", ran[kind]["mismatching"], kind, "rtl-sim", said
    yield from cycles_of(board, ran, said)
    built, said = ask("build", str(model), *how, "--board", board, *route)
    for key, unit in CELLS.items():
        yield f"{board}: {unit}", built[key], unit, "routed", said
    yield f"{board}: clock", built["fmax_mhz"], "MHz", "routed", said
    rate = built["fmax_mhz"] * 1e6 / ran["cycles per frame"]["rtl-sim"]
    yield f"{board}: routed clock / simulated cycles", rate, "frames/s", "routed", said
    for name in ("core, this bitstream's clock", "link"):
        yield f"{board}: {name}", built["frames per second"][name], "frames/s", "model", said


def cycles_of(what: str, ran: Mapping, said: str) -> Iterator[Row]:
    """Cycles per frame of ``what``, as `fq-hw sim` found them in model and Verilog."""
    for key, measured in (("predicted", "model"), ("rtl-sim", "rtl-sim")):
        cycles = ran["cycles per frame"][key]
        yield f"{what}: cycles per frame, {key}", cycles, "cycles", measured, said


def differing(ran: Mapping, said: str, before: str = "") -> Iterator[Row]:
    """How many values `fq-hw sim` found to differ, of how many."""
    for kind in ("levels", "scores"):
        what = f"{before}{kind} that differ, of {ran[kind]['compared']:,}"
        yield what, ran[kind]["mismatching"], "", "rtl-sim", said


def command(*words: str, **variables: str) -> str:
    """Run ``fq-hw`` with ``words`` as a user would; its output. What it says goes to the screen."""
    lines: list[str] = []
    call = [sys.executable, "-m", "fq_hw", *words]
    env = {ending.HELPER: "1", **variables}
    status = child.follow(call, lines.append, env=env, errors_too=False)
    if status == 2:  # it has said why, and one line is enough
        say(f"failed: fq-hw {' '.join(words)}")
        sys.exit(2)
    if status:
        ended = f"ended with {toolbox.status_text(status)}"
        raise ToolError(f"fq-hw bench: `fq-hw {' '.join(words)}` {ended}")
    return "\n".join(lines)


def ask(*words: str) -> tuple[Mapping, str]:
    """What a command gives as JSON, and the command as typed."""
    said = f"fq-hw {' '.join(words)}"
    return parse_json(command(*words, "--json"), said), said


MEASURES = {
    "dots": lambda part, args: dots(say),
    "engine": lambda part, args: engine(args.seeds, say),
    "verilog": verilog,
}
