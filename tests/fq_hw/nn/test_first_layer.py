"""A first convolution that is real for a while: what training does to its weights, and when."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from tiles import CONFIG, DATA, NETWORK, assert_same, weights

from fq_hw.errors import ParameterError
from fq_hw.network import Embedding, EmbeddingKind, WeightScale
from fq_hw.nn import first_layer
from fq_hw.nn.layers import BinaryConv2d
from fq_hw.nn.training import train

REAL = dataclasses.replace(CONFIG, real_epochs=2)
WEIGHT = "stem.0.conv.weight"


@pytest.mark.parametrize("length", [1, 2, 3, 10, 20, 21])
def test_every_beginning_lies_evenly(length):
    order = first_layer.evenly(length)
    assert sorted(order) == list(range(length))
    for count in range(1, length):
        gaps = np.diff(sorted(order[:count]) + [min(order[:count]) + length])
        assert max(gaps) <= 2 * length / count + 1


def test_the_share_of_signs_is_the_weight():
    torch.manual_seed(1)
    weight = (torch.rand(4, 3, 1, 3, 3) * 2 - 1).expand(-1, -1, 10, -1, -1)
    split = weight.flatten(1, 2).clone()
    first_layer.split(split, 3)
    signs = torch.where(split >= 0, 1.0, -1.0).unflatten(1, (3, 10)).mean(2)
    wanted = weight[:, :, 0] / (2 * weight.abs().mean((1, 2, 3, 4)))[:, None, None, None]
    assert ((signs - wanted.clamp(-1, 1)).abs() <= 0.1 + 1e-6).all()  # 10 signs: half a step of 0.2
    assert split.unflatten(1, (3, 10)).std(2).min() > 0


def test_start_is_as_wide_as_that_of_a_layer_of_colours():
    torch.manual_seed(1)
    conv = torch.nn.Conv2d(30, 64, 3, bias=False)
    first_layer.start(conv.weight, 3)
    bound = (3 * 9) ** -0.5
    assert 0.95 * bound < conv.weight.abs().max() <= bound
    assert (conv.weight.unflatten(1, (3, 10)).diff(dim=2) == 0).all()


@pytest.fixture(scope="module")
def epochs():
    return [(epoch, weights(epoch.model), epoch.state()) for epoch in train(NETWORK, DATA, REAL)]


def test_weights_are_one_for_a_colour_and_then_not(epochs):
    spread = [np.ptp(found[WEIGHT].reshape(8, 3, 3, 3, 3), axis=2) for _, found, _ in epochs]
    assert [bool((one == 0).all()) for one in spread] == [True, True, False, False]
    moved = [(a[WEIGHT] != b[WEIGHT]).any() for (_, a, _), (_, b, _) in itertools.pairwise(epochs)]
    assert all(moved)


@pytest.mark.parametrize("stop", [1, 2, 3])  # while real, just before the change, after it
def test_resumes_on_either_side_of_the_change(epochs, stop):
    *_, last = train(NETWORK, DATA, REAL, state=epochs[stop - 1][2])
    assert_same(weights(last.model), epochs[-1][1])


def test_evaluates_signs_and_trains_weights():
    model = next(train(NETWORK, DATA, REAL)).model
    conv = model.stem[0].conv
    x = torch.rand(2, 9, 8, 8)
    plain = torch.nn.functional.conv2d(x, conv.weight, stride=conv.layer.stride, padding=1)
    assert (conv.train()(x) == plain).all()
    assert (conv.eval()(x) != plain).any()
    conv.real = False
    assert (conv.train()(x) != plain).any()


@pytest.mark.parametrize("kind", [EmbeddingKind.THERMOMETER, EmbeddingKind.EXACT])
def test_takes_any_code_of_a_pixel(kind):
    embedding = Embedding(kind=kind, length=1 if kind is EmbeddingKind.EXACT else 3)
    network = dataclasses.replace(NETWORK, embedding=embedding)
    *_, last = train(network, DATA, REAL)
    assert isinstance(last.model.stem[0].conv, BinaryConv2d)


@pytest.mark.parametrize(
    "network",
    [
        dataclasses.replace(NETWORK, embedding=Embedding(kind=EmbeddingKind.FLOAT, length=1)),
        dataclasses.replace(NETWORK, weight_scale=WeightScale.LEARNED),
    ],
    ids=["float", "learned"],
)
def test_refuses_what_has_no_such_layer(network):
    contract = (
        "^TrainConfig: real_epochs needs a first convolution of weights -1/\\+1 .*, not 'tiny'$"
    )
    with pytest.raises(ParameterError, match=contract):
        next(train(network, DATA, REAL))


@pytest.mark.parametrize("epochs", [-1, 4])
def test_refuses_to_end_real(epochs):
    with pytest.raises(
        ParameterError, match="^TrainConfig: real_epochs must be below the 4 epochs"
    ):
        dataclasses.replace(CONFIG, real_epochs=epochs)
