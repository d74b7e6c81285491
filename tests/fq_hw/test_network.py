"""The network record: published sizes, block layout, refusals, plain form."""

import math

import pytest

from fq_hw.errors import FqHwError, GraphError, ParameterError
from fq_hw.layers import (
    Activation,
    Embedding,
    EmbeddingKind,
    Norm,
    StepRule,
    WeightScale,
    array_shapes,
    weight_count,
)
from fq_hw.network import Block, Network, Stage, StemConv, blocks, ern, stem_layers, tail_layer
from fq_hw.plain import from_plain, to_plain

MILLIONS = {"18-0.75x": 8.216, "18": 11.769, "34": 21.869, "50": 25.589, "101": 44.529}


def tiny(**changes):
    fields = {
        "name": "tiny",
        "image": (8, 6, 3),
        "classes": 4,
        "embedding": Embedding(length=2),
        "stem": (StemConv(width=4, stride=2), StemConv(width=6, kernel=1, norm=False)),
        "block": Block.BASIC,
        "stages": (Stage(width=6, blocks=2, stride=1), Stage(width=8, blocks=1)),
    }
    return Network(**fields | changes)


@pytest.mark.parametrize("variant", MILLIONS)
def test_published_weight_counts(variant):
    network = ern(variant)
    assert round(weight_count(network) / 1e6, 3) == MILLIONS[variant]
    weights = [s for n, s in array_shapes(network).items() if len(s) == 4]
    assert sum(math.prod(s) for s in weights) == weight_count(network)


def test_refuses_an_unknown_variant():
    with pytest.raises(ParameterError, match=r"^ern: variant must be one of .* \(got '152'\)$"):
        ern("152")


def test_published_stem_and_tail():
    network = ern("18")
    plan = [(c.cin, c.cout, c.kernel, c.stride) for c in stem_layers(network)]
    assert plan == [(30, 64, 3, 2), (64, 64, 3, 1), (64, 64, 3, 2), (64, 64, 1, 1)]
    assert {c.scale for c in stem_layers(network)} == {WeightScale.MEAN}
    tail = tail_layer(network)
    assert (tail.cin, tail.cout, tail.kernel, tail.scale) == (512, 1000, 1, WeightScale.MEAN)


def test_basic_blocks_downsample_first_in_every_stage():
    found = list(blocks(ern("34")))
    assert [b.name for b in found if b.down] == [f"stages.{n}.0" for n in range(4)]
    assert [b.down.stride for b in found if b.down] == [1, 2, 2, 2]
    assert [len([b for b in found if b.name.startswith(f"stages.{n}.")]) for n in range(4)] == [
        3,
        4,
        6,
        3,
    ]
    for block in found:
        first, last = block.convs
        assert [c.kernel for c in block.convs] == [3, 3]
        assert (first.scale, last.scale) == (WeightScale.MEAN, WeightScale.SHARED)
        assert (first.stride, last.stride) == (block.down.stride if block.down else 1, 1)
        assert block.down is None or block.down.scale is WeightScale.SHARED


def test_bottlenecks_downsample_first_and_where_stride_or_channels_change():
    stages = (
        Stage(width=16, blocks=2, stride=1),  # 64 in, 64 out: the stem has another scale
        Stage(width=16, blocks=1, stride=2),
        Stage(width=32, blocks=2, stride=1),
    )
    stem = (StemConv(width=64, norm=False),)
    found = list(blocks(tiny(block=Block.BOTTLENECK, stem=stem, stages=stages)))
    down = {b.name: (b.down.cin, b.down.cout, b.down.stride) for b in found if b.down}
    always = {"stages.0.0": (64, 64, 1)}
    assert down == always | {"stages.1.0": (64, 64, 2), "stages.2.0": (64, 128, 1)}
    plan = [(c.cin, c.cout, c.kernel, c.stride) for c in found[2].convs]
    assert plan == [(64, 16, 1, 1), (16, 16, 3, 2), (16, 64, 1, 1)]
    shared = [c.scale is WeightScale.SHARED for c in found[2].convs]
    assert shared == [False, False, True]


