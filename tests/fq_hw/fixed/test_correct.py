"""Corrected biases: a layer's sums keep their mean, however coarse its weights."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from floats import FLOATS, random_float, random_pixels

from fq_hw.fixed.fold import fold
from fq_hw.fixed.format import Format, real, widest
from fq_hw.fixed.network import Part, Tensor, codes_of
from fq_hw.float_network import nodes

torch = pytest.importorskip("torch", reason="the float networks are torch's")


@pytest.mark.parametrize("network", FLOATS.values(), ids=lambda n: n.name)
def test_sums_keep_their_mean(network):
    from fq_hw.nn.float_net import loaded, mean_inputs

    trained, images = random_float(network, 3), random_pixels(network, 13, 5)
    model, read = loaded(network, trained.arrays), {}
    for node, step in zip(nodes(network), model.layers, strict=True):
        if step.conv is not None:
            keep = lambda conv, inputs, name=node.name: read.__setitem__(name, inputs[0])  # noqa: E731
            step.conv.register_forward_pre_hook(keep)
    with torch.no_grad():
        model(torch.from_numpy(images))
    means = mean_inputs(network, trained.arrays, images, batch=5)
    for node in nodes(network):
        if not node.weighted:
            continue
        folded = fold(trained)[node.name]
        corrected = dataclasses.replace(folded, inputs=means[node.name])
        weights = widest(float(np.abs(folded.weight).max()), 3)
        fine = Format(32, 24)
        rounded = real(codes_of(Tensor(node.name, Part.WEIGHT), folded, weights, weights), weights)
        got = {
            key: means_of_sums(read[node.name], rounded, real(bias, fine), node)
            for key, bias in (
                ("bare", codes_of(Tensor(node.name, Part.BIAS), folded, fine, weights)),
                ("corrected", codes_of(Tensor(node.name, Part.BIAS), corrected, fine, weights)),
            )
        }
        want = means_of_sums(read[node.name], folded.weight, folded.bias, node)
        np.testing.assert_allclose(got["corrected"], want, atol=1e-5)
        assert np.abs(got["bare"] - want).max() > 1e-3


def means_of_sums(x, weight: np.ndarray, bias: np.ndarray, node) -> np.ndarray:
    """Mean of every channel of a convolution, float64."""
    arrays = torch.from_numpy(weight), torch.from_numpy(bias)
    found = torch.nn.functional.conv2d(x.double(), *arrays, node.layer.steps, node.pad)
    return found.mean((0, 2, 3)).numpy()
