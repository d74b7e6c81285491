"""``fq-hw import``: a model trained elsewhere as an integer graph."""

from __future__ import annotations

import argparse
from pathlib import Path

from fq_hw import flow
from fq_hw.cli.foreign import UNIT, add_pixel_argument
from fq_hw.cli.output import Output, say
from fq_hw.errors import GraphError, require
from fq_hw.flow.load import TFLITE, judge
from fq_hw.report.table import table

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "import",
        help="fold an ONNX model with quantizers, or an int8 TFLite model, into an integer graph",
        description="Read a model that Brevitas or another tool exported (QONNX, QCDQ; TFLite of "
        "full integer quantization), list what becomes of every node, and write the graph that "
        "golden, sim, fold and build take. An .npz file holds the packed weights of BNN-PYNQ's CNV "
        "or blueoil's LmnetV1.",
    )
    parser.add_argument("model", type=Path, help="ONNX or TFLite file, or .npz")
    add_pixel_argument(parser, default=None)
    parser.add_argument(
        "--image",
        type=int,
        nargs=2,
        metavar=("HEIGHT", "WIDTH"),
        help="of a model that reads the pixels of grey images as N,F",
    )
    parser.add_argument("--out", type=Path, help="file (default build/NAME.graph.safetensors)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Read, fold and save."""
    if args.model.suffix == ".npz":
        contract = "packed weights say themselves how they see pixels"
        require(args.pixels is None, "--pixels", contract, args.pixels, hint="leave it out")
        require(args.image is None, "--image", "packed weights have an image of their own",
                args.image, hint="leave it out")  # fmt: skip
        return save(args, flow.load(args.model), {}, "")
    if args.model.suffix == TFLITE:
        contract = "an int8 model says itself what a byte is: the integer 128 below it"
        require(args.pixels is None, "--pixels", contract, args.pixels, hint="leave it out")
        contract = "an int8 model says itself what image it reads"
        require(args.image is None, "--image", contract, args.image, hint="leave it out")
    return fold(args)


def save(args: argparse.Namespace, model: flow.Model, more: dict, text: str) -> Output:
    """Write the graph; its figures, and ``more`` of them."""
    path = flow.output_path(args.out, f"{model.name}.graph.safetensors")
    model.save(path)
    data = {
        "graph": str(path),
        "ops": len(model.graph.ops),
        "weights": model.weight_count,
        **more,
    }
    return Output(data, "\n".join([text, *(f"{key}: {value}" for key, value in data.items())]))


def fold(args: argparse.Namespace) -> Output:
    """Judge every node, then fold them."""
    judged = judge(args.model, args.pixels or UNIT, args.image)
    lines = judged.lines
    rows = [(line.node, line.kind, "yes" if line.supported else "no", line.why) for line in lines]
    text = table(("node", "kind", "supported", "why not, and what to change"), rows)
    refused = [line for line in lines if not line.supported]
    if refused:
        for row in text.splitlines():
            say(row)
        first = refused[0]
        raise GraphError(
            f"{args.model}: {len(refused)} of {len(lines)} nodes are not supported; the first is "
            f"{first.node} ({first.kind}): {first.why}"
        )
    found = judged.imported
    if judged.doubt:
        say(f"note: {judged.doubt}")
    more = {"nodes": len(lines), "ranking error": found.ranking_error}
    return save(args, flow.Model(graph=found.graph), more, f"{text}\n")
