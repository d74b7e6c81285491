"""Choose a loader from a configuration."""

from __future__ import annotations

import enum
from pathlib import Path

from fq_hw.data import cifar, digits, folder, idx
from fq_hw.data.split import Data, Split
from fq_hw.errors import require

__all__ = ["Data", "DataKind", "Split", "load"]


class DataKind(enum.Enum):
    """Formats that :func:`load` reads."""

    DIGITS = "digits"
    CIFAR10 = "cifar10"
    CIFAR100 = "cifar100"
    IDX = "idx"
    FOLDER = "folder"


LOADERS = {
    DataKind.CIFAR10: cifar.load_cifar10,
    DataKind.CIFAR100: cifar.load_cifar100,
    DataKind.IDX: idx.load_idx,
    DataKind.FOLDER: folder.load_folder,
}


def load(kind: DataKind, path: Path | None, size: tuple[int, int]) -> Data:
    """Load data of ``kind``; ``path`` is its folder, ``size`` the height and width to deliver.

    Raises ArtifactError for files that are missing or not of that format.
    """
    if kind is DataKind.DIGITS:
        require(size == (32, 32), "data digits", "images are 32 x 32", size)
        return digits.load_digits_over_photos()
    require(path is not None, f"data {kind.value}", "needs the path of its folder", path)
    return LOADERS[kind](Path(path), size)
