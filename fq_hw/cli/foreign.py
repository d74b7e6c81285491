"""What ``import`` and ``verify`` share: the foreign model and how it sees pixels."""

from __future__ import annotations

import argparse

from fq_hw.foreign.pixels import PixelRange

__all__ = ["UNIT", "add_pixel_argument"]


UNIT = PixelRange.UNIT.value


def add_pixel_argument(parser: argparse.ArgumentParser, default: str | None = UNIT) -> None:
    """How bytes become the model's input; ``default`` None tells that nobody said so."""
    parser.add_argument(
        "--pixels",
        choices=[pixels.value for pixels in PixelRange],
        default=default,
        help="what the model gets for a byte p: p/255 (unit, default), 2p/255-1 (signed), "
        "p (byte), or the number that its own first quantizer makes p of (model)",
    )
