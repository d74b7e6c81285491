"""Embeddings: forward against loops, gradients by formula, every kind of the record."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from fq_hw.layers import Activation, Embedding, EmbeddingKind
from fq_hw.network import ern
from fq_hw.nn.embeddings import LookUp, PixelEmbedding, TableStart, make_embedding
from fq_hw.nn.quantizers import half_wave
from fq_hw.pixel_codes import fixed_table
from fq_hw.thermometer import thermometer_table

ACT = Activation()
RNG = np.random.default_rng(0)


def random_images(n=2, h=4, w=5, colours=3):
    return torch.from_numpy(RNG.integers(0, 256, (n, h, w, colours), np.uint8))


def random_embedding(shared, length=4, colours=3):
    layer = PixelEmbedding(colours, length, shared, ACT)
    with torch.no_grad():
        layer.table.uniform_(-0.5, 2.5, generator=torch.manual_seed(1))
    return layer


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "per colour"])
def test_pixel_embedding_equals_a_loop(shared):
    layer, images = random_embedding(shared), random_images()
    assert layer.table.shape == (1 if shared else 3, 256, 4)
    found = layer(images)
    assert found.shape == (2, 12, 4, 5)
    for n, y, x, c in np.ndindex(2, 4, 5, 3):
        row = layer.table[0 if shared else c, int(images[n, y, x, c])]
        expected = half_wave(row, ACT, levels=True)
        assert found[n, 4 * c : 4 * c + 4, y, x].equal(expected)


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "per colour"])
def test_pixel_embedding_gradient_is_a_dense_scatter(shared):
    layer, images = random_embedding(shared), random_images()
    grad = torch.randn(2, 12, 4, 5, generator=torch.manual_seed(2))
    layer(images).backward(grad)
    expected = torch.zeros_like(layer.table)
    for n, y, x, c in np.ndindex(2, 4, 5, 3):
        expected[0 if shared else c, int(images[n, y, x, c])] += grad[n, 4 * c : 4 * c + 4, y, x]
    inside = (layer.table >= 0) & (layer.table <= 2)
    torch.testing.assert_close(layer.table.grad, expected * inside * 1.5)
    absent = sorted(set(range(256)) - set(images.flatten().tolist()))
    assert absent
    assert not layer.table.grad[:, absent].any()
    assert not layer.table.grad.is_sparse


def test_pixel_embedding_starts_as_the_thermometer_with_live_entries():
    layer = PixelEmbedding(3, 10, False, ACT)
    expected = torch.from_numpy(thermometer_table(10)).float()
    for table in layer.table:
        assert half_wave(table, ACT, levels=True).equal(expected)
    assert layer.table.min() > 0
    assert layer.table.max() < 2


def test_clip_keeps_the_table_where_it_gets_a_gradient():
    layer = random_embedding(True)
    before = layer.table.detach().clone()
    layer.clip()
    assert layer.table.equal(before.clamp(0, 2))
    assert layer.table.requires_grad
    layer(random_images()).sum().backward()
    assert (layer.table.grad >= 0).all()


def test_make_embedding_follows_the_record():
    record = ern("18")
    fixed = make_embedding(record)
    assert not list(fixed.parameters())
    assert not fixed.state_dict()
    images = random_images()
    rows = thermometer_table(10)[images.numpy()].reshape(2, 4, 5, 30)
    np.testing.assert_array_equal(fixed(images).numpy(), rows.transpose(0, 3, 1, 2))
    learned = Embedding(kind=EmbeddingKind.LEARNED, length=7, shared=False)
    made = make_embedding(type(record)(**vars(record) | {"embedding": learned}))
    assert made.table.shape == (3, 256, 7)


FIXED = [(EmbeddingKind.THERMOMETER, 6), (EmbeddingKind.NAIVE, 1), (EmbeddingKind.DIGITS, 4)]


@pytest.mark.parametrize(("kind", "length"), FIXED)
def test_fixed_kinds_look_up_their_code(kind, length):
    record = replace(ern("18"), embedding=Embedding(kind=kind, length=length))
    images, layer = random_images(), make_embedding(record)
    rows = fixed_table(record.embedding)[images.numpy()].reshape(2, 4, 5, 3 * length)
    np.testing.assert_array_equal(layer(images).numpy(), rows.transpose(0, 3, 1, 2))


@pytest.mark.parametrize(("kind", "unit"), [(EmbeddingKind.EXACT, 1), (EmbeddingKind.FLOAT, 255)])
def test_other_kinds_pass_the_pixels_on(kind, unit):
    layer = make_embedding(replace(ern("18"), embedding=Embedding(kind=kind, length=1)))
    images = random_images()
    expected = images.numpy().transpose(0, 3, 1, 2) / unit
    np.testing.assert_allclose(layer.double()(images).numpy(), expected, rtol=1e-7)
    assert not layer.state_dict()
    if kind is EmbeddingKind.EXACT:
        layer = layer.float()  # a byte is exact in bfloat16, too
        np.testing.assert_array_equal(layer(images).bfloat16().float().numpy(), expected)


def test_a_random_table_is_noise_where_it_gets_a_gradient():
    torch.manual_seed(0)
    layer = PixelEmbedding(3, 10, False, ACT, TableStart.RANDOM)
    assert layer.table.shape == (3, 256, 10)
    assert float(layer.table.detach().mean()) == pytest.approx(1, abs=0.02)
    assert float(layer.table.detach().std()) == pytest.approx(
        0.5, abs=0.03
    )  # a little less: it is clipped
    assert layer.table.min() >= 0
    assert layer.table.max() <= 2
    assert not layer.table[0].equal(layer.table[1])
    assert sorted(half_wave(layer.table, ACT, levels=True).unique().tolist()) == [0, 1, 2, 3]


@pytest.mark.parametrize("length", [2, 10, 21])
def test_a_ramp_is_the_thermometer_but_for_the_edges_and_lies_between_levels(length):
    layer = PixelEmbedding(3, length, True, ACT, TableStart.RAMP)
    found = half_wave(layer.table.detach()[0], ACT, levels=True).numpy()
    code = thermometer_table(length)
    s = max(1, 255 // (3 * length))
    inside = np.arange(256) % s != 0  # the thermometer's step is just above a multiple of s
    np.testing.assert_array_equal(found[inside], code[inside])
    assert np.abs(found - code).max() <= 1
    rest = layer.table.detach() / ACT.step
    assert ((rest - rest.round()).abs() > 0.4).any()
    assert layer.table.min() >= 0
    assert layer.table.max() <= 2


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float32, torch.float64])
def test_look_up_is_torchs_embedding(kind):
    index = torch.from_numpy(RNG.integers(0, 50, (3, 7, 11))).int()
    rows = torch.randn(50, 4, generator=torch.manual_seed(0)).to(kind).requires_grad_()
    grad = torch.randn(3, 7, 11, 4, generator=torch.manual_seed(1)).to(kind)
    found = LookUp.apply(rows, index)
    assert found.equal(F.embedding(index, rows))
    found.backward(grad)
    exact = rows.detach().double().requires_grad_()
    F.embedding(index, exact).backward(grad.double())
    assert rows.grad.dtype == kind
    torch.testing.assert_close(rows.grad, exact.grad.to(kind))
