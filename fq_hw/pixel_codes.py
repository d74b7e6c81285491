"""Pixel codes that nobody learns: 256 rows of 2-bit levels, one a pixel value."""

from __future__ import annotations

import numpy as np

from fq_hw.layers import Embedding, EmbeddingKind
from fq_hw.thermometer import thermometer_table

__all__ = ["digits_table", "fixed_table", "naive_table"]


def naive_table() -> np.ndarray:
    """The pixel rounded to one 2-bit level, round(3 p / 255): integers of shape 256,1."""
    return np.rint(np.arange(256)[:, None] * 3 / 255).astype(np.int64)  # no tie: 255 is odd


def digits_table() -> np.ndarray:
    """The digits of the pixel to the base 4, the lowest first: integers of shape 256,4."""
    return np.arange(256)[:, None] // 4 ** np.arange(4) % 4


def fixed_table(embedding: Embedding) -> np.ndarray | None:
    """The table of a record, shape 256,length; None where its kind has none or learns it."""
    if embedding.kind is EmbeddingKind.THERMOMETER:
        return thermometer_table(embedding.length)
    makers = {EmbeddingKind.NAIVE: naive_table, EmbeddingKind.DIGITS: digits_table}
    return makers[embedding.kind]() if embedding.kind in makers else None
