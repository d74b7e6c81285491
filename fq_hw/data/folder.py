"""A folder per class: PATH/train/CLASS/*.png and PATH/test/CLASS/*.png (or jpg, bmp, webp, ppm).

Pictures may lie in sub-folders of their class. Hidden files and folders are passed over, and files
that are no pictures; a picture of a format that is not read is refused.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fq_hw.data.picture import SUFFIXES, UNREAD
from fq_hw.data.pictures import Pictures
from fq_hw.data.split import Data, Split
from fq_hw.errors import ArtifactError, require
from fq_hw.files import check_line, check_path

__all__ = ["check_colours", "load_folder", "picture_files"]

MOST_CLASSES = 2**15  # ImageNet-21k has 21,843
MOST_FILES = 2**21  # of a class; all of ImageNet has fewer

LAYOUT = "put the pictures into PATH/train/CLASS and, some of every class, into PATH/test/CLASS"


def visible(name: str) -> bool:
    """Whether a file or folder is meant to be seen."""
    return not name.startswith(".")


def refuse_unread(file: Path) -> None:
    """Refuse a picture of a format that is not read; it would be missing from its class."""
    contract = f"pictures must be {', '.join(SUFFIXES)} files"
    read = file.suffix.lower() not in UNREAD
    require(read, f"data {file}", contract, file.suffix, hint="convert it", kind=ArtifactError)


def pictures_below(path: Path) -> list[Path]:
    """All pictures in ``path`` and its sub-folders, sorted; links are followed, once each."""

    def refuse(error: OSError) -> None:
        raise ArtifactError(f"data {error.filename}: cannot be read ({error.strerror})") from error

    found, seen, passed = [], {os.path.realpath(path)}, 0
    for folder, below, names in os.walk(path, onerror=refuse, followlinks=True):
        shown = sorted(filter(visible, below), reverse=True)  # so that the first of a place stays
        places = {os.path.realpath(os.path.join(folder, name)): name for name in shown}
        below[:] = [name for place, name in places.items() if place not in seen]
        seen.update(places)
        passed += len(names) + len(below)
        contract = f"must have at most {MOST_FILES:,} files: where does a link in it lead?"
        require(passed <= MOST_FILES, f"data {path}", contract, kind=ArtifactError)
        files = [Path(folder, name) for name in names if visible(name)]
        for file in files:
            refuse_unread(file)
        found += [file for file in files if file.suffix.lower() in SUFFIXES]
    return sorted(found)


def picture_files(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The pictures that ``paths`` name: files as they are, of a folder all below it, sorted.

    Nothing is read yet. Raises ArtifactError for a folder without pictures, for a picture of a
    format that is not read, and for a name that is not one printable line.
    """
    files: list[Path] = []
    for path in paths:
        check_path(path, "picture")
        if not path.is_dir():
            refuse_unread(path)
            files.append(path)
            continue
        found = pictures_below(path)
        contract = f"must hold pictures ({', '.join(SUFFIXES)})"
        require(found, f"data {path}", contract, kind=ArtifactError)
        for file in found:
            check_path(file, "picture")
        files += found
    return tuple(files)


def check_colours(image: tuple[int, ...], where: str) -> None:
    """Refuse what pictures cannot be turned into."""
    contract = "pictures have 1 colour (grey) or 3 (red, green, blue)"
    require(image[2] in (1, 3), where, contract, image[2])


def list_split(path: Path, classes: tuple[str, ...], image: tuple[int, int, int]) -> Split:
    """The pictures below ``path``, not read yet: classes in order, names sorted."""
    files, labels = [], []
    for label, name in enumerate(classes):
        found = pictures_below(path / name)
        contract = f"must hold pictures ({', '.join(SUFFIXES)})"
        require(found, f"data {path / name}", contract, kind=ArtifactError)
        files += found
        labels += [label] * len(found)
    pictures = Pictures(files=tuple(files), image=image)
    return Split(images=pictures, labels=np.asarray(labels, np.int64))


def class_folders(path: Path) -> tuple[str, ...]:
    """Names of the folders in ``path``, sorted; a picture beside them has no class."""
    entries = sorted(entry for entry in path.iterdir() if visible(entry.name))
    loose = [e.name for e in entries if e.is_file() and e.suffix.lower() in (*SUFFIXES, *UNREAD)]
    contract = "every picture must be in the folder of its class"
    require(not loose, f"data {path}", contract, loose[:3], hint=LAYOUT, kind=ArtifactError)
    names = tuple(entry.name for entry in entries if entry.is_dir())
    contract = f"must hold at most {MOST_CLASSES:,} classes"
    require(len(names) <= MOST_CLASSES, f"data {path}", contract, len(names), kind=ArtifactError)
    for name in names:
        check_line(name, f"data {path}: a class")
    return names


def load_folder(path: Path, image: tuple[int, int, int]) -> Data:
    """Any set with a folder per class; class names are the folders' names, sorted.

    ``image`` is the height, width and colours (1: grey, or 3) to deliver. Pictures are read when
    they are asked for.
    """
    check_colours(image, f"data {path}")
    require(path.is_dir(), f"data {path}", "must be a folder", kind=ArtifactError)
    for part in ("train", "test"):
        there = sorted(entry.name for entry in path.iterdir() if visible(entry.name))
        contract = f"must hold the folder {part}"
        have = (path / part).is_dir()
        require(have, f"data {path}", contract, there[:5], hint=LAYOUT, kind=ArtifactError)
    classes, tested = (class_folders(path / part) for part in ("train", "test"))
    many = len(classes) >= 2
    where = f"data {path / 'train'}"
    require(many, where, "needs a folder for each of two or more classes", classes, hint=LAYOUT,
            kind=ArtifactError)  # fmt: skip
    lone = {
        part: sorted(set(have) - set(other))[:5]
        for part, have, other in (("train", classes, tested), ("test", tested, classes))
    }
    contract = "train and test must have folders of the same classes"
    alone = {f"only in {part}": names for part, names in lone.items() if names}
    require(not alone, f"data {path}", contract, alone, hint=LAYOUT, kind=ArtifactError)
    train, test = (list_split(path / part, classes, image) for part in ("train", "test"))
    name = f"folder {path.name or path.resolve().name}"
    return Data(name=name, classes=classes, train=lambda seed: train, test=lambda: test)
