"""Training images moved and mirrored at random: pixels stay exact integers."""

from __future__ import annotations

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


def augment(images: Tensor, config: TrainConfig, rng: np.random.Generator) -> Tensor:
    """Random shift and mirror on uint8 N,H,W,C: pixels stay exact integers."""
    if config.crop:
        images = shift(images, config.crop, rng)
    if config.flip:
        mirrored = torch.from_numpy(rng.random(len(images)) < 0.5)
        images = torch.where(mirrored[:, None, None, None], images.flip(2), images)
    return images
