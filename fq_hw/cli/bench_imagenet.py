"""``fq-hw bench-imagenet``: the published networks at 256 x 256 on low-cost boards."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from fq_hw.cli.bench import CELLS, as_output, ask, cycles_of, differing
from fq_hw.cli.output import Output, say
from fq_hw.files import check_output
from fq_hw.flow.bench import Row, beyond, partitioned, tail
from fq_hw.flow.shipped import model_file
from fq_hw.flow.sizes import load_untrained
from fq_hw.report import bench

__all__ = ["add_parser"]

FILE = Path("build/bench/imagenet.json")
NETWORKS = ("erns18-0.75x", "erns18", "erns34", "erns50", "erns101")
CYCLES = "500000"  # per frame, all streamed
BOARDS = ("ulx3s-85f", "ulx3s-45f", "ulx3s-25f")  # the first is the largest
SHARE = 0.75  # of a board's LUT4
MHZ = "71.25"  # at most twice of it is the SDRAM's
LEVELS = 3  # adders between registers, for which MHZ leaves time
SMALLEST, BEHIND = NETWORKS[0], "stages.2.0.acts.0"  # stage 3 to classifier
SIZES = ("8x8x32@2", "8x16x32@2", "8x8x64@2")
BEYOND = "stages.1.0.acts.0", f"8x8x32@{LEVELS}"  # what is simulated of networks that fit nothing
ROUTED = NETWORKS[:3]  # those that the largest board has room for
PARTS = ("streamed", "boards", "sim", "arrays", "routed")


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "bench-imagenet",
        help="the published networks for ImageNet on ULX3S boards: folded, simulated, routed",
        description="Untrained, 256 x 256, 1,000 classes. streamed: cycles (exact) and resources "
        "(estimated) of each network with a unit for each layer. boards: the fastest partition "
        "between streamed layers and an array fed from SDRAM that fits each ULX3S, or what it "
        "lacks. sim: that on the largest in Verilog, with the SDRAM at its pins, beside the golden "
        "model; one that is too large, where the network fits none. arrays: the last two stages "
        "and the classifier of the smallest network on arrays of several sizes, synthesised. "
        f"routed: {', '.join(ROUTED)} whole, as bitstreams for the "
        f"largest. Prints a table and writes {FILE}.",
    )
    parser.add_argument(
        "--only", nargs="+", choices=NETWORKS, default=NETWORKS, help=f"of {', '.join(NETWORKS)}"
    )
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=PARTS, help=f"of {', '.join(PARTS)}"
    )
    parser.add_argument("--route", action="store_true", help="route the arrays too (hours)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Measure what was asked for; other figures stay in the file."""
    path = check_output(FILE, "bench-imagenet")
    rows: list[Row] = []
    for name in args.only:
        for part in args.parts:
            if name not in WHOSE.get(part, NETWORKS):
                continue
            say(f"{name}: {part}")
            for row in MEASURES[part](name, args):
                rows.append(row)
                bench.update_rows(path, rows)
    return as_output(rows)


def streamed(name: str, args: argparse.Namespace) -> Iterator[Row]:
    """A unit for each layer, whatever the board."""
    found, said = ask("estimate", name, "--cycles", CYCLES)
    yield f"{name}, streamed", found["cycles per frame"], "cycles", "model", said
    yield f"{name}, streamed", found["MAC per cycle"], "MAC/cycle", "model", said
    for kind, unit in (("lut", "LUT4"), ("ff", "FF"), ("ebr", "EBR")):
        yield f"{name}, streamed", found["estimated"][kind], unit, "estimate", said


def folding(name: str, board: str) -> Path:
    """Where the fastest partition for a board is kept."""
    return Path(f"build/bench/{name}-{board}.json")


def boards(name: str, args: argparse.Namespace) -> Iterator[Row]:
    """The fastest that fits each."""
    for board in BOARDS:
        yield from fastest(name, board)


def fastest(name: str, board: str) -> Iterator[Row]:
    """The fastest that fits, and its folding for the parts to come."""
    return partitioned(name, board, SHARE, float(MHZ), LEVELS, folding(name, board), say)


def largest(name: str) -> tuple[str, ...]:
    """The options that name the folding for the largest board, made first where there is none.

    Nothing where there can be none.
    """
    path = folding(name, BOARDS[0])
    if not path.exists():
        for _ in fastest(name, BOARDS[0]):
            pass
    if not path.exists():
        say(f"{name}: fits no {BOARDS[0]}")
        return ()
    return "--untrained", "--fold", str(path)


def sim(name: str, args: argparse.Namespace) -> Iterator[Row]:
    """Verilog beside the golden model: every tensor of a frame, the scores of three."""
    how = largest(name)
    if not how:
        path = Path(f"build/bench/{name}-beyond.json")
        beyond(name, BOARDS[0], *BEYOND, float(MHZ), path)
        how = "--untrained", "--fold", str(path)
    ran, said = ask("sim", name, *how, "--images", "3", "--level-images", "1")
    yield from differing(ran, said, f"{name}: ")
    yield from cycles_of(name, ran, said)


def arrays(name: str, args: argparse.Namespace) -> Iterator[Row]:
    """What is behind the front, alone."""
    graph = load_untrained(model_file(name)).graph
    yield from tail(graph, BEHIND, SIZES, args.route, say)


def routed(name: str, args: argparse.Namespace) -> Iterator[Row]:
    """The whole network with its SDRAM and the board's link, at the clock that the SDRAM sets."""
    if not (how := largest(name)):
        return
    aims = ("--clock", MHZ, "--placer", "wires", "--mhz", "75")
    built, said = ask("build", name, *how, "--board", BOARDS[0], *aims)
    what = f"{name} on {BOARDS[0]}"
    for key, unit in CELLS.items():
        yield what, built[key], unit, "routed", said
    yield what, built["fmax_mhz"], "MHz", "routed", said
    cycles = built["cycles per frame"]
    yield what, cycles, "cycles", "model", said
    rate = min(built["fmax_mhz"], float(MHZ)) * 1e6 / cycles
    yield f"{what}, at {MHZ} MHz at most", rate, "frames/s", "routed", said


WHOSE = {"arrays": (SMALLEST,), "routed": ROUTED}  # of the others every network
MEASURES = {
    "streamed": streamed, "boards": boards, "sim": sim, "arrays": arrays, "routed": routed,
}  # fmt: skip
