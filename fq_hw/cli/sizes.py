"""Arguments that several commands share: a model to size, which need not be trained."""

from __future__ import annotations

import argparse

from fq_hw.flow.model import SHIPPED, Model
from fq_hw.flow.shipped import model_file, names

__all__ = ["add_sized_argument", "note"]


def note(model: Model) -> str:
    """A line to print before the figures; nothing for a trained model."""
    return f"{model.weights} ({model.name})\n\n" if model.weights else ""


def add_sized_argument(parser: argparse.ArgumentParser) -> None:
    """What ``flow.load_sized`` reads; the shipped network by default."""
    parser.add_argument(
        "model",
        type=model_file,
        nargs="?",
        default=SHIPPED,
        help="checkpoint, exported graph, the TOML configuration of a network that is not trained "
        f"yet, or the name of a shipped network: {', '.join(names())} (default: {SHIPPED.stem})",
    )
