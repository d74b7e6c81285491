"""``fq-hw verify``: an imported graph against qonnx's own execution of its model."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np

from fq_hw.cli.foreign import add_pixel_argument
from fq_hw.cli.images import add_data_arguments, load_data
from fq_hw.cli.model import add_model_argument
from fq_hw.cli.output import Output, say
from fq_hw.errors import ArtifactError, SimulationError, require
from fq_hw.flow.bars import golden_labels
from fq_hw.flow.load import load_onnx
from fq_hw.flow.model import load_model
from fq_hw.ir import Graph
from fq_hw.report.table import table

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "verify",
        help="compare an imported graph with qonnx's execution of its model",
        description="Run the ONNX model with qonnx and the graph with the golden model on the same "
        "images and compare every tensor; the first that differs is named with its values.",
    )
    add_model_argument(parser)
    parser.add_argument("--against", type=Path, required=True, help="the ONNX file")
    add_pixel_argument(parser)
    add_data_arguments(parser, 20)
    parser.set_defaults(run=run)


def equal(a: Graph, b: Graph) -> bool:
    """Whether two graphs have the same ops with the same constants."""
    nodes = list(zip(a.nodes(), b.nodes(), strict=False))
    return len(a.ops) == len(b.ops) and all(
        x.keys() == y.keys() and all(np.array_equal(x[key], y[key]) for key in x) for x, y in nodes
    )


def run(args: argparse.Namespace) -> Output:
    """Compare tensor by tensor; a difference is an error."""
    onnx = load_onnx()
    from tqdm import tqdm

    read = load_model(args.model)
    graph = read.graph
    pixels = onnx.PixelRange(args.pixels)
    model = onnx.read(args.against)
    imported = onnx.fold(model, graph.name, pixels, graph.input.shape)
    same = equal(imported.graph, graph)
    contract = f"must be what `fq-hw import {args.against} --pixels {args.pixels}` gives"
    hint = "import it again, or name the model that it came from"
    require(same, str(args.model), contract, hint=hint, kind=ArtifactError)
    split = load_data(args, read)
    values, wrong, ties, first = Counter(), Counter(), Counter(), {}
    say("qonnx runs one image at a time")
    for number, image in enumerate(tqdm(split.images, disable=None, unit="image")):
        for row in onnx.compare(model, imported, pixels, image):
            values[row.tensor] += row.values
            wrong[row.tensor] += row.wrong
            ties[row.tensor] += row.ties
            if row.wrong and row.tensor not in first:
                first[row.tensor] = (number, row)
    scores = golden_labels(graph, split.images)
    right = int((scores == split.labels).sum())
    rows = [(name, count, wrong[name], ties[name]) for name, count in values.items()]
    head = ("tensor", "values", "differing", "ties")
    data = {
        "images": len(split),
        "tensors": [dict(zip(head, row, strict=True)) for row in rows],
        "golden accuracy %": 100 * right / len(split),
    }
    text = table(head, rows)
    if first:
        say(text)
        name = next(name for name in values if name in first)
        number, row = first[name]
        raise SimulationError(
            f"verify {graph.name!r}: {wrong[name]:,} of {values[name]:,} values of {name!r} differ "
            f"from qonnx, first in image {number} at {row.place}: {row.found:g}, not "
            f"{row.reference:g}"
        )
    verdict = f"every value as qonnx has it on {len(split)} images"
    if ties.total():
        verdict += (
            f", but for {ties.total():,} ties: nearer to an edge than qonnx's float32 rounds, so "
            "that it may fall on either side there"
        )
    return Output(data, f"{text}\n\n{verdict}")
