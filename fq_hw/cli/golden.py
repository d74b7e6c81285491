"""``fq-hw golden``: accuracy of the integer model."""

from __future__ import annotations

import argparse
import time

from fq_hw.cli.model import (
    add_data_arguments,
    add_model_argument,
    golden_labels,
    load_data,
    load_model,
)
from fq_hw.cli.output import Output

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "golden",
        help="run the integer model on test images",
        description="Run the NumPy golden model on test images and print its accuracy.",
    )
    add_model_argument(parser)
    add_data_arguments(parser, 10_000)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Accuracy and speed."""
    graph = load_model(args.model).graph
    split = load_data(args, graph)
    began = time.perf_counter()
    labels = golden_labels(graph, split.images)
    seconds = time.perf_counter() - began
    right = int((labels == split.labels).sum())
    data = {
        "images": len(split),
        "right": right,
        "accuracy %": 100 * right / len(split),
        "images per second": len(split) / seconds,
    }
    text = (
        f"golden accuracy {data['accuracy %']:.2f} % ({right} of {len(split)} images), "
        f"{data['images per second']:.0f} images/s"
    )
    return Output(data, text)
