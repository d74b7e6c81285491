"""Arrays of NumPy: pictures, vectors, sound, whatever a model's input is."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from fq_hw.data.fixed import fixed_data
from fq_hw.data.meaning import Meaning, as_bytes
from fq_hw.data.split import Data, Split
from fq_hw.errors import ArtifactError, require
from fq_hw.files import check_line, open_file, read_text

__all__ = ["CLASSES", "MOST_BYTES", "load_npy"]

MOST_BYTES = 2**30
CLASSES = "classes.txt"  # a name a line, where labels do not tell how many there are


def read_npy(path: Path) -> np.ndarray:
    """The array of a file, whose content is numbers and nothing else.

    Raises ArtifactError when it is absent, damaged, or holds objects.
    """
    where = f"data {path}"
    with open_file(path, where, most=MOST_BYTES) as file:
        try:
            return np.lib.format.read_array(file, allow_pickle=False)
        except (ValueError, EOFError, OSError, MemoryError, OverflowError) as error:
            said = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
            message = f"{where}: is no whole NumPy array ({said}); save it with numpy.save"
            raise ArtifactError(message) from error


def read_images(
    path: Path, image: tuple[int, int, int], meaning: Meaning | None = None
) -> np.ndarray:
    """Inputs uint8 N,H,W,C of a file of N,H,W,C, or N and as many numbers.

    These are uint8, int8, or real where a byte has a ``meaning``.
    """
    where = f"data {path}"
    found = as_bytes(read_npy(path), where, meaning)
    size = found.ndim >= 2 and math.prod(found.shape[1:]) == math.prod(image)
    squeezed = [n for n in found.shape[1:] if n != 1]
    alike = size and (found.ndim == 2 or squeezed == [n for n in image if n != 1])
    height, width, colours = image
    contract = f"images must be {height} x {width} x {colours}, or so many numbers in a row"
    require(alike, where, contract, found.shape, kind=ArtifactError)
    return found.reshape(len(found), *image)


def read_split(
    path: Path, prefix: str, image: tuple[int, int, int], meaning: Meaning | None
) -> Split:
    """``images.npy`` and ``labels.npy``, each with ``prefix`` before its name."""
    images = read_images(path / f"{prefix}images.npy", image, meaning)
    name = path / f"{prefix}labels.npy"
    labels, where = read_npy(name), f"data {name}"
    whole = labels.dtype.kind in "iu" and labels.shape == images.shape[:1]
    contract = f"must be {len(images)} integers"
    got = (str(labels.dtype), labels.shape)
    require(whole, where, contract, got, kind=ArtifactError)
    most = 2**31
    small = not len(labels) or int(labels.min()) >= 0 and int(labels.max()) < most
    require(small, where, "labels must be in 0..2**31", kind=ArtifactError)
    return Split(images=images, labels=labels.astype(np.int64))


def load_npy(path: Path, image: tuple[int, int, int], meaning: Meaning | None = None) -> Data:
    """A folder of ``images.npy`` and ``labels.npy``, to test on.

    ``train-images.npy`` and ``train-labels.npy`` are trained on where they are there; CLASSES names
    the classes, which are else as many as the labels tell. A number of int8 is kept as the byte 128
    above it; real numbers become the nearest bytes where these have a ``meaning``.
    """
    test = read_split(path, "", image, meaning)
    apart = (path / "train-images.npy").exists()
    train = read_split(path, "train-", image, meaning) if apart else test
    most = max(int(split.labels.max(initial=0)) for split in (train, test))
    names = path / CLASSES
    if names.exists():
        classes = tuple(read_text(names, f"data {names}").splitlines())
        for name in classes:
            check_line(name, f"data {names}")
        contract = f"must name {most + 1} classes or more, one a line"
        require(most < len(classes), f"data {names}", contract, len(classes), kind=ArtifactError)
    else:
        classes = tuple(str(n) for n in range(most + 1))
    return fixed_data(f"npy {path.name}", classes, train, test, image)
