"""``fq-hw rtl``: a model as Verilog."""

from __future__ import annotations

import argparse
from pathlib import Path

from fq_hw.cli.hardware import add_fold_arguments, make_plan, plan_tag
from fq_hw.cli.model import add_model_argument, load_model, output_path
from fq_hw.cli.output import Output, say
from fq_hw.errors import one_of
from fq_hw.files import write_text

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "rtl",
        help="emit Verilog",
        description="Write the accelerator as one Verilog file, module `accelerator`: clk, rst, "
        "and the streams i (a pixel a beat) and o (label and scores a beat), each with NAME_valid, "
        "NAME_ready, NAME_data.",
    )
    add_model_argument(parser)
    add_fold_arguments(parser)
    parser.add_argument(
        "--family",
        default="plain",
        help="form of the dot products: plain (any device), ecp5, gowin, ice40 (default plain)",
    )
    parser.add_argument("--out", type=Path, help="file (default build/NAME-SPEED-FAMILY.v)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Emit and write."""
    from rtl_gen.dot_product import FAMILIES
    from rtl_gen.emit import to_verilog
    from rtl_gen.top import Accelerator

    one_of(args.family, FAMILIES, "--family")
    graph = load_model(args.model).graph
    path = output_path(args.out, f"{graph.name}-{plan_tag(args, graph.name)}-{args.family}.v")
    plan = make_plan(args, graph)
    say("generating Verilog")
    text = to_verilog(Accelerator(plan, args.family), "accelerator")
    write_text(path, text, f"--out {path}")
    scores = plan.nodes[-1].unit
    data = {
        "verilog": str(path),
        "lines": text.count("\n"),
        "i_data bits": 8 * plan.image[2],
        "o_data bits": scores.result_bits,
        "label bits": scores.label_bits,
        "score bits": scores.score_bits,
    }
    return Output(data, "\n".join(f"{key}: {value}" for key, value in data.items()))
