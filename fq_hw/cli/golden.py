"""``fq-hw golden``: accuracy of the integer model."""

from __future__ import annotations

import argparse
from pathlib import Path

from fq_hw.cli.images import add_data_arguments, load_images
from fq_hw.cli.model import add_model_argument, add_untrained_argument, model_of
from fq_hw.cli.output import Output, say
from fq_hw.data import Data
from fq_hw.errors import ArtifactError, require
from fq_hw.flow.mistakes import Tested, check_mistakes, save_mistakes, test
from fq_hw.flow.model import Model
from fq_hw.flow.records import save_golden
from fq_hw.report.classes import class_rows, class_table

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "golden",
        help="run the integer model on test images",
        description="Run the NumPy golden model on test images and print its accuracy, of each "
        "class too. A record for reports goes below build/golden.",
    )
    add_model_argument(parser)
    add_untrained_argument(parser)
    add_data_arguments(parser, 10_000)
    parser.add_argument(
        "--mistakes",
        type=Path,
        metavar="FILE.png",
        help="draw the confusion matrix and the mistakes of the largest margin into this file",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Accuracy and speed."""
    require(args.images >= 1, "--images", "must be at least 1", args.images)
    if args.mistakes is not None:
        check_mistakes(args.mistakes)
    model = model_of(args)
    images = load_images(args, model)
    tested = test(model, images.test().first(args.images))
    record(model, images, tested)
    count, right = len(tested.split), tested.right
    rows = class_rows(images.classes, tested.split.labels, {"golden": tested.labels})
    data = {
        "data": images.name,
        "images": count,
        "right": right,
        "accuracy %": 100 * right / count,
        "images per second": count / tested.seconds,
        "classes": rows,
    }
    told = f"golden accuracy {data['accuracy %']:.2f} % ({right} of {count} images)"
    text = f"{told}, {data['images per second']:.0f} images/s, {images.name}"
    text += f"\n\n{class_table(rows)}"
    if args.mistakes is not None:
        save_mistakes(args.mistakes, tested, images.classes, f"{model.name}, {images.name}: {told}")
        data["mistakes"] = str(args.mistakes)
        text += f"\n\nmistakes: {args.mistakes}"
    return Output(data, text)


def record(model: Model, images: Data, tested: Tested) -> None:
    """Leave a record for reports; where nothing can be written it is said, and all else goes on."""
    try:
        save_golden(model, images.name, tested.split, tested.labels)
    except ArtifactError as error:
        say(f"note: no record for reports: {error}")
