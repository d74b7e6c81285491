"""Data sets whose training images are the same in every epoch, all in memory."""

from __future__ import annotations

from fq_hw.data.split import Data, Split
from fq_hw.errors import ArtifactError, require

__all__ = ["check_image", "fixed_data"]


def check_image(where: str, found: tuple[int, int, int], image: tuple[int, int, int]) -> None:
    """Refuse images (height, width, colours) of another shape than was asked for."""
    height, width, colours = image
    contract = f"images must be {height} x {width} x {colours}, as the network takes them"
    hint = f"for this set a network needs image = {list(found)}"
    require(found == image, where, contract, found, hint=hint, kind=ArtifactError)


def fixed_data(
    name: str, classes: tuple[str, ...], train: Split, test: Split, image: tuple[int, int, int]
) -> Data:
    """Check images and labels of both splits and wrap them."""
    for which, split in (("train", train), ("test", test)):
        where = f"data {name} ({which})"
        require(len(split), where, "needs at least one image", kind=ArtifactError)
        check_image(where, split.images.shape[1:], image)
        known = split.labels.max() < len(classes) and split.labels.min() >= 0
        contract = f"labels must be in 0..{len(classes) - 1}"
        wrong = int(split.labels.max() if split.labels.min() >= 0 else split.labels.min())
        require(known, where, contract, wrong, kind=ArtifactError)
    return Data(name=name, classes=classes, train=lambda seed: train, test=lambda: test)