def test_published_bottleneck_downsamples_in_its_first_stage():
    first = next(blocks(ern("50")))
    assert (first.down.cin, first.down.cout, first.down.stride) == (64, 256, 1)


def test_array_shapes_follow_the_embedding():
    table = "embedding.table"
    learned = [Embedding(length=2), Embedding(length=5, shared=False)]
    assert array_shapes(tiny(embedding=learned[0]))[table] == (1, 256, 2)
    assert array_shapes(tiny(embedding=learned[1]))[table] == (3, 256, 5)
    thermometer = Embedding(kind=EmbeddingKind.THERMOMETER, length=2)
    assert table not in array_shapes(tiny(embedding=thermometer))
    assert tiny(embedding=learned[1]).embedded == 15


def test_array_shapes_follow_the_quantizers():
    plain = set(array_shapes(tiny()))
    scaled = array_shapes(tiny(weight_scale=WeightScale.LEARNED))
    levels = {n.removesuffix(".weight") for n in plain if "conv" in n and ".convs.1" not in n}
    assert set(scaled) - plain == {f"{name}.level" for name in levels}  # not before a residual
    assert scaled["tail.conv.level"] == (4,)
    fitted = array_shapes(tiny(activation=Activation(rule=StepRule.ROBUST)))
    acts = {n.replace("norm", "act") for n in plain if n.endswith("running_var")}
    assert set(fitted) - plain == {n.replace("running_var", "width") for n in acts}
    assert fitted["tail.act.width"] == (1,)
    bare = set(array_shapes(tiny(norm=Norm.BIAS)))
    assert plain - bare == {
        f"{n.removesuffix('.bias')}.{part}"
        for n in plain
        if n.endswith(".bias")
        for part in ("weight", "running_mean", "running_var")
    }
    assert bare < plain


def test_a_float_embedding_has_a_real_first_layer():
    first = Embedding(kind=EmbeddingKind.FLOAT, length=1)
    network = tiny(embedding=first, weight_scale=WeightScale.LEARNED)
    assert [layer.real for layer in stem_layers(network)] == [True, False]
    assert "stem.0.conv.level" not in array_shapes(network)
    assert "stem.1.conv.level" in array_shapes(network)
    exact = tiny(embedding=Embedding(kind=EmbeddingKind.EXACT, length=1))
    first = stem_layers(network)[0]
    assert weight_count(exact) - weight_count(network) == first.cout * first.cin * first.kernel**2


@pytest.mark.parametrize("network", [tiny(), tiny(block=Block.BOTTLENECK), ern("50")], ids=str)
def test_plain_form_and_back(network):
    plain = to_plain(network)
    assert from_plain(Network, plain, "network") == network
    assert plain["block"] == network.block.value
    assert isinstance(plain["stages"], list)


def test_plain_form_takes_defaults_and_whole_numbers():
    plain = to_plain(tiny())
    del plain["activation"], plain["norm_eps"], plain["embedding"]["kind"]
    plain["shared_scale"] = 1
    network = from_plain(Network, plain, "network")
    assert network == tiny(shared_scale=1.0)
    assert isinstance(network.shared_scale, float)


def change(path, value):
    """The plain tiny network with one field changed."""
    plain = to_plain(tiny())
    inner = plain
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return plain


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("classes",), True, "network.classes: must be an integer (got True)"),
        (("classes",), 4.0, "network.classes: must be an integer (got 4.0)"),
        (("classes",), None, "network.classes: must be an integer (got None)"),
        (("name",), 3, "network.name: must be a string (got 3)"),
        (("norm_eps",), True, "network.norm_eps: must be a number (got True)"),
        (("norm_eps",), "1", "network.norm_eps: must be a number (got '1')"),
        (("norm_eps",), math.nan, "network.norm_eps: must be a finite number (got nan)"),
        (("shared_scale",), math.inf, "network.shared_scale: must be a finite number (got inf)"),
        (("stem", 0, "norm"), 1, "network.stem[0].norm: must be true or false (got 1)"),
        (("stem", 1, "width"), "6", "network.stem[1].width: must be an integer (got '6')"),
        (("image",), [8, 6], "network.image: must have 3 entries (got [8, 6])"),
        (("image",), "8x6", "network.image: must be a list (got '8x6')"),
        (("stages",), {}, "network.stages: must be a list (got {})"),
        (("stages", 0), 3, "network.stages[0]: must be a table (got 3)"),
        (("block",), "wide", "network.block: must be one of basic, bottleneck (got 'wide')"),
        (("block",), ["basic"], "network.block: must be one of basic, bottleneck (got ['basic'])"),
        (
            ("block",),
            "botleneck",
            "network.block: must be one of basic, bottleneck (got "
            "'botleneck'); did you mean 'bottleneck'?",
        ),
    ],
)
def test_plain_form_refuses_by_path(path, value, message):
    with pytest.raises(GraphError) as caught:
        from_plain(Network, change(path, value), "network")
    assert str(caught.value).startswith(message)


