"""Pictures that are read from disk when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fq_hw.data.picture import read_picture

__all__ = ["Pictures"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pictures:
    """Files that are indexed like an array of uint8 N,H,W,C.

    ``pictures[5]`` reads one, ``pictures[:8]`` and ``pictures[[3, 1]]`` read some into an array;
    ``take`` chooses without reading. Raises ArtifactError, naming the file, for one that is no
    picture of ``image`` (height, width, colours).
    """

    files: tuple[Path, ...]
    image: tuple[int, int, int]

    dtype = np.dtype(np.uint8)
    ndim = 4

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """N,H,W,C."""
        return (len(self.files), *self.image)

    def __len__(self) -> int:
        return len(self.files)

    def take(self, which: slice | np.ndarray) -> Pictures:
        """Some of the files, by their numbers."""
        numbers = np.arange(len(self))[which]
        return Pictures(files=tuple(self.files[n] for n in numbers), image=self.image)

    def __getitem__(self, which: int | slice | np.ndarray) -> np.ndarray:
        numbers = np.arange(len(self))[which]
        if numbers.ndim == 0:
            return read_picture(self.files[numbers], self.image)
        found = np.empty((len(numbers), *self.image), np.uint8)
        for place, number in enumerate(numbers):
            found[place] = read_picture(self.files[number], self.image)
        return found

    def __iter__(self) -> Iterator[np.ndarray]:
        return (read_picture(file, self.image) for file in self.files)
