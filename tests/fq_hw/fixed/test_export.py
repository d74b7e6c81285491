"""Export: the graph's scores are those of the integer meaning; the rest is refused by name."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from floats import FLOATS, random_fixed, random_float, random_pixels

from fq_hw import golden, ir
from fq_hw.errors import GraphError
from fq_hw.fixed.export import export, exported
from fq_hw.fixed.format import Format
from fq_hw.fixed.integers import evaluate
from fq_hw.fixed.merge_norms import merge_norms
from fq_hw.fixed.network import FixedNetwork, Role, Tensor, from_float, tensors
from fq_hw.float_network import FloatNetwork, Layer, Op, Padding
from fq_hw.passes import lower_graph

WIDE = FloatNetwork(  # a dense layer in the middle and one that sees several pixels
    name="wide",
    image=(8, 6, 2),
    classes=3,
    layers=(
        Layer(op=Op.CONV, width=4, kernel=3, padding=Padding.VALID, stride=2, relu=True),
        Layer(op=Op.DENSE, width=6, relu=True),
        Layer(op=Op.DENSE, width=3),
    ),
)
FORMATS = {t: Format(5 if t.role is Role.WEIGHT else 7, 3) for t in tensors(WIDE)}


def graph_of(fixed: FixedNetwork) -> ir.Graph:
    return lower_graph(ir.Graph.from_nodes(fixed.network.name, export(fixed)))


def same(fixed: FixedNetwork) -> ir.Graph:
    """Check codes of every layer, scores and labels; return the graph."""
    images, seen = random_pixels(fixed.network, 9, 3), {}
    scores = evaluate(fixed, images, seen.__setitem__)
    graph, (_, made) = graph_of(fixed), exported(fixed)
    values = golden.run(graph, images)
    found, label = (values[op.name] for op in graph.ops[-2:])
    np.testing.assert_array_equal(found.reshape(scores.shape), scores)
    np.testing.assert_array_equal(label.ravel(), scores.argmax(1))
    for layer, codes in list(seen.items())[:-1]:
        found = values[made[layer].node].astype(np.int64) - made[layer].zero
        np.testing.assert_array_equal(found, codes, err_msg=layer)
    return graph


@pytest.mark.parametrize("seed", range(6))
def test_golden_is_the_integer_meaning(seed):
    graph = same(random_fixed("plain", seed))
    assert {"conv1", "conv1.act", "max-pool1", "global-max-pool1", "dense1"} <= set(graph.types)


def test_dense_layers():
    graph = same(from_float(WIDE, merge_norms(random_float(WIDE, 1)), FORMATS))
    assert "dense1.input" in graph.types and "dense2.input" not in graph.types


def test_no_bias_no_op():
    formats = {**FORMATS, Tensor("conv1", Role.BIAS): Format(1, 3)}
    graph = same(from_float(WIDE, merge_norms(random_float(WIDE, 1)), formats))
    assert "conv1.bias" not in graph.types


@pytest.mark.parametrize("seed", range(8))
def test_branches_averages_and_signed_codes(seed):
    network = FLOATS["branched"]
    fixed = from_float(network, merge_norms(random_float(network, seed)), random(network, seed))
    graph = same(fixed)
    kinds = {type(op) for op in graph.ops}
    assert {ir.Add, ir.Concat, ir.MaxPool, ir.Threshold, ir.Requantize} <= kinds
    overlap = [op for op in graph.ops if isinstance(op, ir.Conv) and op.groups > 1]
    assert [op.name for op in overlap] == ["mean"]  # an average whose windows overlap


def random(network: FloatNetwork, seed: int) -> dict[Tensor, Format]:
    """Formats that hardware takes."""
    dice = np.random.default_rng(seed)
    finer = {Role.WEIGHT: 3}  # lest all of a layer round to 0
    return {
        t: Format(int(dice.integers(4, 9)), int(dice.integers(1, 5)) + finer.get(t.role, 0))
        for t in tensors(network)
    }


def inserted(*layers: Layer) -> FloatNetwork:
    """``layers`` behind the first of WIDE."""
    return dataclasses.replace(WIDE, layers=(*WIDE.layers[:1], *layers, *WIDE.layers[1:]))


@pytest.mark.parametrize(
    "layers",
    [
        (Layer(op=Op.AVERAGE_POOL, kernel=2),),
        (Layer(op=Op.MAX_POOL, kernel=2, stride=1),),
        (Layer(op=Op.CONV, width=4, kernel=3), Layer(op=Op.MAX_POOL, kernel=2, stride=1)),
        (Layer(op=Op.CONV, width=4, kernel=1), Layer(op=Op.AVERAGE_POOL, kernel=2, stride=1)),
        (Layer(op=Op.CONV, width=4, kernel=3), Layer(op=Op.CONV, width=3, kernel=3, relu=True)),
        (
            Layer(op=Op.CONV, name="a", width=4, kernel=3),
            Layer(op=Op.CONV, name="b", inputs=("conv1",), width=4, kernel=1, relu=True),
            Layer(op=Op.ADD, name="c", inputs=("a", "b", "conv1")),
            Layer(op=Op.CONCAT, name="d", inputs=("c", "a", "b")),
            Layer(op=Op.CONV, width=3, kernel=3, relu=True),
        ),
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_every_order_of_layers(layers, seed):
    network = inserted(*layers)
    same(from_float(network, merge_norms(random_float(network, seed)), random(network, seed)))


def test_signed_codes_are_of_eight_bits_at_most():
    network = inserted(Layer(op=Op.CONV, name="signed", width=4, kernel=3))
    formats = dict.fromkeys(tensors(network), Format(5, 3))
    formats[Tensor("signed", Role.ACTIVATION)] = Format(9, 3)
    fixed = from_float(network, merge_norms(random_float(network, 1)), formats)
    with pytest.raises(GraphError, match="layer 'signed': activations must have 2 to 8 bits"):
        export(fixed)


@pytest.mark.parametrize(
    ("tensor", "form", "message"),
    [
        (Tensor("conv1", Role.ACTIVATION), Format(1, 0), "activations must have 2 to 9 bits"),
        (Tensor("conv1", Role.ACTIVATION), Format(10, 3), "activations must have 2 to 9 bits"),
        (Tensor("conv1", Role.ACTIVATION), Format(5, -40), "shift must be in -32..32 (got 51)"),
        (Tensor("dense1", Role.WEIGHT), Format(1, 0), "weights must not all be 0"),
        (Tensor("dense2", Role.WEIGHT), Format(1, 0), "layer 'dense2': weights must not all be 0"),
    ],
)
def test_refuses_formats(tensor, form, message):
    fixed = from_float(WIDE, merge_norms(random_float(WIDE, 1)), {**FORMATS, tensor: form})
    with pytest.raises(GraphError, match=re.escape(message)):
        export(fixed)
