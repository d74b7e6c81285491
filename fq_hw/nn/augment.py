"""Training images moved, cropped and mirrored at random: pixels stay exact integers."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fq_hw.nn.recipe import TrainConfig

__all__ = ["augment"]


def shift(images: Tensor, most: int, rng: np.random.Generator) -> Tensor:
    """Move every image of N,H,W,C by up to ``most`` pixels each way, dark outside."""
    n, h, w, _ = images.shape
    padded = F.pad(images, (0, 0, most, most, most, most))
    dy, dx = torch.from_numpy(rng.integers(0, 2 * most + 1, (2, n)))
    rows = (dy[:, None] + torch.arange(h))[:, :, None]
    columns = (dx[:, None] + torch.arange(w))[:, None, :]
    return padded[torch.arange(n)[:, None, None], rows, columns]


def boxes(size: tuple[int, int], least: float, rng: np.random.Generator, count: int) -> list[tuple]:
    """Random parts (top, left, height, width) of pictures of a ``size``.

    Each shows ``least`` to all of the area, its sides stretched by 3:4 to 4:3; where such a part
    is too long for the picture, it is cut. Source: Szegedy et al., Going Deeper with Convolutions,
    2015, section 6.
    """
    area = rng.uniform(least, 1, count)
    stretch = np.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3), count) / 2)
    found = []
    for share, by, down, across in zip(area, stretch, *rng.random((2, count)), strict=True):
        h, w = (
            min(max(round(n * math.sqrt(share) * r), 1), n)
            for n, r in zip(size, (by, 1 / by), strict=True)
        )
        found.append((int(down * (size[0] - h + 1)), int(across * (size[1] - w + 1)), h, w))
    return found


def crops(images: Tensor, least: float, size: tuple[int, int], rng: np.random.Generator) -> Tensor:
    """A random part of every image of N,H,W,C, scaled to ``size`` and rounded to whole values."""
    n, h, w, _ = images.shape
    found = []
    for image, (y, x, height, width) in zip(images, boxes((h, w), least, rng, n), strict=True):
        part = image[y : y + height, x : x + width].permute(2, 0, 1)[None].float()
        scaled = F.interpolate(part, size, mode="bilinear", antialias=True)
        found.append(scaled[0].permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8))
    return torch.stack(found)


def augment(
    images: Tensor, config: TrainConfig, rng: np.random.Generator, side: int | None = None
) -> Tensor:
    """Random crop, shift and mirror on uint8 N,H,W,C, of ``side`` in size unless it is None."""
    if config.crop_area:
        size = (side, side) if side else tuple(images.shape[1:3])
        images = crops(images, config.crop_area, size, rng)
    if config.crop:
        images = shift(images, config.crop, rng)
    if config.flip:
        mirrored = torch.from_numpy(rng.random(len(images)) < 0.5)
        images = torch.where(mirrored[:, None, None, None], images.flip(2), images)
    return images
