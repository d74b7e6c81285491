"""Choose a loader from a configuration, and put what it gives into the order of all loaders."""

from __future__ import annotations

import enum
from pathlib import Path

from fq_hw.data import cifar, digits, folder, idx, npy
from fq_hw.data.meaning import Meaning
from fq_hw.data.split import Data, Split, arranged
from fq_hw.errors import require
from fq_hw.files import check_path

__all__ = ["Data", "DataKind", "Split", "load"]


class DataKind(enum.Enum):
    """Formats that :func:`load` reads."""

    DIGITS = "digits"
    CIFAR10 = "cifar10"
    CIFAR100 = "cifar100"
    IDX = "idx"
    FOLDER = "folder"
    NPY = "npy"


LOADERS = {
    DataKind.CIFAR10: cifar.load_cifar10,
    DataKind.CIFAR100: cifar.load_cifar100,
    DataKind.IDX: idx.load_idx,
    DataKind.FOLDER: folder.load_folder,
    DataKind.NPY: npy.load_npy,
}


def load(
    kind: DataKind,
    path: Path | None,
    image: tuple[int, int, int],
    meaning: Meaning | None = None,
) -> Data:
    """Load data of ``kind``: ``path`` is its folder, ``image`` the height, width and colours.

    Arrays of real numbers are taken where the bytes of an input have a ``meaning``.
    Both splits are shuffled with a fixed seed and the classes take turns, so that the first images
    are of all classes. Raises ArtifactError for files that are missing or not of that format, and
    where the set has images of another size or of other colours.
    """
    if kind is DataKind.DIGITS:
        contract = "is built in and has no folder"
        require(path is None, "data digits", contract, str(path), hint="leave the path out")
        return arranged(digits.load_digits_over_photos(image))
    hint = "name it with path in [data], or with --path"
    contract = "needs the path of its folder"
    require(path is not None, f"data {kind.value}", contract, hint=hint)
    check_path(path, f"data {kind.value}")  # what it is called is printed, and stands in files
    more = (meaning,) if kind is DataKind.NPY and meaning else ()
    return arranged(LOADERS[kind](Path(path), image, *more))
