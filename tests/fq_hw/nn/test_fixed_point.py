"""torch's simulation is the integer model, tensor by tensor, whatever the formats."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from floats import FLOATS, random_fixed, random_float, random_pixels

from fq_hw.data import Split
from fq_hw.errors import GraphError, ParameterError
from fq_hw.fixed.format import Format
from fq_hw.fixed.integers import evaluate
from fq_hw.fixed.merge_norms import merge_norms
from fq_hw.fixed.network import FixedNetwork, Role, Tensor, from_float, tensors
from fq_hw.float_network import IMAGE, FloatNetwork, nodes
from fq_hw.nn import byte_conv
from fq_hw.nn.fixed_point import Simulation, image_codes, make_step
from fq_hw.nn.float_net import FloatNet, observe
from fq_hw.nn.layers import as_images


def same_everywhere(fixed: FixedNetwork, bytewise: bool) -> set[str]:
    """Compare every layer with the integer model; return the layers that ran in bytes."""
    images = random_pixels(fixed.network, 7, 2)
    want = {}
    evaluate(fixed, images, want.__setitem__)
    values, by_byte = {IMAGE: image_codes(images)}, set()
    with torch.no_grad():
        for node in nodes(fixed.network):
            step = make_step(fixed, node, 4, bytewise)
            values[node.name] = step(*(values[name] for name in node.inputs))
            got = values[node.name].permute(0, 2, 3, 1).numpy()
            np.testing.assert_array_equal(got, want[node.name], err_msg=node.name)
            by_byte |= {node.name} if step.bytes else set()
    return by_byte


@pytest.mark.parametrize("bytewise", [True, False], ids=["bytes", "floats"])
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", FLOATS)
def test_equals_the_integer_model(name, seed, bytewise):
    by_byte = same_everywhere(random_fixed(name, seed), bytewise)
    if not bytewise:
        assert not by_byte


@pytest.mark.skipif(not byte_conv.available(), reason="this processor has no exact byte products")
def test_bytes_are_used():
    found = set()
    for seed in range(12):
        found |= same_everywhere(random_fixed("plain", seed), True)
    assert found == {"conv1", "conv2", "conv3", "dense1"}


@pytest.mark.parametrize(("bits", "wide"), [(8, False), (12, False), (16, True)])
def test_wide_formats_take_wider_floats(bits, wide):
    network = FLOATS["branched"]
    merged = merge_norms(random_float(network, 1))
    fixed = from_float(network, merged, {t: Format(bits, bits - 4) for t in tensors(network)})
    same_everywhere(fixed, True)
    kinds = {make_step(fixed, node, bytewise=False).kind for node in nodes(network)}
    assert (torch.float64 in kinds) == wide


def test_refuses_sums_that_no_float_holds():
    network = FLOATS["plain"]
    formats = dict.fromkeys(tensors(network), Format(30, 26))
    fixed = from_float(network, merge_norms(random_float(network, 1)), formats)
    with pytest.raises(GraphError, match=r"^layer conv2: sums must stay below 2\*\*53 \(got "):
        make_step(fixed, list(nodes(network))[1])


@pytest.fixture(params=FLOATS)
def simulated(request):
    """A simulation over 23 images in batches of 5, its images, and formats to start with."""
    network = FLOATS[request.param]
    rng = np.random.default_rng(3)
    images = random_pixels(network, 23, 4)
    labels = rng.integers(0, network.classes, 23)
    order = rng.permutation(23)
    formats = dict(random_fixed(request.param, 1).formats)
    merged = merge_norms(random_float(network, 1))
    simulation = Simulation(network, merged, Split(images=images, labels=labels), order, batch=5)
    return simulation, images, labels, formats


def wrong(simulation, formats, images, labels):
    scores = evaluate(simulation.fixed(formats), images)
    return int((scores.argmax(1) != labels).sum())


def test_counts_errors_from_any_layer(simulated):
    simulation, images, labels, formats = simulated
    want = wrong(simulation, formats, images, labels)
    for node in nodes(simulation.network):
        simulation.begin(node.name, formats)
        assert simulation.errors(formats) == want
    changed = dict(formats)
    first = next(iter(formats))
    changed[first] = Format(3, formats[first].fraction)
    simulation.begin(first.layer, changed)  # back to an earlier layer
    assert simulation.errors(changed) == wrong(simulation, changed, images, labels)


def test_stops_counting_above_most(simulated):
    simulation, images, labels, formats = simulated
    simulation.begin(next(nodes(simulation.network)).name, formats)
    want = simulation.errors(formats)
    assert want > 6
    early = simulation.errors(formats, 2)
    assert 2 < early <= want and early < 10
    assert simulation.errors(formats, want) == want


def test_refuses_to_change_what_has_been_run(simulated):
    simulation, _, _, formats = simulated
    simulation.begin(list(nodes(simulation.network))[-1].name, formats)
    first = next(iter(formats))
    with pytest.raises(ParameterError, match=f"must not change \\(got \\['{first}'\\]\\)"):
        simulation.errors({**formats, first: Format(2, 0)})


@pytest.mark.parametrize("name", FLOATS)
def test_a_merged_norm_is_the_norm(name):
    """Merged weights as a float network without norms give the same logits, to rounding."""
    trained = random_float(FLOATS[name], 2)
    images = random_pixels(trained.network, 6, 1)
    seen = observe(trained.network, trained.arrays, images)
    bare = bare_network(trained.network)
    model = FloatNet(bare).eval().double()
    merged = merge_norms(trained)
    state = {}
    for node in nodes(bare):
        if node.weighted:
            state[f"layers.{node.index}.conv.weight"] = torch.from_numpy(merged[node.name].weight)
            state[f"layers.{node.index}.conv.bias"] = torch.from_numpy(merged[node.name].bias)
    model.load_state_dict(state)
    with torch.no_grad():
        x = {IMAGE: as_images(images).permute(0, 3, 1, 2).double() / 256}
        for step in model.layers:
            x[step.node.name] = step(*(x[i] for i in step.node.inputs))
    last = x[step.node.name].flatten(1).numpy()
    np.testing.assert_allclose(seen.logits, last, atol=1e-4)
    assert np.abs(last).max() > 0.5


def bare_network(network: FloatNetwork) -> FloatNetwork:
    """The same without norms."""
    layers = tuple(dataclasses.replace(layer, norm=False) for layer in network.layers)
    return dataclasses.replace(network, layers=layers)


def test_observes_the_largest_of_every_layer():
    trained = random_float(FLOATS["plain"], 2)
    images = random_pixels(trained.network, 6, 1)
    whole = observe(trained.network, trained.arrays, images)
    parts = observe(trained.network, trained.arrays, images, batch=4)
    assert whole.largest.keys() == {IMAGE, *(n.name for n in nodes(trained.network))}
    assert whole.largest["dense1"] == pytest.approx(np.abs(whole.logits).max())
    for name, most in whole.largest.items():
        assert parts.largest[name] == pytest.approx(most, rel=1e-5)
    assert whole.largest["max-pool1"] <= whole.largest["conv2"]


def test_a_format_of_one_bit_gives_zeros():
    fixed = random_fixed("plain", 1)
    formats = {**fixed.formats, Tensor("conv2", Role.ACTIVATION): Format(1, 3)}
    same_everywhere(FixedNetwork(network=fixed.network, formats=formats, codes=fixed.codes), True)
