"""The float record: names, shapes, and one line for every form that is refused."""

from __future__ import annotations

import dataclasses
import re

import pytest
from floats import FLOATS

from fq_hw.errors import FqHwError
from fq_hw.float_network import FloatNetwork, Layer, Op, array_shapes, nodes
from fq_hw.network import Network
from fq_hw.plain import from_plain, to_plain


def test_layers_get_names_inputs_and_shapes():
    found = [(n.name, n.inputs, n.shape) for n in nodes(FLOATS["plain"])]
    assert found == [
        ("conv1", ("image",), (9, 11, 5)),
        ("conv2", ("conv1",), (9, 11, 6)),
        ("max-pool1", ("conv2",), (4, 5, 6)),
        ("conv3", ("max-pool1",), (4, 5, 7)),
        ("global-max-pool1", ("conv3",), (1, 1, 7)),
        ("dense1", ("global-max-pool1",), (1, 1, 4)),
    ]


def test_branches_strides_and_valid_padding():
    shapes = {n.name: n.shape for n in nodes(FLOATS["branched"])}
    assert shapes["stem"] == (6, 5, 6)  # 12 x 10 in steps of 2
    assert shapes["mean"] == (5, 4, 6)
    assert shapes["narrow"] == (3, 2, 4) and shapes["most"] == (3, 2, 6)
    assert shapes["both"] == (3, 2, 10)


def test_arrays_hold_a_bias_where_no_norm_follows():
    shapes = array_shapes(FLOATS["branched"])
    assert shapes["layers.0.conv.weight"] == (6, 3, 5, 5)
    assert "layers.0.conv.bias" not in shapes and shapes["layers.0.norm.bias"] == (6,)
    assert shapes["layers.1.conv.bias"] == (6,)
    assert shapes["layers.8.conv.weight"] == (3, 10, 3, 2)  # a dense layer sees its whole input


@pytest.mark.parametrize("network", FLOATS.values(), ids=FLOATS)
def test_plain_data_and_back(network):
    plain = to_plain(network)
    assert from_plain(Network | FloatNetwork, plain, "network") == network


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ({"op": Op.CONV, "width": 4, "kernel": 2}, "layer 'conv': kernel must be odd (got 2)"),
        ({"op": Op.CONV, "kernel": 3}, "layer 'conv': width must be in 1..65536 (got 0)"),
        (
            {"op": Op.CONV, "width": 4, "kernel": 3, "stride": -1},
            "stride must be in 0..255 (got -1)",
        ),
        ({"op": Op.DENSE, "width": 4, "kernel": 3}, "dense does not take kernel; leave it out"),
        ({"op": Op.MAX_POOL, "kernel": 1}, "kernel must be at least 2 (got 1)"),
        ({"op": Op.MAX_POOL, "kernel": 2, "norm": True}, "does not take norm; leave it out"),
        ({"op": Op.AVERAGE_POOL, "kernel": 3}, "must be a power of two, so that the division is"),
        ({"op": Op.CONCAT, "relu": True}, "concat does not take relu; leave it out"),
    ],
)
def test_refuses_a_layer(layer, message):
    with pytest.raises(FqHwError, match=re.escape(message)):
        Layer(**layer)


@pytest.mark.parametrize(
    ("index", "change", "message"),
    [
        (
            1,
            {"inputs": ("steam",)},
            "'left': inputs must be layers before it (got 'steam'); did",
        ),
        (1, {"inputs": ("sum",)}, "'left': inputs must be layers before it"),
        (1, {"name": "stem"}, "'stem': must have a name of its own"),
        (1, {"name": "a.b"}, "name must be 1 to 100 letters, digits and _ + - (got"),
        (1, {"inputs": ("stem", "image")}, "'left': needs one input (got ['stem', 'image'])"),
        (3, {"inputs": ("left",)}, "'sum': needs two or more inputs (got ['left'])"),
        (2, {"width": 5}, "'sum': inputs must have the same shape"),
        (5, {"kernel": 7}, "'narrow': kernel must fit its input of 5 x 4 (got 7)"),
        (
            7,
            {"inputs": ("narrow", "narrow")},
            "no layer reads most; remove it",
        ),
        (8, {"relu": True}, "the last layer must give 3 scores"),
        (8, {"width": 4}, "the last layer must give 3 scores"),
    ],
)
def test_refuses_a_network(index, change, message):
    network = FLOATS["branched"]
    layers = list(network.layers)
    layers[index] = dataclasses.replace(layers[index], **change)
    with pytest.raises(FqHwError, match=re.escape(message)):
        dataclasses.replace(network, layers=tuple(layers))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "a/b"}, "the name must have 1 to 100 letters"),
        ({"classes": 1}, "classes must be in 2..65536"),
        ({"image": (0, 8, 1)}, "image must be height, width, colours"),
        ({"layers": ()}, "layers must hold at least one layer"),
        ({"norm_eps": 0.0}, "norm_eps must be in 0..1"),
    ],
)
def test_refuses_a_record(change, message):
    with pytest.raises(FqHwError, match=re.escape(message)):
        dataclasses.replace(FLOATS["plain"], **change)


def test_a_misspelt_key_is_told_of_the_record_that_fits_best():
    plain = to_plain(FLOATS["plain"]) | {"clases": 4}
    with pytest.raises(FqHwError, match=r"network: the keys are classes, image, layers, "):
        from_plain(Network | FloatNetwork, plain, "network")
