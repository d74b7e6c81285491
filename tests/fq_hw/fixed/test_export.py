"""Export: the graph's scores are those of the integer meaning; the rest is refused by name."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from floats import FLOATS, random_fixed, random_float, random_pixels

from fq_hw import golden, ir
from fq_hw.errors import GraphError
from fq_hw.fixed.export import export
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
    graph = graph_of(fixed)
    values = golden.run(graph, images)
    np.testing.assert_array_equal(values["scores"].reshape(scores.shape), scores)
    np.testing.assert_array_equal(values["label"].ravel(), scores.argmax(1))
    for layer, codes in seen.items():
        name = f"{layer}.act" if f"{layer}.act" in values else layer
        if layer != list(seen)[-1]:
            np.testing.assert_array_equal(values[name], codes)
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


def test_refuses_branches_and_what_has_no_op():
    with pytest.raises(GraphError, match="layer 'left': must have a relu: hardware takes unsigned"):
        export(random_fixed("branched", 1))
    layers = list(FLOATS["branched"].layers)
    layers[1] = dataclasses.replace(layers[1], relu=True)
    network = dataclasses.replace(FLOATS["branched"], layers=tuple(layers))
    formats = dict.fromkeys(tensors(network), Format(5, 3))
    fixed = from_float(network, merge_norms(random_float(network, 1)), formats)
    with pytest.raises(GraphError, match="layer 'right': must read the layer before it alone to"):
        export(fixed)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((Layer(op=Op.AVERAGE_POOL, kernel=2),), "must be a convolution, dense layer or maximum"),
        ((Layer(op=Op.MAX_POOL, kernel=2, stride=1),), "windows must lie side by side"),
    ],
)
def test_refuses_layers(layers, message):
    network = dataclasses.replace(WIDE, layers=(*WIDE.layers[:1], *layers, *WIDE.layers[1:]))
    formats = dict.fromkeys(tensors(network), Format(5, 3))
    with pytest.raises(GraphError, match=re.escape(message)):
        export(from_float(network, merge_norms(random_float(network, 1)), formats))


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
