"""The order in which images are delivered: shuffled with a fixed seed, the classes in turn.

Files lie class by class, or as they came. What takes the first images, or holds some out, must see
every class all the same, and the same images on every machine.
"""

from __future__ import annotations

import numpy as np

from fq_hw.errors import ArtifactError, require

__all__ = ["in_turn", "share_of_each", "shuffled"]

SEED = 17


def ranks(labels: np.ndarray) -> np.ndarray:
    """Of every image, how many of its class come before it."""
    by_class = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    rank = np.empty(len(labels), np.int64)
    rank[by_class] = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rank


def in_turn(labels: np.ndarray) -> np.ndarray:
    """Image numbers so that the classes take turns; each class keeps its order.

    The first n have as many of every class as of any other, where there are so many.
    """
    return np.lexsort((labels, ranks(labels)))


def shuffled(labels: np.ndarray) -> np.ndarray:
    """Image numbers, each class shuffled with a fixed seed, the classes in turn.

    Images whose classes take turns already stay as they are.
    """
    if (in_turn(labels) == np.arange(len(labels))).all():
        return np.arange(len(labels))
    mixed = np.random.default_rng(SEED).permutation(len(labels))
    return mixed[in_turn(labels[mixed])]


def share_of_each(labels: np.ndarray, count: int, where: str) -> np.ndarray:
    """Whether an image is one of ``count``: the same share of every class, its last images.

    Raises ArtifactError where a class would be left without an image.
    """
    sizes = np.bincount(labels)
    most = len(labels) - np.count_nonzero(sizes)
    contract = f"at most {most} of the {len(labels)} images can be held out: each class keeps one"
    require(1 <= count <= most, where, contract, count, kind=ArtifactError)
    exact = count * sizes  # in units of 1 / len(labels)
    taken = np.minimum(exact // len(labels), np.maximum(sizes - 1, 0))
    for _ in range(count - taken.sum()):  # to those that are furthest below their share
        missing = np.where(taken < sizes - 1, exact - taken * len(labels), -(len(labels) ** 2))
        taken[missing.argmax()] += 1
    return ranks(labels) >= (sizes - taken)[labels]