def test_plain_form_names_unknown_and_missing_keys():
    contract = "the keys are kind, length, shared"
    with pytest.raises(GraphError) as caught:
        from_plain(Network, change(("embedding", "lenght"), 3), "network")
    said = f"network.embedding: {contract} (got 'lenght'); did you mean 'length'?"
    assert str(caught.value) == said
    plain = to_plain(tiny())
    del plain["classes"], plain["stem"]
    with pytest.raises(GraphError, match=r"^network: lacks the keys classes, stem \(got "):
        from_plain(Network, plain, "network")


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda: StemConv(width=0), "width"),
        (lambda: StemConv(width=4, kernel=5), "kernel"),
        (lambda: StemConv(width=4, stride=3), "stride"),
        (lambda: Stage(width=-1, blocks=1), "width"),
        (lambda: Stage(width=4, blocks=0), "blocks"),
        (lambda: Stage(width=4, blocks=1, stride=0), "stride"),
        (lambda: Embedding(length=0), "length"),
        (lambda: Embedding(length=86), "length"),
        (lambda: Embedding(kind=EmbeddingKind.NAIVE), "length must be 1"),
        (lambda: Embedding(kind=EmbeddingKind.DIGITS, length=3), "length must be 4"),
        (lambda: Embedding(kind=EmbeddingKind.EXACT, length=8), "length must be 1"),
        (lambda: Embedding(kind=EmbeddingKind.FLOAT), "length must be 1"),
        (lambda: tiny(weight_bits=3), "weight_bits must be 1 or 2"),
        (lambda: tiny(weight_scale=WeightScale.SHARED), "weight_scale must be mean or learned"),
        (lambda: Activation(bits=3), "bits"),
        (lambda: Activation(max_value=0.0), "max_value"),
        (lambda: Activation(max_value=math.inf), "max_value"),
        (lambda: Activation(max_value=math.nan), "max_value"),
        (lambda: tiny(name=""), "name"),
        (lambda: tiny(name="a\nb"), "name"),
        (lambda: tiny(image=(8, -6, 3)), "image"),
        (lambda: tiny(classes=1), "classes"),
        (lambda: tiny(stem=()), "stem"),
        (lambda: tiny(stages=()), "stages"),
        (lambda: tiny(stem=(StemConv(width=4),)), "the last stem convolution, and"),
        (
            lambda: tiny(stem=(StemConv(width=4, norm=False),) * 2),
            "the last stem convolution, and",
        ),
        (lambda: tiny(shared_scale=1 / 3), "shared_scale"),
        (lambda: tiny(shared_scale=-1 / 32), "shared_scale"),
        (lambda: tiny(shared_scale=0.0), "shared_scale"),
        (lambda: tiny(shared_scale=2.0), "shared_scale"),
        (lambda: tiny(shared_scale=math.inf), "shared_scale"),
        (lambda: tiny(norm_eps=0.0), "norm_eps"),
    ],
)
def test_refuses_by_name(build, name):
    with pytest.raises(FqHwError, match=name) as caught:
        build()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("power", [0, 5, 20])
def test_accepts_every_power_of_two(power):
    assert tiny(shared_scale=2.0**-power).shared_scale == 2.0**-power
