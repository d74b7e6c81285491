"""Layers: forward against loops, gradients by formula, exact integers in evaluation."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from fq_hw.layers import Activation, ConvLayer, WeightScale
from fq_hw.nn.layers import BinaryConv2d, HalfWaveActivation, RealConv2d, as_images
from fq_hw.nn.layers import make_conv as from_record
from fq_hw.nn.quantizers import half_wave

ACT = Activation()
RNG = np.random.default_rng(0)


def make_conv(scale, kernel=3, stride=1, cin=5, cout=6):
    torch.manual_seed(kernel)
    layer = ConvLayer(name="c", cin=cin, cout=cout, kernel=kernel, stride=stride, scale=scale)
    return BinaryConv2d(layer)


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
    elif scale is WeightScale.LEARNED:
        torch.testing.assert_close(conv.level[1:].double(), unit[1:])  # its start, but for the 0
        with torch.no_grad():
            conv.level.uniform_(0.1, 0.9, generator=torch.manual_seed(5))
        unit = conv.level.double()
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


def test_a_real_layer_is_a_plain_convolution():
    record = ConvLayer(
        name="c", cin=5, cout=6, kernel=3, stride=2, scale=WeightScale.MEAN, real=True
    )
    conv, x = from_record(record), random_levels()
    assert isinstance(conv, RealConv2d)
    assert [name for name, _ in conv.named_parameters()] == ["weight"]
    assert conv(x).equal(F.conv2d(x, conv.weight, stride=2, padding=1))


def test_weights_of_two_bits_have_four_levels():
    record = ConvLayer(
        name="c", cin=5, cout=6, kernel=3, stride=1, scale=WeightScale.LEARNED, bits=2
    )
    conv, x = from_record(record), random_levels()
    assert sorted(conv.codes().unique().tolist()) == [-3, -1, 1, 3]
    weight = conv.codes() * conv.level[:, None, None, None]
    for training in (True, False):
        found = conv.train(training)(x)
        torch.testing.assert_close(found, F.conv2d(x, weight, padding=1), atol=2e-5, rtol=1e-5)


def test_clip_keeps_levels_positive():
    conv = make_conv(WeightScale.LEARNED)
    with torch.no_grad():
        conv.level[:3] = torch.tensor([-1.0, 0.0, 0.5])
    conv.clip()
    assert conv.level[0] == conv.level[1] > 0
    assert conv.level[2] == 0.5
