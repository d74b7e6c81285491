"""Direct updates: level, residual and saturation by the formula, against a loop over weights."""

import copy

import numpy as np
import pytest
import torch

from fq_hw.layers import ConvLayer, WeightScale
from fq_hw.nn.direct import DirectUpdate
from fq_hw.nn.layers import BinaryConv2d


def layer(bits, scale=WeightScale.LEARNED):
    torch.manual_seed(bits)
    record = ConvLayer(name="c", cin=3, cout=4, kernel=3, stride=1, scale=scale, bits=bits)
    return BinaryConv2d(record)


def step(conv, seed):
    """What an optimizer does: every weight and every level moves."""
    generator = torch.manual_seed(seed)
    with torch.no_grad():
        conv.weight += 0.1 * torch.randn(conv.weight.shape, generator=generator)
        if conv.layer.scale is WeightScale.LEARNED:
            conv.level += 0.01 * torch.randn(4, generator=generator)


def nearest(position, unit, bits):
    """The odd integer z with z * unit nearest to ``position``, the upper one of two."""
    odd = (3, 1, -1, -3) if bits == 2 else (1, -1)
    return min(odd, key=lambda z: abs(position - z * unit))


@pytest.mark.parametrize("bits", [1, 2])
@pytest.mark.parametrize("scale", [WeightScale.LEARNED, WeightScale.SHARED])
def test_residuals_are_kept_and_levels_carry_their_weights(bits, scale):
    conv = layer(bits, scale).double()
    settle = DirectUpdate(conv)
    flipped = ended = 0
    for seed in range(5):
        weight, unit = conv.weight.detach().numpy().copy(), conv.scale().detach().numpy().copy()
        code = conv.codes().numpy().copy()
        step(conv, seed)
        moved, grown = conv.weight.detach().numpy().copy(), conv.scale().detach().numpy().copy()
        settle()
        for o, *at in np.ndindex(weight.shape):
            place = (o, *at)
            z, before = code[place], weight[place]
            assert z == nearest(before, unit[o], bits)
            residual = (before - z * unit[o]) + (moved[place] - before)
            top = (2**bits - 1) * grown[o]
            position = min(max(z * grown[o] + residual, -top), top)
            assert float(conv.weight.detach()[place]) == pytest.approx(position, abs=1e-12)
            assert conv.codes()[place] == nearest(position, grown[o], bits)
            flipped += int(conv.codes()[place] != z)
            ended += abs(position) == top
    assert flipped > 20
    assert ended > 20


def test_a_weight_beyond_its_level_comes_back_at_once():
    """A latent weight would first have to return from where it went."""
    conv = layer(1)
    settle = DirectUpdate(conv)
    unit = conv.level.detach().clone()
    with torch.no_grad():
        conv.weight[0] += 50 * unit[0]
    settle()
    assert conv.weight[0].detach().unique().tolist() == [float(unit[0])]
    with torch.no_grad():
        conv.weight[0] -= 1.01 * unit[0]
    settle()
    assert (conv.codes()[0] == -1).all()


def test_a_resumed_run_goes_on_as_if_it_had_not_stopped():
    one = layer(2)
    first = DirectUpdate(one)
    step(one, 0)
    first()
    two = copy.deepcopy(one)
    second = DirectUpdate(two)
    for conv, settle in ((one, first), (two, second)):
        step(conv, 1)
        settle()
    assert one.weight.equal(two.weight)
