"""Torch in evaluation mode equals the golden model, on every tensor, before and after passes."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from networks import NETWORKS, VARIANTS, random_checkpoint, random_images

from fq_hw import checkpoint, golden, ir
from fq_hw.export import export
from fq_hw.layers import Norm
from fq_hw.passes import lower_graph

HAVE_TORCH = find_spec("torch") is not None
needs_torch = pytest.mark.skipif(not HAVE_TORCH, reason="torch is not installed (fq-hw[train])")
EVERY = NETWORKS | VARIANTS
SHIPPED = Path(checkpoint.__file__).parent / "models" / "ern-digits.safetensors"
GOLDEN_ONLY = {"pixels", "tail.sum", "tail.scores", "tail.label"}


def model_of(trained):
    """The torch network that holds ``trained``'s arrays."""
    import torch

    from fq_hw.nn.network import ErnNet

    torch.set_num_threads(1)
    model = ErnNet(trained.network)
    arrays = {name: torch.from_numpy(array) for name, array in trained.arrays.items()}
    lacking, extra = model.load_state_dict(arrays, strict=False)
    assert not extra
    assert all(name.endswith("num_batches_tracked") for name in lacking)
    return model


def graph_of(trained):
    exported = export(trained)
    return ir.Graph.from_nodes(exported.name, exported.nodes)


def flips(before, after):
    """Which channels of which convolutions a pass negated: name to -1 or +1 per channel."""
    pairs = zip(before.ops, after.ops, strict=True)
    return {
        a.name: np.sign(b.weight[:, 0, 0, 0] * a.weight[:, 0, 0, 0])
        for a, b in pairs
        if isinstance(a, ir.Conv)
    }


def silent(trained, conv):
    """Channels whose weight scale is 0: torch's result tells nothing of their sums."""
    zeros = (trained.arrays[f"{conv.name}.weight"] == 0).all(axis=(1, 2, 3))
    return zeros & (conv.scale is None)


def compare(trained, images):
    from fq_hw.nn.levels import trace

    want = trace(model_of(trained), trained.network, images)
    raw = graph_of(trained)
    lowered = lower_graph(raw)
    assert {op.name for op in raw.ops} - set(want) == GOLDEN_ONLY
    for graph in (raw, lowered):
        found, signs = golden.run(graph, images), flips(raw, graph)
        assert set(want) <= set(found)
        for name, tensor in want.items():
            got = found[name].astype(np.int64)
            if name in signs:
                got = got * signs[name]
                got[..., silent(trained, graph[name])] = 0
            np.testing.assert_array_equal(got, tensor, err_msg=f"{graph.name} {name}")
    return raw, lowered


@needs_torch
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", EVERY)
def test_random_networks(name, seed):
    network = EVERY[name]
    raw, lowered = compare(random_checkpoint(network, seed), random_images(network.image, 20))
    folded = flips(raw, lowered)
    negated = any((sign == -1).any() for sign in folded.values())
    assert negated == (network.norm is Norm.BATCH)  # a bias alone has the gain +1


@needs_torch
def test_table_entries_on_the_edge_between_two_levels():
    trained = random_checkpoint(NETWORKS["basic"], 3)
    half = np.float32(trained.network.activation.step / 2)
    trained.arrays["embedding.table"][:, ::2] = np.nextafter(half, np.float32(0))
    compare(trained, random_images(trained.network.image, 4, 3))


@needs_torch
def test_channels_whose_latent_weights_are_all_zero():
    network = NETWORKS["basic"]
    trained = random_checkpoint(network, 3)
    for name in ("stem.0.conv", "stages.0.1.convs.0", "stages.1.0.down", "tail.conv"):
        trained.arrays[f"{name}.weight"][1::3] = 0
    compare(trained, random_images(network.image, 20))


@needs_torch
@pytest.mark.parametrize("part", range(4))
def test_shipped_network_on_real_images(part):
    from fq_hw.data import DataKind, load

    split = load(DataKind.DIGITS, None, (32, 32, 3)).test()
    compare(checkpoint.read(SHIPPED), split.images[part * 50 : part * 50 + 50])


@needs_torch
@pytest.mark.parametrize("name", EVERY)
def test_labels_are_those_of_the_float_network(name):
    """The scores rank as the float logits do, unless those are closer than ``ranking_error``."""
    import torch

    network = EVERY[name]
    trained = random_checkpoint(network, 5)
    images = random_images(network.image, 40)
    with torch.no_grad():
        logits = model_of(trained).double().eval()(torch.from_numpy(images)).numpy()
    got = golden.labels(lower_graph(graph_of(trained)), images)
    best = logits.max(axis=1)
    margin = np.abs(best) * export(trained).ranking_error + 1e-12
    assert (best - logits[np.arange(len(got)), got] <= margin).all()


@pytest.mark.parametrize("name", EVERY)
def test_the_random_networks_spread_their_levels(name):
    """Else the comparisons above would say little."""
    network = EVERY[name]
    trained = random_checkpoint(network, 0)
    graph = graph_of(trained)
    found = golden.run(graph, random_images(network.image, 30))
    for op in graph.ops:
        if isinstance(op, ir.Threshold):
            share = np.bincount(found[op.name].ravel(), minlength=4) / found[op.name].size
            assert share.min() > 0.005
            assert share.max() < 0.7
    if network.norm is Norm.BIAS:
        return
    gains = [v for k, v in trained.arrays.items() if ".norm" in k and k.endswith(".weight")]
    gains = np.concatenate(gains)
    assert (gains > 0).any()
    assert (gains < 0).any()
    assert (gains == 0).any()
