"""AlexNet, ResNet and MobileNetV2 of two weight forms: torch, golden and hardware agree."""

import numpy as np
import pytest
import torch
from modules import same_as_torch, settle
from torch import nn

from fq_hw import ir
from fq_hw.checkpoint import Checkpoint
from fq_hw.export import export
from fq_hw.layers import weight_count
from fq_hw.nn.direct import DirectUpdate
from fq_hw.nn.tracing import traced
from fq_hw.nn.training import arrays
from fq_hw.nn.zoo.alexnet import AlexNet
from fq_hw.nn.zoo.mobilenet import MobileNetV2
from fq_hw.nn.zoo.resnet import ResNet
from fq_hw.passes import lower_graph

SMALL = {
    AlexNet: {"side": 16, "width": 1 / 16, "hidden": 24},
    ResNet: {"width": 4, "blocks": 2},
    MobileNetV2: {"width": 1 / 8},
}
FORMS = {
    "binary": {},
    "two-bits": {"bits": 2, "scale": "learned", "rule": "normalized"},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", SMALL)
def test_every_tensor_is_torchs(kind, form):
    torch.manual_seed(1)
    model = settle(kind(classes=4, **SMALL[kind], **FORMS[form]), (16, 16, 3), 10)
    network = traced(model, "net", (16, 16, 3), 4)
    exported = export(Checkpoint(network=network, arrays=arrays(model)))
    graph = ir.Graph.from_nodes(exported.name, exported.nodes)
    lower_graph(graph)
    images = np.random.default_rng(2).integers(0, 256, (6, 16, 16, 3), np.uint8)
    want, _ = same_as_torch(model, network, graph, images)
    assert len(want) > 15


@pytest.mark.parametrize("kind", SMALL)
def test_weights_may_be_updated_at_their_levels(kind):
    model = kind(classes=4, **SMALL[kind], **FORMS["two-bits"])
    assert traced(model, "net", (16, 16, 3), 4).weight_scale.value == "learned"
    settled = DirectUpdate(model)
    assert len(settled.convs) == sum(isinstance(m, nn.Conv2d) or hasattr(m, "codes")
                                     for m in model.modules())  # fmt: skip


def test_sizes_as_published():
    """At 32 x 32, but for a first layer that reads ten levels of each colour."""
    first = (30 - 3) * 9
    convs = 9 * (3 * 64 + 64 * 192 + 192 * 384 + 384 * 256 + 256 * 256)
    dense = 256 * 16 * 1024 + 1024 * 1024 + 1024 * 10
    blocks = 9 * (6 * 16**2 + 16 * 32 + 5 * 32**2 + 32 * 64 + 5 * 64**2) + 16 * 32 + 32 * 64
    known = {
        AlexNet: convs + dense + first * 64,
        ResNet: 3 * 16 * 9 + blocks + 64 * 10 + first * 16,
        # torchvision's for ten classes, without its norms and biases
        MobileNetV2: 2_236_682 - 34_112 - 10 + first * 32,
    }
    for kind, weights in known.items():
        assert weight_count(traced(kind(), "net", (32, 32, 3), 10)) == weights
