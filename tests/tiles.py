"""A network, images and a recipe that train in a second."""

from __future__ import annotations

import numpy as np

from fq_hw.data import Data, Split
from fq_hw.layers import Embedding
from fq_hw.network import Block, Network, Stage, StemConv
from fq_hw.nn.training import TrainConfig, arrays

NETWORK = Network(
    name="tiny",
    image=(8, 8, 3),
    classes=3,
    embedding=Embedding(length=3),
    stem=(StemConv(width=8, norm=False),),
    block=Block.BASIC,
    stages=(Stage(width=8, blocks=1),),
)
CONFIG = TrainConfig(epochs=4, batch=16, lr=0.1, crop=1, flip=True, seed=3)


def tiles(count, seed):
    """Noise that is brighter in one colour: the class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = rng.integers(0, 120, (count, 8, 8, 3), np.uint8)
    images[np.arange(count), :, :, labels] += 100
    return Split(images=images, labels=labels)


TRAIN, TEST = tiles(85, 1), tiles(30, 2)
DATA = Data(name="tiles", classes=("r", "g", "b"), train=lambda seed: TRAIN, test=lambda: TEST)


def weights(model):
    return {name: array.copy() for name, array in arrays(model).items()}


def assert_same(one, two):
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)
