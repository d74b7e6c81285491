"""Arguments that several commands share: a model to size, which need not be trained."""

from __future__ import annotations

import argparse
from pathlib import Path

from fq_hw.flow.model import SHIPPED, Model

__all__ = ["add_sized_argument", "note"]


def note(model: Model) -> str:
    """A line to print before the figures; nothing for a trained model."""
    return f"{model.weights} ({model.name})\n\n" if model.weights else ""


def add_sized_argument(parser: argparse.ArgumentParser) -> None:
    """What ``flow.load_sized`` reads; the shipped network by default."""
    parser.add_argument(
        "model",
        type=Path,
        nargs="?",
        default=SHIPPED,
        help="checkpoint, exported graph, or the TOML configuration of a network that is not "
        "trained yet (default: the shipped network)",
    )
