"""The images that a search judges by: held out of training, and others if asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fq_hw import checkpoint
from fq_hw.data import Data, Split
from fq_hw.data.split import hold_out, parted
from fq_hw.errors import ArtifactError, require

__all__ = ["calibration", "hardest_first", "with_copies"]

MOST = 2**31  # images


def calibration(
    trained: checkpoint.Checkpoint, images: Data, model: Path, count: int | None, known: int
) -> Split:
    """The training images that the search judges by: ``count`` held-out ones, or all of them.

    Then ``known`` of those that the network, of the file ``model``, was trained on.
    """
    kept = trained.provenance.get("hold_out")
    contract = "must be trained with hold_out = N, so that N training images are new to it"
    require(kept is not None, f"{model}", contract, kind=ArtifactError)
    contract = "was trained by an earlier fq-hw, which held out other images"
    hint = "train it again"
    of_now = trained.source is not None
    require(of_now, f"{model}", contract, hint=hint, kind=ArtifactError)
    made = trained.accuracy is None or trained.accuracy.data == images.name
    contract = f"must be the data of {model}, {trained.accuracy and trained.accuracy.data}"
    require(made, "--data", contract, images.name, kind=ArtifactError)
    seen, held = hold_out(images, told(trained, "hold_out", int))
    seen, _ = validated(seen, told(trained, "validation", float), images.name)
    count = len(held) if count is None else count
    require(1 <= count <= len(held), "--images", f"must be in 1..{len(held)}", count)
    require(0 <= known <= len(seen), "--trained", f"must be in 0..{len(seen)}", known)
    held, seen = held.first(count), seen.first(known)
    return Split(
        images=np.concatenate([held.images[:], seen.images[:]]),
        labels=np.concatenate([held.labels, seen.labels]),
    )


def told(trained: checkpoint.Checkpoint, key: str, kind: type) -> int | float:
    """A number of the checkpoint's provenance; 0 where it is not there."""
    text = trained.provenance.get(key, "0")
    try:
        value = kind(text)
    except ValueError:
        value = -1
    contract = f"{key} must be a number in 0..{MOST}"
    require(0 <= value <= MOST, "provenance", contract, text, kind=ArtifactError)
    return value


def validated(seen: Split, share: float, name: str) -> tuple[Split, Split | None]:
    """The images that training saw, and those that it judged its epochs by."""
    from fq_hw.nn.recipe import TrainConfig

    if not share:
        return seen, None
    count = TrainConfig(epochs=1, validation=share).validation_images(len(seen))
    return parted(seen, count, f"data {name}")


def with_copies(held: Split, count: int, mirror: bool) -> Split:
    """``held``, then ``count`` - 1 times all of it moved by up to a pixel, always alike."""
    from fq_hw.nn.augment import augment
    from fq_hw.nn.layers import as_images
    from fq_hw.nn.recipe import TrainConfig

    rng = np.random.default_rng(0)
    how = TrainConfig(epochs=1, crop=1, flip=mirror)
    original = as_images(held.images)
    moved = [augment(original, how, rng).numpy() for _ in range(count - 1)]
    return Split(images=np.concatenate([held.images, *moved]), labels=np.tile(held.labels, count))


def hardest_first(logits: np.ndarray) -> np.ndarray:
    """Image numbers, those first whose best two scores are nearest to each other."""
    ordered = np.sort(logits, axis=1)
    return np.argsort(ordered[:, -1] - ordered[:, -2], kind="stable")
