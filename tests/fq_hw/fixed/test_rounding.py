"""Compensated rounding: sums keep their mean and change less, by least squares done otherwise."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from floats import FLOATS, random_float, random_pixels

from fq_hw.fixed.format import Format, quantize, real, widest
from fq_hw.fixed.merge_norms import Merged, merge_norms
from fq_hw.fixed.network import bias_codes, weight_codes
from fq_hw.float_network import nodes
from fq_hw.rounding import DAMPING, Moments


def moments(rng: np.random.Generator, count: int) -> Moments:
    """Those of correlated inputs, one of which is always 0."""
    rows = rng.normal(size=(500, count)) @ rng.normal(size=(count, count)) + 1
    rows[:, 2] = 0
    return Moments(mean=rows.mean(0), covariance=np.cov(rows.T, bias=True))


def by_least_squares(weight: np.ndarray, form: Format, known: Moments) -> np.ndarray:
    """The same codes by a system of equations for every input, without a factorization."""
    damped = known.covariance.copy()
    damped[np.diag_indices_from(damped)] += DAMPING * damped.diagonal().mean() + 1e-12
    left, rest = weight.copy(), list(np.argsort(-known.covariance.diagonal(), kind="stable"))
    codes = np.zeros(weight.shape, np.int64)
    while rest:
        at = rest.pop(0)
        codes[:, at] = quantize(left[:, at], form)
        lost = left[:, at] - real(codes[:, at], form)
        if rest:  # what the others must add so that the damped error is least
            share = np.linalg.solve(damped[np.ix_(rest, rest)], damped[rest, at])
            left[:, rest] += lost[:, None] * share
    return codes


@pytest.mark.parametrize("bits", [2, 3, 5])
def test_equals_least_squares(bits):
    rng = np.random.default_rng(bits)
    weight, known = rng.normal(size=(7, 12)), moments(rng, 12)
    form = widest(float(np.abs(weight).max()) / 2, bits)  # so that some are clipped
    layer = Merged(weight=weight.reshape(7, 3, 2, 2), bias=np.zeros(7), inputs=known)
    got = weight_codes(layer, form)
    np.testing.assert_array_equal(got.reshape(7, 12), by_least_squares(weight, form, known))
    assert np.abs(got).max() == form.limit and got.dtype == np.int64

    def error(codes):
        lost = weight - real(codes, form)
        return ((lost @ known.covariance) * lost).sum()

    assert error(got.reshape(7, 12)) < 0.7 * error(quantize(weight, form))


@pytest.mark.parametrize("network", FLOATS.values(), ids=lambda n: n.name)
def test_sums_keep_their_mean(network):
    torch = pytest.importorskip("torch", reason="the float networks are torch's")
    from fq_hw.nn.fixed_point import input_moments
    from fq_hw.nn.float_net import loaded

    trained, images = random_float(network, 3), random_pixels(network, 13, 5)
    values = {}
    with torch.no_grad():
        loaded(network, trained.arrays)(torch.from_numpy(images), values.__setitem__)

    def sums(weight: np.ndarray, bias: np.ndarray, node) -> np.ndarray:
        """Every sum of every channel: O,N."""
        arrays = torch.from_numpy(weight), torch.from_numpy(bias)
        x = values[node.inputs[0]].double()
        found = torch.nn.functional.conv2d(x, *arrays, node.layer.steps, node.pad)
        return found.transpose(0, 1).flatten(1).numpy()

    known = input_moments(network, trained.arrays, images, batch=5)
    for node in nodes(network):
        if not node.weighted:
            continue
        merged = merge_norms(trained)[node.name]
        want = sums(merged.weight, merged.bias, node)
        weights, fine = widest(float(np.abs(merged.weight).max()), 3), Format(32, 24)
        error = {}
        for inputs in (None, known[node.name]):
            layer = dataclasses.replace(merged, inputs=inputs)
            codes = weight_codes(layer, weights)
            bias = real(bias_codes(layer, fine, codes, weights), fine)
            error[inputs is not None] = sums(real(codes, weights), bias, node) - want
        assert np.abs(error[True].mean(1)).max() < 1e-5 < 1e-3 < np.abs(error[False].mean(1)).max()
        assert (error[True] ** 2).mean() < (error[False] ** 2).mean()
