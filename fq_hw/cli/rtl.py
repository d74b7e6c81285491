"""``fq-hw rtl``: a model as Verilog, and what a user of it needs."""

from __future__ import annotations

import argparse
from pathlib import Path

from fq_hw import flow
from fq_hw.cli.hardware import add_fold_arguments, hardware_of
from fq_hw.cli.images import add_source_arguments, kind_of
from fq_hw.cli.model import add_model_argument, add_untrained_argument, model_of
from fq_hw.cli.output import Output, say

__all__ = ["add_parser"]

TOP = "accelerator"


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "rtl",
        help="emit Verilog",
        description="Write the accelerator as one Verilog file: clk, rst, and the streams i (a "
        "pixel a beat) and o (label and scores a beat), each with NAME_valid, NAME_ready, "
        "NAME_data, or the ports of AXI4-Stream or Wishbone (--bus); the file's head says what "
        "they mean. Beside it: an instantiation to copy, a bench for Icarus Verilog and Verilator "
        "that shows one test image and compares the result with the golden model's, where the form "
        "needs them primitives for simulation, and with Wishbone its registers as a C header.",
    )
    add_model_argument(parser)
    add_untrained_argument(parser)
    add_fold_arguments(parser)
    add_source_arguments(parser)
    parser.add_argument(
        "--family",
        default="plain",
        help="form of the dot products: plain (any device), ecp5, gowin, gw5a, ice40 (default "
        "plain)",
    )
    parser.add_argument(
        "--top",
        default=TOP,
        help=f"name of the module (default {TOP}); the names of all modules in it begin with it, "
        "so that designs with different ones go together",
    )
    parser.add_argument(
        "--bus",
        default="stream",
        help="its ports: stream, axi4-stream, or wishbone (B4 classic, 32 bits, with an interrupt "
        "and a C header) (default stream)",
    )
    parser.add_argument(
        "--bus-width",
        type=int,
        metavar="BITS",
        help="of axi4-stream: frames and results as bytes in beats of so many bits, for a DMA "
        "engine (default: a pixel, a result a beat)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="file (default build/NAME-SPEED-FAMILY.v, with the bus in its name)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Emit and write."""
    flow.check_verilog(args.family, args.top, args.bus, args.bus_width)
    model, hardware = model_of(args), hardware_of(args)
    own = "" if args.top == TOP else f"-{args.top}"
    ports = "" if args.bus == "stream" else f"-{args.bus}"
    ports += "" if args.bus_width is None else f"-{args.bus_width}"
    name = f"{model.name}-{hardware.tag(model.name)}-{args.family}{ports}{own}.v"
    path = flow.output_path(args.out, name)
    design = model.design(hardware)
    image = flow.example_image(model, kind_of(args), args.path, say)
    say("generating Verilog")
    made = design.write_verilog(path, args.family, args.top, image, args.bus, args.bus_width)
    result = made.product.result
    data = {"verilog": str(path), "lines": made.lines}
    if args.bus == "stream":
        data |= {"i_data bits": made.product.in_bits, "o_data bits": result.data_bits}
        data |= {"beats of a result": result.beats_out, "score bits": result.score_bits}
    else:
        geometry = made.product.geometry
        data |= {"bits in": geometry.in_bits, "words of a frame": geometry.frame_words}
        data |= {"bits out": geometry.out_bits, "words of a result": geometry.result_words}
        data |= {"bits of label and score": geometry.field_bits}
    data["beside"] = [str(file) for file in made.beside]
    shown = data | {"beside": ", ".join(data["beside"])}
    return Output(data, "\n".join(f"{key}: {value}" for key, value in shown.items()))
