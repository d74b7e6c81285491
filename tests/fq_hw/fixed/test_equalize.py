"""Equalization keeps the float function bit for bit and evens the channels."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from floats import FLOATS, random_float, random_pixels

from fq_hw.checkpoint import Checkpoint
from fq_hw.fixed.equalize import equalize, pairs
from fq_hw.fixed.merge_norms import merge_norms
from fq_hw.float_network import FloatNetwork, Layer, Op

pytest.importorskip("torch", reason="the float networks are torch's")

BARE = FloatNetwork(
    name="bare",
    image=(6, 6, 2),
    classes=3,
    layers=(
        Layer(op=Op.CONV, width=7, kernel=3, relu=True),
        Layer(op=Op.CONV, width=6, kernel=3, stride=2, relu=True),
        Layer(op=Op.DENSE, width=3),
    ),
)


def uneven(network: FloatNetwork, seed: int) -> Checkpoint:
    """Random arrays whose channels differ up to a hundred times."""
    trained, rng = random_float(network, seed), np.random.default_rng(seed)
    arrays = dict(trained.arrays)
    for name, array in arrays.items():
        if name.endswith(("norm.weight", "conv.weight")):
            factor = np.exp(rng.uniform(-2.3, 2.3, len(array))).astype(np.float32)
            arrays[name] = array * factor.reshape(-1, *(1,) * (array.ndim - 1))
    return dataclasses.replace(trained, arrays=arrays)


@pytest.mark.parametrize("network", [*FLOATS.values(), BARE], ids=lambda n: n.name)
def test_keeps_every_logit(network):
    from fq_hw.nn.float_net import observe

    before = uneven(network, 4)
    after = equalize(before)
    images = random_pixels(network, 9, 2)
    logits = [observe(network, c.arrays, images).logits for c in (before, after)]
    np.testing.assert_array_equal(*logits)
    changed = [n for n in before.arrays if (before.arrays[n] != after.arrays[n]).any()]
    assert bool(changed) == bool(pairs(network)) and not any("running" in n for n in changed)


def unlike(checkpoint: Checkpoint) -> float:
    """Most that a channel is larger where it is given than where it is read, or smaller: log2."""
    found, layers = [], merge_norms(checkpoint)
    for first, second in pairs(checkpoint.network):
        given = np.abs(layers[first.name].weight).max((1, 2, 3))
        read = np.abs(layers[second.name].weight).max((0, 2, 3))
        found.append(np.abs(np.log2(given / read)).max())
    return max(found)


@pytest.mark.parametrize("network", [FLOATS["plain"], BARE], ids=lambda n: n.name)
def test_channels_are_given_as_they_are_read(network):
    before = uneven(network, 4)
    assert unlike(before) > 3
    assert unlike(equalize(before)) <= 1 + 1e-6  # scales are powers of two


def test_pairs_are_of_one_reader():
    assert [(a.name, b.name) for a, b in pairs(FLOATS["plain"])] == [
        ("conv1", "conv2"),
        ("conv2", "conv3"),
        ("conv3", "dense1"),
    ]
    assert pairs(FLOATS["branched"]) == []


def test_leaves_dead_channels():
    before = uneven(FLOATS["plain"], 1)
    before.arrays["layers.0.norm.weight"][2] = 0
    after = equalize(before)
    assert after.arrays["layers.0.norm.weight"][2] == 0
    assert all(np.isfinite(a).all() for a in after.arrays.values())
