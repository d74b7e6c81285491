"""Arguments that several commands share: the images to run a model on."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from fq_hw import data, golden, ir
from fq_hw.cli.model import Model
from fq_hw.cli.output import say
from fq_hw.data import DataKind
from fq_hw.data.source import Source, check_classes
from fq_hw.errors import ArtifactError, require

__all__ = ["add_data_arguments", "add_source_arguments", "choose", "golden_labels", "load_data",
           "load_images"]  # fmt: skip

DIGITS = ((32, 32, 3), 10)  # image and classes of the built-in set


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


def choose(
    args: argparse.Namespace, name: str, source: Source | None
) -> tuple[DataKind, Path | None]:
    """Kind and path of the images: as the options say, else as the model's record says."""
    kind = DataKind(args.data) if args.data else source and source.kind
    hint = "name its images with --data and --path"
    contract = f"{name} does not say what it was trained on"
    require(kind is not None, "--data", contract, hint=hint, kind=ArtifactError)
    remembered = args.path is None and source is not None and source.kind is kind
    if not remembered or source.path is None:
        return kind, args.path
    path = Path(source.path)
    contract = f"{name} was trained on the images in {path}, which is not here"
    hint = "say with --path where they are"
    require(path.exists(), "--path", contract, hint=hint, kind=ArtifactError)
    return kind, path


def load_images(args: argparse.Namespace, model: Model) -> data.Data:
    """The data to run ``model`` on; refuses what it was not made for."""
    graph, source = model.graph, model.source
    nothing = source is None and model.accuracy is None and args.data is args.path is None
    if nothing and (graph.input.shape, graph.classes) == DIGITS:
        say(f"note: {graph.name} does not say what it was trained on; taking the built-in digits")
        args = argparse.Namespace(**vars(args) | {"data": DataKind.DIGITS.value})
    kind, path = choose(args, graph.name, source)
    images = data.load(kind, path, graph.input.shape)
    check_classes(images, graph.name, graph.classes, source and source.classes)
    return images


def load_data(args: argparse.Namespace, model: Model) -> data.Split:
    """The first ``--images`` images of the test split."""
    require(args.images >= 1, "--images", "must be at least 1", args.images)
    return load_images(args, model).test().first(args.images)


def golden_labels(graph: ir.Graph, images: np.ndarray) -> np.ndarray:
    """``golden.labels`` with a bar, at a terminal: large networks take minutes."""
    from tqdm import tqdm

    with tqdm(total=len(images), desc="golden model", unit="image", disable=None) as bar:
        return golden.labels(graph, images, bar.update)
