"""The torch network: names and shapes of the record, block rules, integers on the trunk."""

import dataclasses

import numpy as np
import pytest
import torch

from fq_hw.layers import Embedding, EmbeddingKind, WeightScale, array_shapes, weight_count
from fq_hw.network import Block, Network, Stage, StemConv, ern
from fq_hw.nn.network import ErnNet


def tiny(block=Block.BASIC, **embedding):
    return Network(
        name="tiny",
        image=(12, 10, 3),
        classes=4,
        embedding=Embedding(length=2, **embedding),
        stem=(StemConv(width=8, stride=2), StemConv(width=8, kernel=1, norm=False)),
        block=block,
        stages=(Stage(width=8, blocks=2, stride=1), Stage(width=12, blocks=2)),
    )


KINDS = [
    tiny(),
    tiny(Block.BOTTLENECK),
    tiny(shared=False),
    tiny(kind=EmbeddingKind.THERMOMETER),
    tiny(Block.BOTTLENECK, kind=EmbeddingKind.THERMOMETER, shared=False),
]


def random_model(network, seed=0):
    """A model whose norms and statistics are no longer those of a new one."""
    torch.manual_seed(seed)
    model = ErnNet(network)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, -1, 2)
            torch.nn.init.normal_(module.bias)
            torch.nn.init.normal_(module.running_mean)
            torch.nn.init.uniform_(module.running_var, 0.1, 2)
    return model.eval()


def random_images(network, count=3):
    rng = np.random.default_rng(5)
    return torch.from_numpy(rng.integers(0, 256, (count, *network.image), np.uint8))


@pytest.mark.parametrize("network", [*KINDS, ern("18-0.75x"), ern("50")], ids=str)
def test_arrays_are_those_of_the_record(network):
    with torch.device("meta"):
        state = ErnNet(network).state_dict()
    shapes = {k: tuple(v.shape) for k, v in state.items() if not k.endswith("_tracked")}
    assert shapes == array_shapes(network)


@pytest.mark.parametrize("variant", ["18-0.75x", "18", "34", "50", "101"])
def test_parameter_count_of_the_published_networks(variant):
    network = ern(variant)
    with torch.device("meta"):
        model = ErnNet(network)
    assert sum(p.numel() for p in model.parameters() if p.ndim == 4) == weight_count(network)
    others = [p.shape for p in model.parameters() if p.ndim != 4]
    assert all(len(shape) == 1 for shape in others)  # norms: no bias, no learned table


@pytest.mark.parametrize("network", KINDS, ids=str)
def test_maps_images_to_logits(network):
    logits = random_model(network)(random_images(network))
    assert logits.shape == (3, 4)
    assert logits.isfinite().all()


def test_norm_eps_of_the_record_reaches_every_norm():
    network = dataclasses.replace(tiny(), norm_eps=0.125)
    norms = [m for m in ErnNet(network).modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert len(norms) == 1 + 8 + 1
    assert {norm.eps for norm in norms} == {0.125}


def test_ewgs_reaches_every_activation():
    model = ErnNet(tiny(), ewgs_delta=0.25)
    acts = [m for m in model.modules() if hasattr(m, "ewgs_delta")]
    assert len(acts) == 1 + 8 + 1
    assert {act.ewgs_delta for act in acts} == {0.25}


@pytest.mark.parametrize("network", [tiny(), tiny(Block.BOTTLENECK)], ids=str)
def test_post_scale_is_off_where_a_shared_scale_follows(network):
    """The first activation of a block has its scale exactly where there is no downsample."""
    model = ErnNet(network)
    for stage in model.stages:
        for block in stage:
            assert block.acts[0].levels == (block.down is not None)
            assert block.acts[-1].levels
            assert not any(act.levels for act in block.acts[1:-1])
            fed = [conv.layer.scale is WeightScale.SHARED for conv in block.convs]
            assert fed == [False] * (len(fed) - 1) + [True]
    assert not model.tail.act.levels
    assert not model.stem[0].act.levels
    assert model.stem[1].act is None


@pytest.mark.parametrize("network", KINDS, ids=str)
def test_trunk_holds_integers_after_every_block(network):
    model = random_model(network).double()
    trunk = model.stem(model.embedding(random_images(network)).double())
    for stage in model.stages:
        for block in stage:
            trunk = block(trunk)
            integers = trunk * 32
            assert integers.equal(integers.round())
            assert integers.abs().max() > 3


def by_hand(block, trunk):
    """ERN's pre-activation block, written out."""
    x = block.acts[0](block.norms[0](trunk))
    skip = block.down(x) if block.down is not None else trunk
    x = block.convs[0](x)
    x = block.convs[1](block.acts[1](block.norms[1](x)))
    if len(block.convs) == 3:
        x = block.convs[2](block.acts[2](block.norms[2](x)))
    return x + skip


@pytest.mark.parametrize("network", KINDS[:2], ids=str)
def test_forward_is_the_published_order(network):
    model, images = random_model(network), random_images(network)
    stem = model.stem
    x = stem[0].act(stem[0].norm(stem[0].conv(model.embedding(images))))
    x = stem[1].conv(x)
    for stage in model.stages:
        for block in stage:
            x = by_hand(block, x)
    tail = model.tail
    x = tail.conv(tail.act(tail.norm(x))).mean(dim=(2, 3))
    assert model(images).equal(x)


def test_every_parameter_gets_a_gradient():
    for network in KINDS:
        model = random_model(network).train()
        model(random_images(network)).square().sum().backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.any(), name
