"""A first convolution that is real for a while: what it computes, and what training makes of it."""

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tiles import CONFIG, DATA, NETWORK, TRAIN, assert_same, weights

from fq_hw.errors import ParameterError
from fq_hw.layers import Embedding, EmbeddingKind, WeightScale, array_shapes
from fq_hw.nn.first_layer import RealStart, moments
from fq_hw.nn.layers import BinaryConv2d, as_images
from fq_hw.nn.network import ErnNet
from fq_hw.nn.training import train

REAL = dataclasses.replace(CONFIG, real_epochs=2)
WEIGHT = "stem.0.conv.weight"


@pytest.fixture(scope="module")
def epochs():
    return [(epoch, weights(epoch.model), epoch.state()) for epoch in train(NETWORK, DATA, REAL)]


def real_start(seed=1):
    torch.manual_seed(seed)
    model = ErnNet(NETWORK)
    return model, RealStart(model, NETWORK, 2)


def test_a_real_weight_sees_all_levels_of_its_colour():
    model, real = real_start()
    conv, x = model.stem[0].conv, torch.rand(2, 9, 8, 8)
    real.begin(0)
    one_each = conv.real.repeat_interleave(3, 1)
    plain = F.conv2d(x, one_each, stride=conv.layer.stride, padding=1)
    torch.testing.assert_close(conv.train()(x), plain)
    signs = conv.eval()(x)
    real.begin(2)
    torch.testing.assert_close(conv.train()(x), signs)


def test_begins_with_the_sum_of_the_weights_and_their_width():
    model, _ = real_start()
    conv = model.stem[0].conv
    expected = conv.weight.view(8, 3, 3, 3, 3).sum(2)
    torch.testing.assert_close(conv.real.detach(), expected)
    wide = dataclasses.replace(
        NETWORK,
        embedding=Embedding(length=10),
        stem=(dataclasses.replace(NETWORK.stem[0], width=64),),
    )
    model = ErnNet(wide)
    RealStart(model, wide, 1)
    plain = torch.nn.Conv2d(3, 64, 3, bias=False).weight
    assert 0.9 < float(model.stem[0].conv.real.detach().std() / plain.detach().std()) < 1.1


def test_goes_on_from_a_checkpoint():
    *_, last = train(NETWORK, DATA, CONFIG)
    start = weights(last.model)
    model, _ = real_start()
    conv = model.stem[0].conv
    begun = []
    keep = RealStart.begin

    def begin(self, epoch):
        begun.append(self.conv.real.detach().clone())
        keep(self, epoch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RealStart, "begin", begin)
        next(train(NETWORK, DATA, REAL, start=start))
    expected = torch.from_numpy(start[WEIGHT]).view(8, 3, 3, 3, 3).sum(2)
    torch.testing.assert_close(begun[0], expected)
    assert begun[0].shape == conv.real.shape


@pytest.mark.parametrize("stride", [1, 2])
def test_moments_are_those_of_the_patches(stride):
    stem = (dataclasses.replace(NETWORK.stem[0], stride=stride),)
    model = ErnNet(dataclasses.replace(NETWORK, stem=stem))
    images = as_images(TRAIN.images[:20])
    levels = F.pad(model.embedding(images).detach().double(), (1, 1, 1, 1))
    places = range(0, 8, stride)
    rows = [levels[:, :, y : y + 3, x : x + 3].flatten(1) for y in places for x in places]
    found, rows = moments(model, images), torch.cat(rows)
    np.testing.assert_allclose(found.mean, rows.mean(0))
    np.testing.assert_allclose(found.covariance, torch.cov(rows.T, correction=0))


def test_signs_stand_for_the_real_weights():
    """On the images that they were found with, sums differ by a small part of their variance."""
    model, real = real_start()
    conv, images = model.stem[0].conv, as_images(TRAIN.images)
    real.begin(0)
    real.end(images)
    x = model.embedding(images)
    wanted, found = conv.train()(x), conv.eval()(x)
    share = (wanted - found).var((0, 2, 3)) / wanted.var((0, 2, 3))
    assert share.max() < 0.25  # of 27 signs; each weight rounded on its own: above 0.6
    signs = torch.where(conv.real >= 0, 1.0, -1.0).repeat_interleave(3, 1)
    own = F.conv2d(x, signs, stride=conv.layer.stride, padding=1)
    size = (own * wanted).mean((0, 2, 3)) / (own * own).mean((0, 2, 3))
    assert (
        share.mean()
        < 0.5 * ((size[:, None, None] * own - wanted).var((0, 2, 3)) / wanted.var((0, 2, 3))).mean()
    )


def test_every_epoch_has_signs_and_after_the_real_ones_the_same(epochs):
    for _, found, _ in epochs:
        assert found.keys() == array_shapes(NETWORK).keys()
        size = np.abs(found[WEIGHT]).reshape(8, -1)
        np.testing.assert_allclose(size, np.broadcast_to(size[:, :1], size.shape), rtol=1e-6)
    first, second, third, fourth = (found[WEIGHT] for _, found, _ in epochs)
    assert (first != second).any()
    assert (second == third).all()
    assert (third == fourth).all()
    moved = [name for name in epochs[2][1] if (epochs[2][1][name] != epochs[3][1][name]).any()]
    assert "stages.0.0.convs.0.weight" in moved


def test_the_real_weights_learn(epochs):
    reals = [state["model"]["stem.0.conv.real"] for _, _, state in epochs]
    assert (reals[0] != reals[1]).any()
    assert (reals[1] == reals[3]).all()


@pytest.mark.parametrize("stop", [1, 2, 3])  # while real, just before the change, after it
def test_resumes_on_either_side_of_the_change(epochs, stop):
    *_, last = train(NETWORK, DATA, REAL, state=epochs[stop - 1][2])
    assert_same(weights(last.model), epochs[-1][1])


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
    contract = r"^TrainConfig: real_epochs needs a first convolution of .* \(got 'tiny'\)$"
    with pytest.raises(ParameterError, match=contract):
        next(train(network, DATA, REAL))


@pytest.mark.parametrize("epochs", [-1, 4])
def test_refuses_to_end_real(epochs):
    with pytest.raises(
        ParameterError, match="^TrainConfig: real_epochs must be below the 4 epochs"
    ):
        dataclasses.replace(CONFIG, real_epochs=epochs)
