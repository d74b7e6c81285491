"""Quantizers: values, ties, and the surrogate gradients of the papers."""

import pytest
import torch

from fq_hw.network import Activation
from fq_hw.nn.quantizers import binary_scale, half_wave, sign

ACT = Activation()
X = torch.tensor([-9.0, -0.1, 0.0, 0.2, 0.5, 0.9, 1.2, 1.6, 1.9, 2.0, 2.1, 50.0])
LEVELS = torch.tensor([0.0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 3])
INSIDE = torch.tensor([0.0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0])


def gradient(function, x, grad):
    x = x.clone().requires_grad_()
    function(x).backward(grad)
    return x.grad


def test_half_wave_values():
    assert half_wave(X, ACT, levels=True).equal(LEVELS)
    assert half_wave(X, ACT, levels=False).equal(LEVELS * (2 / 3))


def test_half_wave_ties_belong_to_the_upper_level():
    ties = torch.tensor([1 / 3, 1, 5 / 3], dtype=torch.float64)
    assert half_wave(ties, ACT, levels=True).tolist() == [1, 2, 3]
    assert half_wave(torch.tensor([1.0]), ACT, levels=True).tolist() == [2]  # exact in float32


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_half_wave_beside_the_ties(kind):
    ties = torch.tensor([1 / 3, 1, 5 / 3], dtype=kind)
    assert half_wave(ties + 1e-6, ACT, levels=True).tolist() == [1, 2, 3]
    assert half_wave(ties - 1e-6, ACT, levels=True).tolist() == [0, 1, 2]


def test_half_wave_of_another_range():
    wide = Activation(max_value=3.0)
    x = torch.tensor([-1.0, 0.49, 0.5, 1.49, 1.5, 2.5, 4.0])
    assert half_wave(x, wide, levels=True).tolist() == [0, 0, 1, 1, 2, 3, 3]
    assert half_wave(x, wide, levels=False).tolist() == [0, 0, 1, 1, 2, 3, 3]


@pytest.mark.parametrize(("levels", "gain"), [(False, 1.0), (True, 1.5)])
def test_half_wave_gradient_is_a_mask_times_the_gain(levels, gain):
    grad = torch.linspace(-2, 3, len(X))
    found = gradient(lambda x: half_wave(x, ACT, levels), X, grad)
    torch.testing.assert_close(found, grad * INSIDE * gain)


@pytest.mark.parametrize(("levels", "gain"), [(False, 1.0), (True, 1.5)])
@pytest.mark.parametrize("delta", [0.01, 0.3])
def test_ewgs_scales_by_the_error_in_units_of_x(levels, gain, delta):
    grad = torch.tensor([1.0, -1.0] * 6) * torch.linspace(0.5, 2, len(X))
    found = gradient(lambda x: half_wave(x, ACT, levels, delta), X, grad)
    error = X - LEVELS * (2 / 3)
    expected = grad * (1 + delta * grad.sign() * error) * INSIDE * gain
    torch.testing.assert_close(found, expected)
    assert not found.equal(grad * INSIDE * gain)


def test_sign_values_and_straight_through_gradient():
    x = torch.tensor([-3.0, -1e-30, -0.0, 0.0, 1e-30, 7.0])
    assert sign(x).tolist() == [-1, -1, 1, 1, 1, 1]
    grad = torch.linspace(-5, 5, 6)
    assert gradient(sign, x, grad).equal(grad)


def test_binary_scale_is_the_mean_and_has_no_gradient():
    weight = torch.randn(5, 3, 3, 3, generator=torch.manual_seed(0), requires_grad=True)
    scale = binary_scale(weight)
    assert not scale.requires_grad
    expected = [sum(abs(v) for v in row) / 27 for row in weight.flatten(1).tolist()]
    torch.testing.assert_close(scale, torch.tensor(expected))
