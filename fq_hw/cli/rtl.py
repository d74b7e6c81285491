"""``fq-hw rtl``: a model as Verilog, and what a user of it needs."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from fq_hw.cli.hardware import add_fold_arguments, cycle_model, make_plan, plan_tag
from fq_hw.cli.images import add_source_arguments, load_images
from fq_hw.cli.model import Model, add_model_argument, load_model, output_path
from fq_hw.cli.output import Output, say
from fq_hw.data import DataKind
from fq_hw.errors import one_of
from fq_hw.files import as_file_name, check_output, write_together

__all__ = ["add_parser"]

TOP = "accelerator"


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "rtl",
        help="emit Verilog",
        description="Write the accelerator as one Verilog file: clk, rst, and the streams i (a "
        "pixel a beat) and o (label and scores a beat), each with NAME_valid, NAME_ready, "
        "NAME_data; the file's head says what they mean. Beside it: an instantiation to copy, a "
        "bench for Icarus Verilog and Verilator that shows one test image and compares the result "
        "with the golden model's, and, where the form needs them, primitives for simulation.",
    )
    add_model_argument(parser)
    add_fold_arguments(parser)
    add_source_arguments(parser)
    parser.add_argument(
        "--family",
        default="plain",
        help="form of the dot products: plain (any device), ecp5, gowin, ice40 (default plain)",
    )
    parser.add_argument(
        "--top",
        default=TOP,
        help=f"name of the module (default {TOP}); the names of all modules in it begin with it, "
        "so that designs with different ones go together",
    )
    parser.add_argument("--out", type=Path, help="file (default build/NAME-SPEED-FAMILY.v)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Emit and write."""
    from rtl_gen.dot_product import FAMILIES
    from rtl_gen.top import Accelerator
    from sim.handout import Product, check_top, design, handout

    one_of(args.family, FAMILIES, "--family")
    check_top(args.top)
    model = load_model(args.model)
    graph, source = model.graph, model.source
    own = "" if args.top == TOP else f"-{args.top}"
    name = f"{graph.name}-{plan_tag(args, graph.name)}-{args.family}{own}.v"
    path = output_path(args.out, name)
    plan = make_plan(args, graph)
    product = Product(
        plan=plan,
        schedule=cycle_model(plan, 3),
        top=args.top,
        family=args.family,
        classes=source.classes if source else (),
    )
    beside = handout(product, graph, example_image(args, model), as_file_name(path.stem))
    files = {path.with_name(name): content for name, content in beside.items()}
    for file in files:
        check_output(file, f"--out {file}")
    say("generating Verilog")
    files[path] = text = design(product, Accelerator(plan, args.family))
    write_together(files, "--out")
    data = {
        "verilog": str(path),
        "lines": text.count("\n"),
        "i_data bits": product.in_bits,
        "o_data bits": product.result.result_bits,
        "label bits": product.result.label_bits,
        "score bits": product.result.score_bits,
        "beside": [str(path.with_name(name)) for name in beside],
    }
    shown = data | {"beside": ", ".join(data["beside"])}
    return Output(data, "\n".join(f"{key}: {value}" for key, value in shown.items()))


def example_image(args: argparse.Namespace, model: Model) -> np.ndarray:
    """The first test image; where nobody says which, or they are not here, a random one."""
    source = model.source
    here = source is not None and (
        source.kind is DataKind.DIGITS or (source.path is not None and Path(source.path).exists())
    )
    if here or args.data or args.path:
        return load_images(args, model).test().first(1).images[0]
    say("note: its test images are not here: the bench shows a random one (or name --data, --path)")
    return np.random.default_rng(0).integers(0, 256, model.graph.input.shape, np.uint8)
