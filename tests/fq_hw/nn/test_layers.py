"""Layers: forward against loops, gradients by formula, exact integers in evaluation."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from fq_hw.network import Activation, ConvLayer, Embedding, EmbeddingKind, WeightScale, ern
from fq_hw.nn.layers import (
    BinaryConv2d,
    HalfWaveActivation,
    PixelEmbedding,
    as_images,
    make_embedding,
)
from fq_hw.nn.quantizers import half_wave
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


def make_conv(scale, kernel=3, stride=1, cin=5, cout=6):
    torch.manual_seed(kernel)
    layer = ConvLayer(name="c", cin=cin, cout=cout, kernel=kernel, stride=stride, scale=scale)
    return BinaryConv2d(layer, 1 / 32)


def random_levels(cin=5, size=7):
    return torch.from_numpy(RNG.integers(0, 4, (2, cin, size, size))).float()


@pytest.mark.parametrize("scale", WeightScale)
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (1, 2), (3, 1), (3, 2)])
def test_binary_conv_is_sign_times_scale_with_zero_padding(scale, kernel, stride):
    conv, x = make_conv(scale, kernel, stride).eval(), random_levels()
    with torch.no_grad():
        conv.weight[0, 0, 0, 0] = 0.0  # sign(0) is +1
    bipolar = torch.where(conv.weight >= 0, 1.0, -1.0).double()
    unit = conv.weight.abs().double().mean(dim=(1, 2, 3))
    if scale is WeightScale.SHARED:
        unit = torch.full((6,), 1 / 32, dtype=torch.float64)
    assert conv.scale().shape == (6,)
    torch.testing.assert_close(conv.scale().double(), unit)
    sums = F.conv2d(x.double(), bipolar, stride=stride, padding=kernel // 2)
    torch.testing.assert_close(conv(x).double(), sums * unit[:, None, None])
    integers = (conv(x) / conv.scale()[:, None, None]).double()
    torch.testing.assert_close(integers, sums, atol=1e-5, rtol=0)


@pytest.mark.parametrize("scale", WeightScale)
def test_binary_conv_trains_on_the_values_it_evaluates(scale):
    conv, x = make_conv(scale), random_levels()
    torch.testing.assert_close(conv.train()(x), conv.eval()(x), atol=2e-5, rtol=1e-5)


def test_shared_scale_is_exact():
    conv, x = make_conv(WeightScale.SHARED, cin=512), random_levels(512)
    for training in (True, False):
        sums = conv.train(training)(x) * 32
        assert sums.equal(sums.round())
    assert conv.scale().unique().tolist() == [1 / 32]


@pytest.mark.parametrize("scale", WeightScale)
def test_binary_conv_gradient_reaches_the_latent_weight_unmasked(scale):
    conv, x = make_conv(scale).train(), random_levels()
    with torch.no_grad():
        conv.weight.mul_(20)  # far outside [-1, 1]: no clip
    out = conv(x)
    grad = torch.randn(out.shape, generator=torch.manual_seed(3))
    out.backward(grad)
    scaled = (torch.where(conv.weight >= 0, 1.0, -1.0) * conv.scale()[:, None, None, None]).detach()
    scaled.requires_grad_()
    F.conv2d(x, scaled, padding=1).backward(grad)
    torch.testing.assert_close(conv.weight.grad, scaled.grad)


def test_binary_conv_gradient_of_the_input_uses_the_scaled_weight():
    conv, x = make_conv(WeightScale.MEAN).train(), random_levels().requires_grad_()
    conv(x).sum().backward()
    unit = conv.scale()[:, None, None, None]
    scaled = torch.where(conv.weight >= 0, 1.0, -1.0) * unit
    expected = F.conv_transpose2d(torch.ones(2, 6, 7, 7), scaled.detach(), padding=1)
    torch.testing.assert_close(x.grad, expected)


@pytest.mark.parametrize(("levels", "step"), [(False, 2 / 3), (True, 1.0)])
def test_activation_scales_gradients_in_training_alone(levels, step):
    act = HalfWaveActivation(ACT, levels, 0.2)
    assert act.step == step
    x = torch.rand(50, generator=torch.manual_seed(4)) * 3 - 0.5
    assert act.train()(x).equal(act.eval()(x))
    assert act(x).equal(half_wave(x, ACT, levels))
    found = []
    for training in (True, False):
        y = x.clone().requires_grad_()
        act.train(training)(y).sum().backward()
        found.append(y.grad)
    plain = ((x >= 0) & (x <= 2)).float() * (1.5 if levels else 1.0)
    torch.testing.assert_close(found[1], plain)
    assert not found[0].equal(plain)


def test_as_images_takes_any_layout():
    array = RNG.integers(0, 256, (2, 3, 4, 5), np.uint8)
    turned = array.transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(as_images(turned).numpy(), turned)
    assert as_images(array).data_ptr() == array.ctypes.data
