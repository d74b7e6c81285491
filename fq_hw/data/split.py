"""What every loader returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fq_hw.errors import ArtifactError, require

__all__ = ["Data", "Split", "hold_out"]


@dataclass(frozen=True, kw_only=True)
class Split:
    """Images with their labels: uint8 of shape N,H,W,C and int64 of shape N."""

    images: np.ndarray
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

    def first(self, count: int) -> Split:
        """The first ``count`` images."""
        return Split(images=self.images[:count], labels=self.labels[:count])


@dataclass(frozen=True, kw_only=True)
class Data:
    """A data set: class names, a test split, and a training split drawn for an epoch's seed.

    Most sets give the same training images for every seed; the built-in one pastes anew.
    """

    name: str
    classes: tuple[str, ...]
    train: Callable[[int], Split]
    test: Callable[[], Split]


def hold_out(data: Data, count: int) -> tuple[Split, Split]:
    """The training images without the last ``count``, and these: one to train on, one to judge by.

    Raises ArtifactError where every epoch draws its images anew, or fewer than two would be left.
    """
    split, where = data.train(0), f"data {data.name}"
    fixed = data.train(1) is split
    contract = "must give the same training images in every epoch, to hold some out"
    require(fixed, where, contract, "drawn anew", kind=ArtifactError)
    left = len(split) - count
    contract = f"at most {len(split) - 2} of the training images can be held out"
    require(count >= 1 and left >= 2, where, contract, count, kind=ArtifactError)
    held = Split(images=split.images[left:], labels=split.labels[left:])
    return split.first(left), held
