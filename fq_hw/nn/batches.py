"""Batches of a split: indexed in memory, or read from disk, by worker processes where asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from fq_hw.data import Split
from fq_hw.data.pictures import Pictures
from fq_hw.errors import ArtifactError
from fq_hw.nn.layers import as_images

__all__ = ["read_batches"]


class Files(Dataset):
    """Pictures one by one; an unreadable one gives its error, which must reach the main process."""

    def __init__(self, pictures: Pictures):
        self.pictures = pictures

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, number: int) -> np.ndarray | ArtifactError:
        try:
            return self.pictures[number]
        except ArtifactError as error:
            return error


def collate(found: list[np.ndarray | ArtifactError]) -> Tensor | ArtifactError:
    """A batch as uint8 N,H,W,C, or the first error."""
    errors = [item for item in found if isinstance(item, ArtifactError)]
    return errors[0] if errors else as_images(np.stack(found))


def read_batches(split: Split, batches: Sequence[np.ndarray], workers: int) -> Iterator[Tensor]:
    """The images of each of ``batches`` (numbers of images) as uint8 N,H,W,C, in order.

    Of a split on disk, ``workers`` processes read some batches ahead; 0 reads in this one.
    """
    if not split.streamed:
        yield from (as_images(split.images[numbers]) for numbers in batches)
        return
    loader = DataLoader(
        Files(split.images),
        batch_sampler=[numbers.tolist() for numbers in batches],
        num_workers=workers,
        collate_fn=collate,
        generator=torch.Generator(),  # or the loader draws from the run's random numbers
    )
    for found in loader:
        if isinstance(found, ArtifactError):
            raise found
        yield found
