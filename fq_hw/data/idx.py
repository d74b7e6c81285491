"""IDX files, as MNIST and its relatives are published, plain or gzip."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from fq_hw.data.fixed import fixed_data
from fq_hw.data.split import Data, Split
from fq_hw.errors import ArtifactError, require
from fq_hw.files import open_file

__all__ = ["MOST_BYTES", "load_idx", "read_idx"]

MOST_IMAGES = 2**20
MOST_BYTES = 200 * 2**20  # four times MNIST; a set in memory is there twice for a moment


def read_idx(path: Path) -> np.ndarray:
    """One IDX file of unsigned bytes as an array.

    Raises ArtifactError when the file is absent, damaged, of another type, or of another length.
    """
    where = f"data {path}"
    with open_file(path, where, most=MOST_BYTES) as file:
        packed = path.suffix == ".gz"
        content = gzip.GzipFile(fileobj=file) if packed else file
        try:
            return read_array(content, where)
        except (OSError, EOFError, zlib.error) as error:
            raise ArtifactError(f"{where}: not a readable file ({error})") from error


def read_array(file: BinaryIO, where: str) -> np.ndarray:
    """The array in ``file``, which may be a packed one: no more is read than its header tells."""
    raw = file.read(4)
    magic = len(raw) == 4 and raw[:3] == b"\0\0\x08" and 1 <= raw[3] <= 4
    require(magic, where, "must be an IDX file of unsigned bytes", raw, kind=ArtifactError)
    start = 4 + 4 * raw[3]
    raw += file.read(start - 4)
    require(len(raw) == start, where, "needs a whole header", len(raw), kind=ArtifactError)
    shape = struct.unpack(f">{raw[3]}I", raw[4:])
    size = math.prod(shape)
    found = file.read(min(size, MOST_BYTES) + 1)
    contract = f"needs {start + size} bytes"
    require(len(found) == size, where, contract, start + len(found), kind=ArtifactError)
    contract = f"the sizes of its axes must be below {MOST_BYTES:,}"  # numpy multiplies them
    require(max(shape) < MOST_BYTES, where, contract, shape, kind=ArtifactError)
    return np.frombuffer(found, np.uint8).reshape(shape)


def read_split(path: Path, stem: str, size: tuple[int, int]) -> Split:
    """Images and labels named ``stem``; grey, centred on a dark canvas of ``size`` if smaller."""

    def find(kind: str) -> np.ndarray:
        names = [f"{stem}-{kind}-ubyte{gz}" for gz in ("", ".gz")]
        found = [path / name for name in names if (path / name).exists()]
        contract = f"must hold {names[0]} or {names[1]}"
        require(found, f"data {path}", contract, kind=ArtifactError)
        return read_idx(found[0])

    images, labels = find("images-idx3"), find("labels-idx1")
    paired = images.ndim == 3 and labels.shape == images.shape[:1]
    require(
        paired,
        f"data {path} ({stem})",
        "needs 3-D images and a label for each",
        [images.shape, labels.shape],
        kind=ArtifactError,
    )
    margin = [want - have for want, have in zip(size, images.shape[1:], strict=True)]
    fits = min(margin) >= 0
    require(
        fits,
        f"data {path}",
        f"images must fit {size[0]} x {size[1]}",
        images.shape[1:],
        kind=ArtifactError,
    )
    pixels = len(images) * math.prod(size)
    fits = len(images) <= MOST_IMAGES and pixels <= MOST_BYTES
    contract = f"must have at most {MOST_IMAGES:,} images, of {MOST_BYTES:,} pixels together"
    require(fits, f"data {path} ({stem})", contract, (len(images), *size), kind=ArtifactError)
    around = [(m // 2, m - m // 2) for m in margin]
    return Split(
        images=np.pad(images, [(0, 0), *around])[..., None], labels=labels.astype(np.int64)
    )


def load_idx(path: Path, image: tuple[int, int, int]) -> Data:
    """The four files train-/t10k- images/labels of a folder; one grey channel."""
    train, test = (read_split(path, stem, image[:2]) for stem in ("train", "t10k"))
    classes = tuple(str(n) for n in range(int(train.labels.max(initial=0)) + 1))
    return fixed_data(f"idx {path.name}", classes, train, test, image)
