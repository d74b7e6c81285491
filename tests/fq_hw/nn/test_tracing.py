"""Any module of the project's layers becomes a record, and its integers are torch's own."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from modules import MODULES, Mobile, same_as_torch, settled
from networks import NETWORKS, VARIANTS
from torch import nn

from fq_hw import golden, ir
from fq_hw.checkpoint import Checkpoint
from fq_hw.errors import ArtifactError, FqHwError, GraphError
from fq_hw.export import export
from fq_hw.flow.model import load_model
from fq_hw.layers import EmbeddingKind, array_shapes
from fq_hw.nn.modules import activation, conv2d, linear, pixel_embedding
from fq_hw.nn.network import ErnNet
from fq_hw.nn.tracing import save, traced
from fq_hw.nn.training import arrays
from fq_hw.passes import lower_graph
from fq_hw.plain import from_plain, to_plain
from fq_hw.traced import TracedNetwork
from fq_hw.untrained import untrained

EVERY = NETWORKS | VARIANTS


@pytest.mark.parametrize("name", EVERY)
def test_what_is_traced_of_a_published_network_is_its_record(name):
    network = EVERY[name]
    found = traced(ErnNet(network), network.name, network.image, network.classes)
    assert found.layers == network.layers
    assert array_shapes(found) == array_shapes(network)


@pytest.fixture(params=MODULES)
def case(request, tmp_path):
    """A module as training might leave it, its record, and the file that it is saved in."""
    model = settled(request.param)
    _, image, classes = MODULES[request.param]
    path = tmp_path / "net.safetensors"
    save(path, model, image=image, classes=classes, name=request.param)
    return model, traced(model, request.param, image, classes), path


def pictures(image, count):
    """Noise around a level of its own for each."""
    dice = np.random.default_rng(1)
    middle, size = dice.uniform(0, 256, (2, count, 1, 1, image[2]))
    found = middle + size * dice.normal(0, 0.5, (count, *image))
    return found.clip(0, 255).astype(np.uint8)


def test_golden_is_torch_in_every_tensor(case):
    model, network, path = case
    images = pictures(network.image, 60)
    trained = Checkpoint(network=network, arrays=arrays(model))
    exported = export(trained)
    graph = ir.Graph.from_nodes(exported.name, exported.nodes)
    want, found = same_as_torch(model, network, graph, images)
    modules = {name for name, _ in model.named_modules()}
    quantized = {layer.name for layer in network.layers if layer.op.value in ("conv", "act")}
    assert quantized <= set(want)
    for name in want.keys() & found.keys():
        assert len(np.unique(want[name])) > 1, name
    assert quantized <= modules & found.keys()
    loaded = load_model(path)
    with torch.no_grad():
        logits = model.double()(torch.from_numpy(images)).numpy()
    best, got = logits.max(1), loaded.labels(images)
    margin = np.abs(best) * exported.ranking_error + 1e-9
    assert (best - logits[np.arange(len(got)), got] <= margin).all()
    assert len(np.unique(logits, axis=0)) > 10


def test_plain_form_and_back(case):
    _, network, path = case
    assert from_plain(TracedNetwork, to_plain(network), "network") == network
    assert load_model(path).name == network.name


def test_random_weights_of_it_become_hardware(case):
    _, network, _ = case
    exported = export(untrained(network))
    graph = lower_graph(ir.Graph.from_nodes(exported.name, exported.nodes))
    found = golden.run(graph, pictures(network.image, 40))
    for op in graph.ops:
        if isinstance(op, ir.Threshold):
            assert len(np.unique(found[op.name])) >= 3, op.name


class Small(nn.Module):
    """A chain whose middle a test replaces."""

    def __init__(self, middle, more=None):
        super().__init__()
        self.embedding = pixel_embedding(3, 2)
        self.first, self.norm, self.act = conv2d(6, 4, 3), nn.BatchNorm2d(4), activation()
        self.middle, self.more = middle, more
        self.last = conv2d(4, 3, 1)

    def forward(self, images):
        x = self.act(self.norm(self.first(self.embedding(images))))
        return self.last(self.middle(x)).mean((2, 3))


class Own(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Weighed(nn.Module):
    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(4, 1, 1))

    def forward(self, x):
        return x * self.factor


SAME = activation()
REFUSED = [
    (nn.ReLU(), "'middle': is a ReLU, which is no layer of hardware; leave it out"),
    (nn.Conv2d(4, 4, 3), "'middle': is a Conv2d, which is no .*; use fq_hw.nn.modules.conv2d"),
    (Own(F.relu), "'relu': relu is no layer of hardware; leave it out"),
    (Own(torch.sigmoid), "'sigmoid': sigmoid is no layer of hardware"),
    (Own(lambda x: x * 2), "'mul': mul is no layer of hardware"),
    (Own(lambda x: x + 1), "'add': reads a number or a shape where a feature map must be"),
    (Own(lambda x: x if x.sum() > 0 else -x), "cannot be traced: .*forward must do the same"),
    (Own(lambda x: torch.cat([x, x], 0)), "must concatenate channels, along axis 1"),
    (Own(lambda x: x.view(x.size(1), -1)), "'view': may only make a row of each image's values"),
    (Own(lambda x: x.reshape(5, -1)), "'reshape': may only make a row of each image's values"),
    (Own(lambda x: x.view(2 * x.shape[0], -1)), "'view': may only make a row of each image's"),
    (Own(lambda x: x.mean(1, keepdim=True)), "must be a mean over the axes 2 and 3, not 1"),
    (Own(lambda x: F.max_pool2d(x, 2, dilation=2)), "takes kernel, stride and padding alone"),
    (Own(lambda x: F.adaptive_avg_pool2d(x, 2)), "must give one value a channel, not 2"),
    (nn.MaxPool2d(2, ceil_mode=True), "pool 'middle': must have neither ceil_mode"),
    (nn.AdaptiveAvgPool2d(2), r"pool 'middle': must give one value a channel \(got 2\)"),
    (nn.BatchNorm2d(4, affine=False), "norm 'middle': must have weights, biases and running"),
    (Weighed(), "'middle.factor': is a tensor of the module's own"),
    (nn.Sequential(SAME, SAME), "'middle.0': is called twice; make a module of its own"),
    (conv2d(5, 4, 1), r"layer 'middle': reads 5 channels \(got 4\)"),
    (nn.MaxPool2d(9), r"layer 'middle': kernel must fit its input of 8 x 8 \(got \(9, 9\)\)"),
]  # fmt: skip


@pytest.mark.parametrize(("middle", "message"), REFUSED, ids=[m[:40] for _, m in REFUSED])
def test_what_is_no_layer_is_refused_by_name(middle, message):
    with pytest.raises(FqHwError, match=message) as caught:
        traced(Small(middle), "small", (8, 8, 3), 3)
    assert "\n" not in str(caught.value)


def test_weights_that_nothing_uses_are_named():
    with pytest.raises(GraphError, match="forward does not use more.weight; remove what is not"):
        traced(Small(nn.Identity(), conv2d(4, 4, 1)), "small", (8, 8, 3), 3)


@pytest.mark.parametrize(
    ("middle", "message"),
    [
        (nn.BatchNorm2d(4), "^export last: reads a norm: a quantizer must stand between$"),
        (nn.AvgPool2d(2, 1), "^export middle: windows of an average must lie side by side"),
        (Own(lambda x: x + F.max_pool2d(x, 3, 1, 1)), None),
    ],
)
def test_what_is_no_exact_integer_is_refused_before_training(middle, message):
    network = traced(Small(middle), "small", (8, 8, 3), 3)
    if message is None:
        assert export(untrained(network)).nodes
        return
    with pytest.raises(ArtifactError, match=message):
        export(untrained(network))


def test_an_addition_needs_constant_scales():
    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = conv2d(4, 4, 3)

        def forward(self, x):
            return x + self.conv(x)

    network = traced(Small(nn.Sequential(Sum(), activation())), "small", (8, 8, 3), 3)
    with pytest.raises(ArtifactError, match="^export middle.0: adds what has no constant scale"):
        export(untrained(network))


@pytest.mark.parametrize(
    "row", [lambda x: x.view(x.size(0), -1), lambda x: x.reshape(x.shape[0], -1),
            lambda x: x.view(-1, 4), lambda x: x.flatten(1)],
)  # fmt: skip
def test_ways_to_make_a_row(row):
    class Row(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.first, self.act = pixel_embedding(3, 2), conv2d(6, 4, 3), SAME
            self.last = linear(4, 3)

        def forward(self, images):
            return self.last(row(self.act(self.first(self.embedding(images))).mean((2, 3))))

    assert [one.op.value for one in traced(Row(), "row", (8, 8, 3), 3).layers][-2:] == [
        "flatten", "conv"
    ]  # fmt: skip


def test_what_it_does_when_it_is_not_trained_is_what_counts():
    module = Small(Own(lambda x: x))
    module.middle.forward = lambda x: torch.sigmoid(x) if module.training else x
    assert traced(module, "small", (8, 8, 3), 3).layers
    assert module.training and module.middle.training


def test_the_embedding_comes_first():
    class Bare(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.last = conv2d(3, 4, 3), linear(4, 3)

        def forward(self, x):
            return self.last(self.conv(x).mean((2, 3)))

    with pytest.raises(GraphError, match="layer 'conv': the image must be read by one embedding"):
        traced(Bare(), "bare", (8, 8, 3), 3)


def test_other_kinds_of_pixels():
    for kind in EmbeddingKind:
        length = kind.length or 5
        module = Small(nn.Identity())
        module.embedding = pixel_embedding(3, length, kind=kind)
        module.first = conv2d(3 * length, 4, 3)
        network = traced(module, "small", (8, 8, 3), 3)
        assert network.layers[0].embedding.kind is kind
        if kind is not EmbeddingKind.FLOAT:
            assert export(untrained(network)).nodes


def test_layers_of_a_module_have_its_names():
    names = [layer.name for layer in traced(Mobile(), "mobile", (10, 12, 3), 4).layers]
    assert names[:3] == ["embedding", "stem", "blocks.0.enter.0"]
    assert "blocks.0" in names and "blocks.1" not in names
