"""What every loader returns."""

import numpy as np
import pytest

from fq_hw.data import Split
from fq_hw.errors import ArtifactError

IMAGES, LABELS = np.zeros((5, 4, 3, 1), np.uint8), np.arange(5)


def test_first():
    split = Split(images=IMAGES, labels=LABELS)
    assert len(split) == 5
    assert split.first(2).labels.tolist() == [0, 1]
    assert len(split.first(9)) == 5


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (IMAGES.astype(float), LABELS, "images must be uint8 of shape N,H,W,C"),
        (IMAGES[0], LABELS, "images must be uint8 of shape N,H,W,C"),
        (IMAGES, LABELS[:4], "needs 5 labels"),
        (IMAGES, LABELS[:, None], "needs 5 labels"),
        (IMAGES, LABELS.astype(np.uint8), "labels must be int64, not 'uint8'"),
    ],
)
def test_refuses(images, labels, message):
    with pytest.raises(ArtifactError, match=message):
        Split(images=images, labels=labels)
