"""Frames and results as words of a bus, as a program or a DMA engine has them in memory."""

from __future__ import annotations

import numpy as np

from bus.geometry import Geometry
from fq_hw.golden import best_classes

__all__ = ["frame_words", "result_words"]


def frame_words(images: np.ndarray, geometry: Geometry) -> list[int]:
    """Images (uint8 N,H,W,C) as words, each image from a new one on."""
    size = geometry.in_bits // 8
    rows = [image.tobytes().ljust(size * geometry.frame_words, b"\0") for image in images]
    text = b"".join(rows)
    return [int.from_bytes(text[at : at + size], "little") for at in range(0, len(text), size)]


def result_words(scores: np.ndarray, geometry: Geometry) -> list[int]:
    """The result of a frame with these ``scores``, as words."""
    found = [*scores.tolist(), *best_classes(scores, geometry.best).tolist()]
    numbers = np.array(found, f"<i{geometry.field_bits // 8}")
    size = geometry.out_bits // 8
    text = numbers.tobytes().ljust(size * geometry.result_words, b"\0")
    return [int.from_bytes(text[at : at + size], "little") for at in range(0, len(text), size)]
