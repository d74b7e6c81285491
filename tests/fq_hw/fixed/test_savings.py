"""Costs counted by hand."""

from __future__ import annotations

import pytest
from floats import FLOATS

from fq_hw.fixed.format import Format
from fq_hw.fixed.network import Role, Tensor, tensors
from fq_hw.fixed.savings import Cost, cost, savings
from fq_hw.float_network import FloatNetwork, Layer, Op

NETWORK = FloatNetwork(
    name="small",
    image=(4, 4, 1),
    classes=3,
    layers=(
        Layer(op=Op.CONV, name="a", width=2, kernel=3, relu=True),
        Layer(op=Op.MAX_POOL, name="p", kernel=2),
        Layer(op=Op.CONV, name="b", width=5, kernel=1, relu=True),
        Layer(op=Op.DENSE, name="c", width=3),
    ),
)
BITS = {"a.weight": 2, "b.weight": 3, "c.weight": 4, "a.bias": 5, "b.bias": 1, "c.bias": 6}
BITS |= {"a.activation": 3, "b.activation": 7}
FORMATS = {t: Format(BITS[str(t)], 0) for t in tensors(NETWORK)}


def test_counts_by_hand():
    # weights 18, 10, 60; biases 2, 5, 3; outputs 32, 20, 3; the pool holds nothing of its own
    memory = 18 * 2 + 10 * 3 + 60 * 4 + 2 * 5 + 5 * 1 + 3 * 6 + 32 * 3 + 20 * 7 + 3 * 8
    by_output = 18 * 16 * 2 * 3 + 10 * 4 * 3 * 7 + 60 * 4 * 8  # scores count 8 bits
    by_input = 18 * 16 * 2 * 8 + 10 * 4 * 3 * 3 + 60 * 4 * 7  # pixels have 8
    want = Cost(memory=memory, products_by_output=by_output, products_by_input=by_input)
    assert cost(NETWORK, FORMATS) == want


def test_eight_bits_everywhere_save_nothing():
    formats = dict.fromkeys(tensors(NETWORK), Format(8, 3))
    assert cost(NETWORK, formats) == cost(NETWORK, None)
    saved = savings(NETWORK, formats)
    assert saved.memory == saved.products_by_output == saved.products_by_input == 0


def test_savings_in_percent():
    plain, own = cost(NETWORK, None), cost(NETWORK, FORMATS)
    assert savings(NETWORK, FORMATS).memory == pytest.approx(100 - 100 * own.memory / plain.memory)


def test_joins_and_means_hold_codes_of_their_own():
    network = FLOATS["branched"]
    formats = dict.fromkeys(tensors(network), Format(8, 3))
    shapes = {"stem": 180, "left": 180, "right": 180, "sum": 180, "mean": 120, "narrow": 24}
    for layer, size in (shapes | {"both": 60}).items():
        less = {**formats, Tensor(layer, Role.ACTIVATION): Format(7, 3)}
        assert cost(network, formats).memory - cost(network, less).memory == size


def test_a_convolution_after_a_join_reads_its_width():
    network = FLOATS["branched"]
    formats = dict.fromkeys(tensors(network), Format(8, 3))
    less = {**formats, Tensor("both", Role.ACTIVATION): Format(5, 3)}
    dense = 3 * 60 * 8 * (8 - 5)
    gone = cost(network, formats).products_by_input - cost(network, less).products_by_input
    assert gone == dense
