"""What every loader returns."""

import re

import numpy as np
import pytest

from fq_hw.data import Data, Split
from fq_hw.data.digits import load_digits_over_photos
from fq_hw.data.split import hold_out
from fq_hw.errors import ArtifactError

IMAGES, LABELS = np.zeros((5, 4, 3, 1), np.uint8), np.arange(5)


def fixed() -> Data:
    split = Split(images=IMAGES, labels=np.array([0, 1, 0, 1, 0]))
    return Data(name="five", classes=("a",), train=lambda seed: split, test=lambda: split)


def test_hold_out_parts_the_training_images():
    left, held = hold_out(fixed(), 2)
    assert left.labels.tolist() == [0, 1, 0] and held.labels.tolist() == [0, 1]


@pytest.mark.parametrize("count", [0, 4, -1])
def test_hold_out_refuses_a_count(count):
    with pytest.raises(ArtifactError, match=f"at most 3 of the 5 images .* \\(got {count}"):
        hold_out(fixed(), count)


def test_hold_out_refuses_images_that_are_drawn_anew():
    with pytest.raises(ArtifactError, match="draws its training images anew"):
        hold_out(load_digits_over_photos(), 5)


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
        (IMAGES, LABELS.astype(np.uint8), "labels must be int64 (got 'uint8')"),
    ],
)
def test_refuses(images, labels, message):
    with pytest.raises(ArtifactError, match=re.escape(message)):
        Split(images=images, labels=labels)
