"""Arguments that several commands share: the model."""

from __future__ import annotations

import argparse
from pathlib import Path

from fq_hw.flow.model import SHIPPED

__all__ = ["add_model_argument"]


def add_model_argument(parser: argparse.ArgumentParser) -> None:
    """A checkpoint, or a graph that export wrote; the shipped network by default."""
    parser.add_argument(
        "model",
        type=Path,
        nargs="?",
        default=SHIPPED,
        help="checkpoint or exported graph (default: the shipped network)",
    )
