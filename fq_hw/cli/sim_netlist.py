"""``fq-hw sim --netlist``: what the tools made of a design, beside golden and the Verilog."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from fq_hw import flow
from fq_hw.cli.images import load_data
from fq_hw.cli.output import Output, say
from fq_hw.errors import SimulationError, require
from fq_hw.flow.netlist import Stage, compare_netlist, compare_tables, read_build
from fq_hw.report.table import table

__all__ = ["add_netlist_arguments", "check_netlist", "simulate_netlist"]

SEEDS = 2**31


def add_netlist_arguments(parser: argparse.ArgumentParser) -> None:
    """Which netlist, and where it is."""
    parser.add_argument(
        "--netlist",
        choices=[stage.value for stage in Stage],
        help="instead of every tensor of the Verilog, simulate what the tools made of it, through "
        "the board's UART: after synthesis, as routed (of `fq-hw build --keep-netlist`), or what "
        "the bitstream says (an iCE40's as logic; of an ECP5's, tables and memories are compared "
        "with the routed netlist)",
    )
    parser.add_argument(
        "--build", type=Path, metavar="FOLDER", help="that `fq-hw build` left: FILE.build"
    )
    parser.add_argument(
        "--seed", type=int, help="of the values that nothing on the device initialises (default 1)"
    )


def check_netlist(args: argparse.Namespace) -> None:
    """Refuse options that belong to the other way of simulating."""
    if args.netlist is None:
        hint = "add --netlist STAGE, or leave it out"
        for option, value in (("--build", args.build), ("--seed", args.seed)):
            given = value is not None and str(value)
            require(not given, option, "is of --netlist alone", given, hint=hint)
        return
    hint = "leave it out: a netlist is seen at its pins alone"
    for option, value in (
        ("--waves", args.waves and str(args.waves)),
        ("--wave-frames", args.wave_frames),
        ("--level-images", args.level_images),
    ):
        require(value is None, option, "looks inside, and --netlist cannot", value, hint=hint)
    hint = "name the folder beside the bitstream, FILE.build"
    require(args.build is not None, "--netlist", "needs --build FOLDER", hint=hint)
    fits = args.seed is None or 1 <= args.seed < SEEDS
    require(fits, "--seed", f"must be in 1..{SEEDS - 1}", args.seed)
    require(args.images >= 1, "--images", "must be at least 1", args.images)


def simulate_netlist(args: argparse.Namespace, design: flow.Design) -> Output:
    """Compare and refuse to call a difference a result."""
    stage, built = Stage(args.netlist), read_build(args.build, design)
    if built.has_tables_only(stage):
        bits = compare_tables(built)
        wrong = bits.lut_wrong + bits.ram_wrong
        contract = f"has {wrong:,} bits other than the routed netlist's"
        require(wrong == 0, "bitstream", contract, kind=SimulationError)
        rows = [
            ("mismatching bits of LUTs", bits.lut_wrong),
            ("  compared", bits.lut_bits),
            ("mismatching bits of block RAM", bits.ram_wrong),
            ("  compared", bits.ram_bits),
        ]
        data = {"stage": stage.value, "board": built.board.name, **asdict(bits)}
        return Output(data, table(("", "bitstream, routed netlist"), rows))
    images = load_data(args, design.model).images[:]
    seed = 1 if args.seed is None else args.seed
    found = compare_netlist(design, built, stage, images, seed=seed, report=say)
    found.check()
    return Output(found.data(), table(("", f"{stage.value}, {found.board}"), found.rows()))
