"""Arguments that several commands share: the model."""

from __future__ import annotations

import argparse
from pathlib import Path

from fq_hw import flow
from fq_hw.flow.model import SHIPPED, Model
from fq_hw.flow.shipped import configuration_of, model_file

__all__ = [
    "add_model_argument",
    "add_net_argument",
    "add_pictures_argument",
    "add_untrained_argument",
    "model_of",
]


def add_model_argument(parser: argparse.ArgumentParser) -> None:
    """A checkpoint, or a graph that export wrote; the shipped network by default."""
    parser.add_argument(
        "model",
        type=model_file,
        nargs="?",
        default=SHIPPED,
        help="checkpoint or exported graph, or the name of a shipped network "
        f"(default: {SHIPPED.stem})",
    )


def add_net_argument(parser: argparse.ArgumentParser, role: str = "") -> None:
    """The same as an option, where something else comes first; ``role`` begins its help."""
    what = f"{role}checkpoint, graph, ONNX or TFLite model (default: the shipped network)"
    parser.add_argument("--net", type=model_file, default=SHIPPED, help=what)


def add_pictures_argument(parser: argparse.ArgumentParser, count: str) -> None:
    """Pictures of a user's own; ``count`` as argparse's nargs."""
    what = "file, or folder of files: png, jpg, bmp, webp, ppm"
    parser.add_argument("pictures", type=Path, nargs=count, metavar="PICTURE", help=what)


def add_untrained_argument(parser: argparse.ArgumentParser) -> None:
    """Commands that make sense before anything is trained."""
    parser.add_argument(
        "--untrained",
        action="store_true",
        help="the model is a configuration (*.toml): take random weights, always the same; cycles "
        "and resources are nearly those of the trained network, its answers mean nothing",
    )


def model_of(args: argparse.Namespace) -> Model:
    """What the arguments say: a trained model, or one with random weights."""
    if args.untrained:
        return flow.load_untrained(configuration_of(args.model))
    return flow.load_model(args.model)
