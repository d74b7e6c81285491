"""What every loader returns."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from fq_hw.data.order import in_turn, share_of_each, shuffled
from fq_hw.data.pictures import Pictures
from fq_hw.errors import ArtifactError, require

__all__ = ["Data", "Split", "arranged", "hold_out", "parted"]

IN_MEMORY = 2**30  # bytes of pixels; larger splits are read from disk batch by batch


@dataclass(frozen=True, kw_only=True)
class Split:
    """Images with their labels: uint8 of shape N,H,W,C and int64 of shape N.

    ``images`` of a large split are Pictures: they have an array's shape, and are read from disk
    where they are indexed.
    """

    images: np.ndarray | Pictures
    labels: np.ndarray

    def __post_init__(self) -> None:
        where, images, labels = "data", self.images, self.labels
        shaped = images.ndim == 4 and images.dtype == np.uint8
        require(
            shaped, where, "images must be uint8 of shape N,H,W,C", images.shape, kind=ArtifactError
        )
        paired = labels.shape == images.shape[:1]
        require(paired, where, f"needs {len(images)} labels", labels.shape, kind=ArtifactError)
        whole = labels.dtype == np.int64
        require(whole, where, "labels must be int64", str(labels.dtype), kind=ArtifactError)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def streamed(self) -> bool:
        """Whether the images are on disk."""
        return isinstance(self.images, Pictures)

    def take(self, which: slice | np.ndarray) -> Split:
        """Some of the images, by their numbers; those on disk stay there."""
        images = self.images.take(which) if self.streamed else self.images[which]
        return Split(images=images, labels=self.labels[which])

    def first(self, count: int) -> Split:
        """The first ``count`` images."""
        return self.take(slice(count))

    def read(self, most: int = IN_MEMORY) -> Split:
        """The same in memory, unless its pixels are more than ``most`` bytes."""
        if not self.streamed or np.prod(self.images.shape, dtype=object) > most:
            return self
        return Split(images=self.images[:], labels=self.labels)


@dataclass(frozen=True, kw_only=True)
class Data:
    """A data set: class names, a test split, and a training split drawn for an epoch's seed.

    Most sets give the same training images for every seed; ``anew`` says that this one does not.
    """

    name: str
    classes: tuple[str, ...]
    train: Callable[[int], Split]
    test: Callable[[], Split]
    anew: bool = False


def arranged(data: Data, most: int = IN_MEMORY) -> Data:
    """``data`` in the order that all loaders deliver; what is on disk is read on first use.

    Splits of more than ``most`` bytes of pixels stay on disk.
    """

    def arrange(split: Split) -> Split:
        return split.take(shuffled(split.labels))

    if data.anew:
        test = functools.cache(lambda: arrange(data.test()))
        return replace(data, train=lambda seed: arrange(data.train(seed)), test=test)
    train, test = arrange(data.train(0)), arrange(data.test())
    read_train = functools.cache(lambda: train.read(most))
    read_test = functools.cache(lambda: test.read(most))
    return replace(data, train=lambda seed: read_train(), test=read_test)


def parted(split: Split, count: int, where: str) -> tuple[Split, Split]:
    """``split`` without ``count`` images, and these: the same share of every class, in turn."""
    held = share_of_each(split.labels, count, where)
    left, out = np.flatnonzero(~held), np.flatnonzero(held)
    return split.take(left), split.take(out[in_turn(split.labels[out])])


def hold_out(data: Data, count: int) -> tuple[Split, Split]:
    """The training images without ``count``, and these: one to train on, one to judge by.

    Raises ArtifactError where every epoch draws its images anew, or a class would not be left.
    """
    where = f"data {data.name}"
    contract = "every epoch draws its training images anew, so that none can be held out"
    require(not data.anew, where, contract, kind=ArtifactError)
    return parted(data.train(0), count, where)
