"""Quantizers: values, ties, and the surrogate gradients of the papers."""

import pytest
import torch

from fq_hw.layers import Activation
from fq_hw.nn.quantizers import codes, half_wave, mean_unit, quantized_weight

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


def row(*values):
    """Weights of one output channel: 1,N,1,1."""
    return torch.tensor(values)[None, :, None, None]


UNIT = torch.tensor([0.5])


@pytest.mark.parametrize(
    ("bits", "weight", "expected"),
    [
        (1, row(-3.0, -1e-30, -0.0, 0.0, 1e-30, 7.0), [-1, -1, 1, 1, 1, 1]),
        (2, row(-9.0, -1.01, -1.0, -0.1, 0.0, 0.99, 1.0, 9.0), [-3, -3, -1, -1, 1, 1, 3, 3]),
    ],
)
def test_codes_are_the_nearest_odd_integers(bits, weight, expected):
    assert codes(weight, UNIT, bits).flatten().tolist() == expected
    assert quantized_weight(weight, UNIT, bits).flatten().tolist() == [e / 2 for e in expected]


@pytest.mark.parametrize("bits", [1, 2])
def test_gradients_of_a_quantized_weight_and_of_its_unit(bits):
    weight = torch.randn(5, 3, 2, 2, generator=torch.manual_seed(0), requires_grad=True)
    unit = torch.linspace(0.2, 0.9, 5).requires_grad_()
    grad = torch.randn(5, 3, 2, 2, generator=torch.manual_seed(1))
    quantized_weight(weight, unit, bits).backward(grad)
    assert weight.grad.equal(grad)
    code = codes(weight.detach(), unit.detach(), bits)
    expected = [float((grad[o] * code[o]).sum()) / 12**0.5 for o in range(5)]
    torch.testing.assert_close(unit.grad, torch.tensor(expected))


@pytest.mark.parametrize("bits", [1, 2])
def test_mean_unit_is_from_the_mean_and_has_no_gradient(bits):
    weight = torch.randn(5, 3, 3, 3, generator=torch.manual_seed(0), requires_grad=True)
    unit = mean_unit(weight, bits)
    assert not unit.requires_grad
    expected = [sum(abs(v) for v in row) / 27 / bits for row in weight.flatten(1).tolist()]
    torch.testing.assert_close(unit, torch.tensor(expected))
