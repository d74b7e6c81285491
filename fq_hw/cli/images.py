"""Arguments that several commands share: the images to run a model on."""

from __future__ import annotations

import argparse
from pathlib import Path

from fq_hw import flow
from fq_hw.cli.output import say
from fq_hw.data import Data, DataKind, Split
from fq_hw.errors import require

__all__ = ["add_data_arguments", "add_source_arguments", "kind_of", "load_data", "load_images"]


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Which images, where not those that the model was trained on."""
    kinds = [kind.value for kind in DataKind]
    default = "default: what the model was trained on"
    parser.add_argument("--data", choices=kinds, help=default)
    parser.add_argument("--path", type=Path, help=f"folder of the data ({default})")


def add_data_arguments(parser: argparse.ArgumentParser, images: int) -> None:
    """Which test images to run; ``images`` is how many by default."""
    add_source_arguments(parser)
    parser.add_argument(
        "--images",
        type=int,
        default=images,
        help=f"how many test images (default {images}); the first ones are of all classes",
    )


def kind_of(args: argparse.Namespace) -> DataKind | None:
    """What --data says."""
    return DataKind(args.data) if args.data else None


def load_images(args: argparse.Namespace, model: flow.Model) -> Data:
    """The data to run ``model`` on; refuses what it was not made for."""
    return flow.load_images(model, kind_of(args), args.path, say)


def load_data(args: argparse.Namespace, model: flow.Model) -> Split:
    """The first ``--images`` images of the test split."""
    require(args.images >= 1, "--images", "must be at least 1", args.images)
    return load_images(args, model).test().first(args.images)
