"""Random crops: whole pixels of parts that lie inside, of the size that an epoch asks for."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from tiles import CONFIG, DATA, NETWORK

from fq_hw.errors import ParameterError
from fq_hw.nn import training
from fq_hw.nn.augment import augment, boxes
from fq_hw.nn.recipe import Side

CROPPED = dataclasses.replace(CONFIG, crop=0, flip=False, crop_area=0.25)


def test_parts_lie_inside_and_show_the_share_that_was_asked_for():
    found = np.array(boxes((120, 160), 0.25, np.random.default_rng(0), 4000))
    top, left, height, width = found.T
    assert (top >= 0).all() and (left >= 0).all()
    assert (top + height <= 120).all() and (left + width <= 160).all()
    area = height * width / (120 * 160)
    assert 0.24 < area.min() < 0.26 and area.max() > 0.9
    cut = (height == 120) | (width == 160)
    longer = (height / 120) / (width / 160)
    assert longer[~cut].min() > 0.73 and longer[~cut].max() < 1.37
    assert (top == 0).any() and (top + height == 120).any()  # up to the edges


def test_a_crop_is_a_scaled_part_in_whole_values():
    ramp = torch.arange(64, dtype=torch.uint8).repeat(2, 64, 1)[..., None].expand(-1, -1, -1, 3)
    found = augment(ramp, CROPPED, np.random.default_rng(1), 32)
    assert found.shape == (2, 32, 32, 3) and found.dtype == torch.uint8
    # A part's middle row goes on rising as the picture does; its rows are all alike.
    assert (found == found[:, :1]).all()
    steps = found[:, 0, 1:, 0].int() - found[:, 0, :-1, 0].int()
    assert steps.min() >= 0 and 1 <= steps.max() <= 3


def test_sides_grow_with_the_epochs(monkeypatch):
    seen = []
    real = training.augment

    def watch(images, config, rng, side=None):
        found = real(images, config, rng, side)
        seen.append(tuple(found.shape[1:3]))
        return found

    monkeypatch.setattr(training, "augment", watch)
    sides = (Side(epoch=0, side=8), Side(epoch=2, side=12))
    recipe = dataclasses.replace(CROPPED, epochs=3, sides=sides)
    list(training.train(NETWORK, DATA, recipe))
    assert set(seen[: 2 * 5]) == {(8, 8)} and set(seen[2 * 5 :]) == {(12, 12)}


def test_a_smoothed_label_weighs_all_classes_by_its_share():
    still = dataclasses.replace(CONFIG, lr=1e-9)
    none, some, more = (
        next(training.train(NETWORK, DATA, dataclasses.replace(still, label_smoothing=share))).loss
        for share in (0.0, 0.2, 0.4)
    )
    assert abs(some - none) > 1e-3
    assert more - some == pytest.approx(some - none, rel=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"crop_area": 1.0}, "crop_area must be a share below 1"),
        ({"label_smoothing": -0.1}, "label_smoothing must be a share below 1"),
        ({"sides": (Side(epoch=1, side=8),)}, r"sides must begin with epoch 0.* \(got \[1\]\)"),
        ({"crop_area": 0.0, "sides": (Side(epoch=0, side=8),)}, "random crops; add crop_area"),
    ],
)
def test_refuses_by_name(change, message):
    with pytest.raises(ParameterError, match=f"^TrainConfig: .*{message}"):
        dataclasses.replace(CROPPED, **change)


def test_a_side_is_no_smaller_than_a_picture_can_be():
    with pytest.raises(ParameterError, match=r"^Side: side must be in 8\.\.4,096 \(got 7\)$"):
        Side(epoch=0, side=7)
