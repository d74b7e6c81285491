"""Random images, for a network that is not trained yet."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from fq_hw.data.split import Data, Split

__all__ = ["noise"]

COUNT = 10
CELL = 8  # pixels of a side in which the light hardly changes, as in photographs


def noise(name: str, image: tuple[int, ...], classes: Sequence[str]) -> Data:
    """Images of ``image`` (height, width, colours), always the same; labels that mean nothing.

    Patches of random colours under random pixels, so that the levels behind them are not all of one
    kind.
    """

    @functools.cache
    def test() -> Split:
        rng = np.random.default_rng(0)
        height, width, colours = image
        coarse = (COUNT, -(-height // CELL), -(-width // CELL), colours)
        ground = rng.integers(0, 192, coarse, np.uint8).repeat(CELL, axis=1).repeat(CELL, axis=2)
        grain = rng.integers(0, 64, (COUNT, *image), np.uint8)
        labels = np.arange(COUNT, dtype=np.int64) % len(classes)
        return Split(images=ground[:, :height, :width] + grain, labels=labels)

    return Data(
        name=f"random images for {name}",
        classes=tuple(classes),
        train=lambda seed: test(),
        test=test,
    )
