"""``fq-hw golden``: accuracy of the integer model."""

from __future__ import annotations

import argparse
import time

from fq_hw.cli.images import add_data_arguments, load_images
from fq_hw.cli.model import add_model_argument
from fq_hw.cli.output import Output
from fq_hw.errors import require
from fq_hw.flow.bars import golden_labels
from fq_hw.flow.model import load_model
from fq_hw.report.classes import class_rows, class_table

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "golden",
        help="run the integer model on test images",
        description="Run the NumPy golden model on test images and print its accuracy, of each "
        "class too.",
    )
    add_model_argument(parser)
    add_data_arguments(parser, 10_000)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Accuracy and speed."""
    require(args.images >= 1, "--images", "must be at least 1", args.images)
    model = load_model(args.model)
    images = load_images(args, model)
    split = images.test().first(args.images)
    began = time.perf_counter()
    labels = golden_labels(model.graph, split.images)
    seconds = time.perf_counter() - began
    right = int((labels == split.labels).sum())
    rows = class_rows(images.classes, split.labels, {"golden": labels})
    data = {
        "data": images.name,
        "images": len(split),
        "right": right,
        "accuracy %": 100 * right / len(split),
        "images per second": len(split) / seconds,
        "classes": rows,
    }
    text = (
        f"golden accuracy {data['accuracy %']:.2f} % ({right} of {len(split)} images), "
        f"{data['images per second']:.0f} images/s, {images.name}"
    )
    return Output(data, f"{text}\n\n{class_table(rows)}")
