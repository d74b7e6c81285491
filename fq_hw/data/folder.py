"""A folder per class: PATH/train/CLASS/*.png and PATH/test/CLASS/*.png (or jpg, bmp, webp, ppm)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fq_hw.data.fixed import fixed_data
from fq_hw.data.split import Data, Split
from fq_hw.errors import ArtifactError, require

__all__ = ["load_folder"]

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".ppm"}


def read_image(path: Path, size: tuple[int, int]) -> np.ndarray:
    """One picture as RGB, resized to ``size`` (height, width) when it is not."""
    from PIL import Image

    try:
        image = Image.open(path).convert("RGB")
    except Exception as error:  # a damaged picture raises nearly anything
        raise ArtifactError(f"data {path}: not a readable picture ({error})") from error
    if image.size != size[::-1]:
        image = image.resize(size[::-1], Image.Resampling.LANCZOS)
    return np.asarray(image)


def read_split(path: Path, classes: tuple[str, ...], size: tuple[int, int]) -> Split:
    """All pictures below ``path``, classes in order, names sorted."""
    images, labels = [], []
    for label, name in enumerate(classes):
        found = sorted(p for p in (path / name).glob("*") if p.suffix.lower() in SUFFIXES)
        require(found, f"data {path / name}", "must hold pictures", "there", kind=ArtifactError)
        images += [read_image(p, size) for p in found]
        labels += [label] * len(found)
    return Split(images=np.stack(images), labels=np.asarray(labels, np.int64))


def class_folders(path: Path) -> tuple[str, ...]:
    """Names of the folders in ``path``, sorted."""
    return tuple(sorted(p.name for p in path.iterdir() if p.is_dir()))


def load_folder(path: Path, size: tuple[int, int]) -> Data:
    """Any set with a folder per class; class names are the folders' names, sorted."""
    for part in ("train", "test"):
        require(
            (path / part).is_dir(),
            f"data {path}",
            f"must hold the folder {part}",
            "there",
            kind=ArtifactError,
        )
    classes, tested = (class_folders(path / part) for part in ("train", "test"))
    require(
        len(classes) >= 2, f"data {path}", "needs a folder per class", classes, kind=ArtifactError
    )
    require(
        tested == classes,
        f"data {path / 'test'}",
        f"must hold the folders {classes}",
        tested,
        kind=ArtifactError,
    )
    train, test = (read_split(path / part, classes, size) for part in ("train", "test"))
    return fixed_data(f"folder {path.name}", classes, train, test, size)
