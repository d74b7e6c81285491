"""Fitted widths: the formulas by loops, what each rule is for, values and gradients."""

import numpy as np
import pytest
import torch

from fq_hw.layers import Activation, StepRule
from fq_hw.nn.channel_step import VAR_EPS, ChannelStepActivation, fitted_width
from fq_hw.nn.quantizers import half_wave

RULES = [StepRule.LAYER, StepRule.NORMALIZED, StepRule.ROBUST]


def uneven(seed=0):
    """Positive halves of channels: six alike, one thirty times as loud; N,C,H,W."""
    x = torch.randn(8, 7, 6, 6, generator=torch.manual_seed(seed))
    x[:, 6] *= 30
    return x


def levels(x, width):
    return (x / width + 0.5).floor().clamp(0, 3)


def by_loops(x, q, rule):
    """The formulas of the module, a channel at a time, in float64."""
    x, q = x.double().numpy(), q.double().numpy()
    found, top, bottom = [], 0.0, 0.0
    for c in range(x.shape[1]):
        xc, qc = x[:, c].ravel(), q[:, c].ravel()
        if qc @ qc:
            found.append(xc @ qc / (qc @ qc))
        weight = 1 / (xc.var() + VAR_EPS) if rule is StepRule.NORMALIZED else 1
        top, bottom = top + weight * (xc @ qc), bottom + weight * (qc @ qc)
    if rule is StepRule.ROBUST:
        return sorted(found)[(len(found) - 1) // 2]
    return top / bottom


@pytest.mark.parametrize("rule", RULES)
def test_fitted_width_by_loops(rule):
    x = uneven()
    q = levels(x, 0.7)
    q[:, 2] = 0  # a channel that never fires says nothing
    assert float(fitted_width(x, q, rule)) == pytest.approx(by_loops(x, q, rule), rel=1e-5)


@pytest.mark.parametrize("rule", RULES)
def test_all_zero_levels_fit_no_width(rule):
    assert fitted_width(uneven(), torch.zeros(8, 7, 6, 6), rule) is None


def settled(rule, count=60):
    act = ChannelStepActivation(Activation(rule=rule), False, 0.0).train()
    for seed in range(count):
        act(uneven(seed))
    return float(act.width)


def test_a_loud_channel_moves_the_layers_width_but_not_the_medians():
    alone = ChannelStepActivation(Activation(rule=StepRule.LAYER), False, 0.0).train()
    for seed in range(60):
        alone(uneven(seed)[:, :6])
    quiet = float(alone.width)  # what serves the six
    assert settled(StepRule.ROBUST) == pytest.approx(quiet, rel=0.1)
    assert settled(StepRule.LAYER) > 5 * quiet


def test_the_width_of_a_normal_distribution_is_the_known_one():
    """A uniform quantizer of its positive half has the least error at 0.65 deviations or so."""
    act = ChannelStepActivation(Activation(rule=StepRule.LAYER), False, 0.0).train()
    for seed in range(100):
        act(torch.randn(16, 4, 8, 8, generator=torch.manual_seed(seed)))
    x = torch.randn(400_000, generator=torch.manual_seed(1)).clamp(min=0)
    widths = np.linspace(0.4, 1.0, 121)
    errors = [float(((x - w * levels(x, w)) ** 2).mean()) for w in widths]
    assert float(act.width) == pytest.approx(widths[int(np.argmin(errors))], abs=0.02)


@pytest.mark.parametrize("bare", [False, True])
def test_values_and_gradient_are_those_of_a_half_wave_of_that_width(bare):
    act = ChannelStepActivation(Activation(rule=StepRule.LAYER), bare, 0.0).eval()
    act.width.fill_(0.25)
    assert float(act.step) == (1.0 if bare else 0.25)
    wide = Activation(max_value=0.75)
    x = torch.linspace(-1, 2, 97)[None, :, None, None]
    found, grads = [], []
    for function in (act, lambda y: half_wave(y, wide, bare)):
        y = x.clone().requires_grad_()
        out = function(y)
        out.sum().backward()
        found.append(out.detach())
        grads.append(y.grad)
    torch.testing.assert_close(*found)
    torch.testing.assert_close(*grads)


def test_evaluation_leaves_the_width_and_training_moves_it():
    act = ChannelStepActivation(Activation(rule=StepRule.ROBUST), False, 0.0).train()
    act(uneven())
    before = float(act.width)
    act.eval()(uneven(1) * 9)
    assert float(act.width) == before
    act.train()(uneven(1) * 9)
    assert float(act.width) > before


def test_a_width_that_is_too_large_shrinks():
    act = ChannelStepActivation(Activation(rule=StepRule.LAYER), False, 0.0).train()
    act.width.fill_(1e6)
    for _ in range(10):
        act(uneven())
    assert float(act.width) < 1e6
