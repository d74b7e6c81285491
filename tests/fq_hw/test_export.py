"""Norms become exact levels; weights, scales and multipliers are those of the checkpoint."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from networks import NETWORKS, VARIANTS, random_checkpoint

from fq_hw.errors import ArtifactError
from fq_hw.exact import FAR
from fq_hw.export import MULTIPLIER_BITS, class_multipliers, codes, export, levels_of, norm_of
from fq_hw.layers import Activation, Embedding, EmbeddingKind, WeightScale
from fq_hw.network import blocks, stem_layers, tail_layer

WHOLE = Activation(max_value=3.0)  # levels begin at 1/2, 3/2, 5/2: all exact
EPS = 2.0**-10


def norm(weight, bias, mean, var):
    """Arrays of one norm, one channel per entry; ``var`` includes the EPS that export adds."""
    columns = np.broadcast_arrays(weight, bias, mean, np.asarray(var) - EPS)
    names = ("weight", "bias", "running_mean", "running_var")
    columns = dict(zip(names, columns, strict=True))
    arrays = {f"n.{k}": np.atleast_1d(v).astype(np.float32) for k, v in columns.items()}
    exact = all((arrays[f"n.{k}"] == v).all() for k, v in columns.items())
    assert exact, "the numbers of this test must be exact in float32"
    return arrays


def norm_levels(arrays, name, unit, eps, activation, width=None):
    """The levels of a quantizer behind a norm."""
    return levels_of(unit, norm_of(arrays, name, eps), activation, width)


def quantize(arrays, unit, deviation, x):
    """The activation of the integer ``x`` in exact arithmetic, channel 0: level 0..3."""
    part = {key[2:]: Fraction(float(value[0])) for key, value in arrays.items()}
    y = Fraction(unit) * x - part["running_mean"]
    y = y * part["weight"] / Fraction(deviation) + part["bias"]
    return sum(y >= Fraction(2 * j + 1, 2) for j in range(3))


def count(levels, sign, x):
    """How many levels the integers ``x`` reach."""
    return (sign[0] * x[:, None] >= levels[0]).sum(axis=1)


EXACT = [  # weight, bias, mean, deviation, unit; many have an integer exactly on a level
    (1.0, 0.5, 0.0, 1.0, 1.0),
    (-1.0, 0.5, 0.0, 1.0, 1.0),
    (1.0, 1.25, 0.25, 2.0, 0.125),
    (-1.0, 1.25, 0.25, 2.0, 0.125),
    (-0.5, 7.5, -3.0, 4.0, 1 / 32),
    (0.75, -2.0, 5.0, 0.5, 1 / 32),
    (-0.75, 2.25, 5.0, 0.5, 1 / 32),
    (0.375, 0.0, 0.0, 8.0, 0.25),
    (2.0**-20, 1.0, 0.0, 1.0, 1.0),
    (1.0, 0.5, 0.0, 1.0, 0.0),
    (-1.0, 1.5, 0.0, 1.0, 0.0),
    (0.0, 2.5, 3.0, 1.0, 1.0),
    (0.0, 2.5 - 2.0**-20, 3.0, 1.0, 1.0),
    (0.0, -9.0, 3.0, 1.0, 1.0),
    (1.0, 2.5, 1.0, 1.0, 0.0),
]


@pytest.mark.parametrize("case", EXACT, ids=str)
def test_levels_equal_exact_arithmetic_on_every_integer(case):
    weight, bias, mean, deviation, unit = case
    arrays = norm(weight, bias, mean, deviation**2)
    levels, sign = norm_levels(arrays, "n", unit, EPS, WHOLE)
    x = np.arange(-2000, 2001)
    want = [quantize(arrays, unit, deviation, int(n)) for n in x]
    np.testing.assert_array_equal(count(levels, sign, x), want)


@pytest.mark.parametrize("gain", [0.125, -0.125])
def test_a_tie_belongs_to_the_upper_level(gain):
    levels, sign = norm_levels(norm(gain, 0.5, 0.0, 1.0), "n", 1.0, EPS, WHOLE)
    assert levels.tolist() == [[0, 8, 16]]
    side = -1 if gain < 0 else 1
    assert sign.tolist() == [side]
    x = side * np.array([-1, 0, 7, 8, 15, 16])
    assert count(levels, sign, x).tolist() == [0, 1, 1, 2, 2, 3]


@pytest.mark.parametrize("side", [1, -1])
def test_only_a_tie_is_one(side):
    """A level by 2**-44 above an integer belongs to the next, one as far below to this one."""
    off = np.array([0.0, 1.0, -1.0]) * 2.0**-44
    arrays = norm([side, side, side], 0.5, 0.0, 1.0) | {"n.bias": 0.5 - 7 * 2.0**-4 - off}
    levels, _ = norm_levels(arrays, "n", 2.0**-4, EPS, WHOLE)
    assert levels[:, 0].tolist() == [7, 8, 7]


def test_random_norms_equal_direct_evaluation():
    rng = np.random.default_rng(0)
    activation, x = Activation(), np.arange(-400, 401)
    for _ in range(200):
        weight, bias, mean = rng.normal(size=3).astype(np.float32)
        var = rng.uniform(0.01, 3, 1).astype(np.float32)
        unit = float(rng.uniform(0.001, 0.5))
        values = {"weight": weight, "bias": bias, "running_mean": mean, "running_var": var[0]}
        arrays = {f"n.{k}": np.array([v], np.float32) for k, v in values.items()}
        levels, sign = norm_levels(arrays, "n", unit, 1e-5, activation)
        y = (x * unit - float(mean)) / np.sqrt(float(var[0]) + 1e-5) * float(weight) + float(bias)
        want = np.floor(np.clip(y, 0, activation.max_value) / activation.step + 0.5)
        np.testing.assert_array_equal(count(levels, sign, x), want)


def test_gain_zero_gives_levels_far_away_and_a_rising_sign():
    weight, bias = [0.0, 0.0, -0.0], [-1.0, 1.5, 9.0]
    levels, sign = norm_levels(norm(weight, bias, 0.0, 1.0), "n", 1.0, EPS, WHOLE)
    assert (levels / FAR).tolist() == [[1, 1, 1], [-1, -1, 1], [-1, -1, -1]]
    assert sign.tolist() == [1, 1, 1]


def test_units_per_channel():
    unit = np.array([1.0, 0.5, 0.0])
    levels, _ = norm_levels(norm([1.0, 1.0, 1.0], 0.5, 0.0, 1.0), "n", unit, EPS, WHOLE)
    assert levels.tolist() == [[0, 1, 2], [0, 2, 4], [-FAR, FAR, FAR]]


@pytest.mark.parametrize(
    "scale", [[1.0, 0.5], [0.3, 0.1, 0.2], [1e-3, 1.0], [0.0, 0.7], [1e-9, 1.0]], ids=str
)
def test_class_multipliers(scale):
    scale = np.array(scale)
    multiplier, error = class_multipliers(scale)
    assert multiplier.dtype == np.int64
    assert multiplier.max() == 2**MULTIPLIER_BITS - 1
    assert ((multiplier == 0) == (scale < 0.5 / multiplier.max() * scale.max())).all()
    assert (error == np.inf) == bool((scale[multiplier == 0] > 0).any())
    for a, b in np.ndindex(len(scale), len(scale)):  # the error bounds every ratio
        if scale[a] and scale[b] and multiplier[b]:
            ratio = multiplier[a] / multiplier[b] / (scale[a] / scale[b])
            assert abs(ratio - 1) <= error + 1e-12


def test_refuses_a_classifier_of_zeros():
    trained = random_checkpoint(NETWORKS["basic"], 0)
    zeros = np.zeros_like(trained.arrays["tail.conv.weight"])
    trained = replace(trained, arrays={**trained.arrays, "tail.conv.weight": zeros})
    with pytest.raises(
        ArtifactError, match=r"^export: the last layer needs a weight that is not 0"
    ):
        export(trained)


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_geometry_and_scales(name):
    network = NETWORKS[name]
    trained = random_checkpoint(network, 1)
    nodes = {node["name"]: node for node in export(trained).nodes}
    layers = [*stem_layers(network), tail_layer(network)]
    for block in blocks(network):
        layers += [*block.convs, *([block.down] if block.down else [])]
        assert nodes[block.name]["inputs"][0] == block.convs[-1].name
        if block.down:
            assert nodes[block.name]["inputs"][1] == block.down.name
            assert nodes[block.down.name]["inputs"] == [f"{block.name}.acts.0"]
    assert sum(node["op"] == "conv" for node in nodes.values()) == len(layers)
    for layer in layers:
        node, latent = nodes[layer.name], trained.arrays[f"{layer.name}.weight"]
        assert node["stride"] == layer.stride
        assert node["padding"] == layer.kernel // 2
        want = np.where(latent >= 0, 1, -1).transpose(0, 2, 3, 1)
        np.testing.assert_array_equal(node["weight"], want)
        shared = layer.scale is WeightScale.SHARED
        assert node["scale"] == (network.shared_scale if shared else None)


def test_a_latent_zero_is_plus_one():
    trained = random_checkpoint(NETWORKS["basic"], 1)
    trained.arrays["stem.0.conv.weight"].flat[:2] = 0, -0.0
    nodes = {node["name"]: node for node in export(trained).nodes}
    weight = nodes["stem.0.conv"]["weight"].transpose(0, 3, 1, 2)
    assert weight.flat[0] == weight.flat[1] == 1


def test_learned_table_is_rounded_half_up():
    trained = random_checkpoint(NETWORKS["basic"], 1)
    table = trained.arrays["embedding.table"]
    table[0, :5, 0] = -1, 0.3, 1.0, 1.7, 9
    nodes = {node["name"]: node for node in export(trained).nodes}
    assert nodes["embedding"]["table"][0, :5, 0].tolist() == [0, 0, 2, 3, 3]
    assert nodes["embedding"]["table"].dtype == np.uint8


def test_learned_table_is_rounded_in_float32_as_in_training():
    trained = random_checkpoint(NETWORKS["basic"], 1)
    step = trained.network.activation.step
    edge = np.nextafter(np.float32(step / 2), np.float32(0))
    assert float(edge) / step + 0.5 < 1  # in float64 a lower level
    trained.arrays["embedding.table"][0, :2, 0] = edge, edge * np.float32(0.999)
    nodes = {node["name"]: node for node in export(trained).nodes}
    assert nodes["embedding"]["table"][0, :2, 0].tolist() == [1, 0]


def test_export_does_not_change_the_checkpoint():
    trained = random_checkpoint(NETWORKS["gains"], 2)
    before = {name: array.copy() for name, array in trained.arrays.items()}
    export(trained)
    for name, array in trained.arrays.items():
        np.testing.assert_array_equal(array, before[name])


def test_refuses_a_float_first_layer():
    real = Embedding(kind=EmbeddingKind.FLOAT, length=1)
    network = replace(NETWORKS["basic"], embedding=real)
    contract = "^export stem.0.conv: its weights are real numbers, .*; train with another embedding"
    with pytest.raises(ArtifactError, match=contract):
        export(random_checkpoint(network, 0))


def test_an_exact_first_layer_reads_the_pixels():
    nodes = {node["name"]: node for node in export(random_checkpoint(VARIANTS["exact"], 0)).nodes}
    assert nodes["stem.0.conv"]["inputs"] == ["pixels"]
    assert "embedding" not in nodes


def test_codes_of_two_bits_change_at_twice_the_unit():
    edge = np.float64([-1.0, 1.0])
    latent = np.array([*np.nextafter(edge, -9), *edge, 0.0, -1e-9, 9.0])[None, :, None, None]
    found = codes(latent, np.array([0.5]), 2).ravel().tolist()
    assert found == [-3, 1, -1, 3, 1, -1, 3]
    assert codes(latent, np.array([0.5]), 1).ravel().tolist() == [-1, 1, -1, 1, 1, -1, 1]


@pytest.mark.parametrize(("name", "array"), [
    ("learned-scales", "stem.0.conv.level"), ("fitted-widths", "tail.act.width"),
])  # fmt: skip
@pytest.mark.parametrize("value", [0.0, -0.5])
def test_refuses_levels_and_widths_that_are_not_positive(name, array, value):
    trained = random_checkpoint(VARIANTS[name], 0)
    trained.arrays[array][0] = value
    with pytest.raises(ArtifactError, match=rf" must be positive \(got {value}\)$"):
        export(trained)
