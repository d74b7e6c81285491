"""Foreign models and their data beside the repository; without them tests skip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

__all__ = ["SHARED", "cifar10_test", "needs_shared"]

SHARED = Path(__file__).parents[2] / "shared"
needs_shared = pytest.mark.skipif(
    not (SHARED / "models").is_dir(), reason="needs ../shared: foreign models and their data"
)


def cifar10_test() -> tuple[np.ndarray, np.ndarray]:
    """The 10,000 test images, uint8 N,H,W,C, and their labels, from the sheet of tiles."""
    sheet = np.asarray(
        Image.open(SHARED / "data" / "cifar10" / "test-lossless.webp").convert("RGB")
    )
    tiles = sheet.reshape(100, 32, 100, 32, 3).transpose(0, 2, 1, 3, 4).reshape(-1, 32, 32, 3)
    return tiles, np.arange(len(tiles)) % 10
