"""``fq-hw sim``: float, golden model and Verilog side by side on real images."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from fq_hw import flow
from fq_hw.cli.hardware import add_fold_arguments, hardware_of
from fq_hw.cli.images import add_data_arguments, load_images
from fq_hw.cli.model import add_model_argument, add_untrained_argument, model_of
from fq_hw.cli.output import Output, say
from fq_hw.cli.sim_netlist import add_netlist_arguments, check_netlist, simulate_netlist
from fq_hw.errors import require
from fq_hw.flow import waves
from fq_hw.flow.simulate import LEVEL_IMAGES, Comparison, check_sizes
from fq_hw.report.classes import class_table
from fq_hw.report.table import table

__all__ = ["add_parser", "add_sim_arguments", "check_sim", "simulate"]


def add_sim_arguments(parser: argparse.ArgumentParser) -> None:
    """How much to simulate."""
    add_data_arguments(parser, 50)
    parser.add_argument(
        "--level-images", type=int, help=f"compare every tensor of so many (default {LEVEL_IMAGES})"
    )


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "sim",
        help="simulate the Verilog on test images and compare",
        description="Build the emitted Verilog with Verilator, run test images through it, and "
        "compare scores, every tensor of the first images, and cycles. The golden accuracy is over "
        "the whole test split. With --netlist, the same of what synthesis, place and route, or the "
        "bitstream made of it.",
    )
    add_model_argument(parser)
    add_untrained_argument(parser)
    add_fold_arguments(parser)
    add_sim_arguments(parser)
    parser.add_argument(
        "--waves",
        type=Path,
        metavar="FILE",
        help="write the streams of every unit here, as .vcd or .fst, and beside it a save file for "
        "GTKWave, .gtkw",
    )
    parser.add_argument(
        "--wave-frames", type=int, help=f"how many frames of them (default {waves.FRAMES})"
    )
    add_netlist_arguments(parser)
    parser.set_defaults(run=run)


def check_sim(args: argparse.Namespace) -> None:
    """Everything that can be refused before any work."""
    check_sizes(args.images, args.level_images)


def simulate(args: argparse.Namespace, design: flow.Design) -> Comparison:
    """Run golden model, cycle model and Verilator as the options say."""
    return flow.compare(
        design, lambda: load_images(args, design.model), args.images, args.level_images, say
    )


def run(args: argparse.Namespace) -> Output:
    """Compare and refuse to call a difference a result; waves are written in both cases."""
    check_netlist(args)
    check_sim(args)
    if args.netlist is not None:
        return simulate_netlist(args, model_of(args).design(hardware_of(args)))
    contract, hint = "says how much --waves writes", "add --waves FILE"
    alone = args.waves is None and args.wave_frames is not None
    require(not alone, "--wave-frames", contract, args.wave_frames, hint=hint)
    frames = waves.FRAMES if args.wave_frames is None else args.wave_frames
    if args.waves is not None:
        waves.check_waves(args.waves, frames)
    design = model_of(args).design(hardware_of(args))
    found = simulate(args, design)
    text, data = table(("", "float", "golden, model", "rtl-sim"), found.rows()), found.data()
    if args.waves is not None:
        saved = waves.record(design, found.split.first(frames).images[:], args.waves, say)
        data["waves"] = {"file": str(args.waves), "gtkwave": str(saved)}
    found.check()
    text += f"\n\nsimulated images of {found.images_of}\n\n{class_table(found.classes)}"
    if args.waves is not None:
        text += f"\n\nwaves: {args.waves}; to see them: {shlex.join(['gtkwave', str(saved)])}"
    return Output(data, text)
