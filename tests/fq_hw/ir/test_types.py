"""Types: shapes, refusals, and ranges that hold for every image and are no wider than needed."""

import numpy as np
import pytest
from classic import CLASSIC, classic_graph
from networks import NETWORKS, random_graph, random_images

from fq_hw import golden, ir
from fq_hw.errors import GraphError
from fq_hw.ir import TensorType, infer
from fq_hw.network import blocks, ern
from fq_hw.passes import lower_graph


def kind(shape=(4, 5, 2), low=0, high=3, scale=None):
    c = shape[2]
    return TensorType(shape=shape, low=np.full(c, low), high=np.full(c, high), scale=scale)


def conv(weight, stride=1, padding=None, scale=None):
    padding = weight.shape[1] // 2 if padding is None else padding
    return ir.Conv(
        name="c", inputs=("x",), weight=weight, stride=stride, padding=padding, scale=scale
    )


def signs(*shape, seed=0):
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), shape)


@pytest.mark.parametrize("name", [*NETWORKS, *CLASSIC])
def test_ranges_hold_and_shapes_are_true(name):
    whole = random_graph(name) if name in NETWORKS else classic_graph(name)
    for graph in (whole, lower_graph(whole)):
        found = golden.run(graph, random_images(graph.input.shape, 30))
        for op in graph.ops:
            tensor, promise = found[op.name], graph.types[op.name]
            assert tensor.shape[1:] == promise.shape
            flat = tensor.astype(np.int64).reshape(-1, promise.shape[2])
            assert (flat.min(axis=0) >= promise.low).all(), op.where
            assert (flat.max(axis=0) <= promise.high).all(), op.where
            assert flat.max() < 2 ** (promise.bits - promise.signed)
            assert flat.min() >= (-(2 ** (promise.bits - 1)) if promise.signed else 0)


@pytest.mark.parametrize(("kernel", "low", "padding"), [(1, 1, 0), (3, 0, 1), (3, 1, 0)])
def test_a_convolution_reaches_both_ends_of_its_range(kernel, low, padding):
    """Not where a level is never 0 but a padded tap is: there the range is sound (got exact.)"""
    op = conv(signs(5, kernel, kernel, 4), padding=padding)
    found = infer(op, kind((6, 6, 4), low, 3))
    for o in range(5):
        for ends, want in (((3, low), found.high), ((low, 3), found.low)):
            window = np.where(op.weight[o] > 0, *ends)
            image = np.zeros((1, 6, 6, 4), np.uint8)
            image[0, 2 : 2 + kernel, 2 : 2 + kernel] = window
            y = golden.ops.evaluate(op, image)
            assert y[0, 2 + padding, 2 + padding, o] == want[o]


def test_a_graph_reaches_the_ends_of_a_convolution_after_the_embedding():
    ramp = (np.arange(256) // 64).astype(np.uint8)
    weight = signs(4, 3, 3, 1)
    graph = ir.Graph(
        "g",
        (
            ir.Input(name="x", shape=(3, 3, 1)),
            ir.Embed(name="e", inputs=("x",), table=ramp[None, :, None], out_bits=2),
            ir.Conv(name="c", inputs=("e",), weight=weight, stride=1, padding=1, scale=None),
        ),
    )
    promise = graph.types["c"]
    for sign, want in ((1, promise.high), (-1, promise.low)):
        images = np.where(sign * weight > 0, 255, 0).astype(np.uint8)
        middle = golden.run(graph, images)["c"][:, 1, 1]
        assert np.diagonal(middle).tolist() == want.tolist()


def test_the_embedding_knows_each_channel():
    table = np.zeros((2, 256, 2), np.uint8)
    table[0, :, 0], table[1, 7, 1], table[1, :, 0] = 3, 2, 1
    op = ir.Embed(name="e", table=table, out_bits=2)
    found = infer(op, kind((4, 4, 2), 0, 255))
    assert found.low.tolist() == [3, 0, 1, 0]
    assert found.high.tolist() == [3, 0, 1, 2]
    shared = infer(ir.Embed(name="e", table=table[:1], out_bits=2), kind((4, 4, 3), 0, 255))
    assert shared.high.tolist() == [3, 0] * 3


def test_a_padded_tap_counts_0_even_where_no_level_is_0():
    found = infer(conv(np.ones((1, 3, 3, 2), np.int8)), kind((1, 1, 2), 1, 3))
    assert found.low.item() <= 2, "of nine taps of two channels only one lies on a 1x1 image"
    found = infer(conv(np.full((1, 3, 3, 2), -1, np.int8)), kind((1, 1, 2), 1, 3))
    assert found.high.item() >= -2


def test_sums_and_scores():
    x = TensorType(shape=(3, 5, 2), low=np.array([-2, 1]), high=np.array([4, 6]))
    total = infer(ir.PixelSum(name="p"), x)
    assert total.shape == (1, 1, 2)
    assert (total.low.tolist(), total.high.tolist()) == ([-30, 15], [60, 90])
    scores = infer(ir.ClassScale(name="s", multiplier=np.array([7, 0])), total)
    assert (scores.low.tolist(), scores.high.tolist()) == ([-210, 0], [420, 0])
    label = infer(ir.ArgMax(name="m"), scores)
    assert (label.shape, label.low.item(), label.high.item()) == ((1, 1, 1), 0, 1)


@pytest.mark.parametrize(
    ("low", "high", "bits", "signed"),
    [
        (0, 0, 1, False),
        (0, 1, 1, False),
        (0, 255, 8, False),
        (0, 256, 9, False),
        (-1, 0, 1, True),
        (-1, 1, 2, True),
        (-8, 7, 4, True),
        (-9, 7, 5, True),
        (-8, 8, 5, True),
        (-32768, 32767, 16, True),
        (-5, -3, 4, True),
    ],
)
def test_bits(low, high, bits, signed):
    found = kind(low=low, high=high)
    assert (found.bits, found.signed) == (bits, signed)
    assert str(found) == f"4x5x2 {'i' if signed else 'u'}{bits}"


def add(a, b):
    return infer(ir.Add(name="r", inputs=("a", "b")), a, b)


def test_add():
    found = add(kind(low=-3, high=5, scale=0.5), kind(low=-2, high=9, scale=0.5))
    assert (found.low.tolist(), found.high.tolist(), found.scale) == ([-5] * 2, [14] * 2, 0.5)


@pytest.mark.parametrize(
    ("op", "inputs", "message"),
    [
        (conv(signs(2, 1, 1, 3)), [kind()], "Conv 'c': needs weights for 2 channels"),
        (conv(signs(2, 1, 1, 2)), [kind(low=-1)], "Conv 'c': input must be unsigned levels"),
        (conv(signs(2, 3, 3, 2), padding=0), [kind((2, 9, 2))], "Conv 'c': kernel must fit 2x9"),
        (
            ir.Embed(name="e", table=np.zeros((2, 256, 1), int), out_bits=1),
            [kind((4, 4, 3), 0, 255)],
            "Embed 'e': needs 1 or 3 tables (got 2)",
        ),
        (
            ir.Embed(name="e", table=np.zeros((1, 256, 1), int), out_bits=1),
            [kind(high=256)],
            "Embed 'e': input must be u8",
        ),
        (
            ir.Threshold(name="t", levels=np.zeros((3, 1)), sign=np.ones(3, int), out_bits=1),
            [kind()],
            "Threshold 't': needs levels for 2 channels",
        ),
        (ir.Add(name="r"), [kind(scale=1.0), kind((4, 4, 2), scale=1.0)], "Add 'r': both inputs"),
        (ir.Add(name="r"), [kind(scale=0.5), kind(scale=0.25)], "Add 'r': both inputs must have"),
        (
            ir.Add(name="r"),
            [kind(), kind()],
            "Add 'r': both inputs must have one scale",
        ),
        (
            ir.Add(name="r"),
            [kind(scale=0.5), kind()],
            "Add 'r': both inputs must have one scale (got (0.5, None))",
        ),
        (
            ir.ClassScale(name="s", multiplier=np.array([1, 2, 3])),
            [kind((1, 1, 2))],
            "ClassScale 's': needs one multiplier per class",
        ),
        (
            ir.Add(name="r", shift=(1, 0)),
            [kind(scale=0.5), kind(scale=0.5)],
            "Add 'r': both inputs must have one scale (got (0.5, 0.5))",
        ),
        (
            ir.MaxPool(name="p", kernel=(1, 1), sign=np.array([1])),
            [kind()],
            "MaxPool 'p': needs a sign for 2 channels (got (1,))",
        ),
        (ir.ArgMax(name="m"), [kind()], "ArgMax 'm': input must be one pixel"),
    ],
)
def test_refuses(op, inputs, message):
    with pytest.raises(GraphError) as caught:
        infer(op, *inputs)
    assert str(caught.value).startswith(message)


def test_a_sum_of_scales_that_differ_by_a_power_of_two():
    """5 of a half and 3 of an eighth are 23 of an eighth."""
    a, b = kind((1, 1, 1), -5, 5, 0.5), kind((1, 1, 1), 0, 3, 0.125)
    found = infer(ir.Add(name="r", shift=(2, 0)), a, b)
    assert (found.low, found.high, found.scale) == (-20, 23, 0.125)


def test_scores_may_fall():
    op = ir.ClassScale(name="s", multiplier=np.array([-3, 3]), bias=np.array([1, 0]))
    found = infer(op, kind((1, 1, 2), -2, 5))
    assert found.low.tolist() == [-14, -6] and found.high.tolist() == [7, 15]


FAR = 2**62


@pytest.mark.parametrize(
    ("op", "inputs", "reached"),
    [
        (ir.Bias(name="y", bias=np.array([FAR - 3])), [kind((1, 1, 1))], FAR),
        (ir.Bias(name="y", bias=np.array([-FAR])), [kind((1, 1, 1))], FAR),
        (ir.SumPool(name="y", kernel=(2, 2)), [kind((2, 2, 1), 0, FAR // 4)], FAR),
        (ir.PixelSum(name="y"), [kind((2, 2, 1), -(FAR // 4), 0)], FAR),
        (ir.Add(name="y"), [kind(high=FAR // 2, scale=1.0)] * 2, FAR),
        (  # a term alone is too large, and the sum is not
            ir.Add(name="y", shift=(32, 0)),
            [kind(low=2**30, high=2**30, scale=2.0**32), kind(low=-FAR, high=-FAR, scale=1.0)],
            FAR,
        ),
        (ir.ClassScale(name="y", multiplier=np.array([2**40])), [kind((1, 1, 1), 0, 2**22)], FAR),
        (
            ir.ClassScale(name="y", multiplier=np.array([2**40])),
            [kind((1, 1, 1), 0, 2**60)],
            2**100,
        ),
        (
            ir.ClassScale(name="y", multiplier=np.array([2**40]), bias=np.array([FAR - 2**42])),
            [kind((1, 1, 1), 0, 4)],
            FAR,
        ),
    ],
)
def test_refuses_values_that_64_bits_do_not_hold(op, inputs, reached):
    """Ends are Python's integers, so that they do not wrap before they are looked at."""
    with pytest.raises(
        GraphError, match=rf" 'y': values must stay below 2\*\*62 \(got {reached}\)"
    ):
        infer(op, *inputs)


def test_refuses_sums_that_64_bits_do_not_hold():
    weight = np.full((1, 1, 1, 1), 2**15)
    with pytest.raises(GraphError, match=r"^Conv 'c': sums must stay below 2\*\*62"):
        infer(conv(weight, 1), kind((1, 1, 1), 0, 2**47))


@pytest.mark.parametrize(("padding", "pad_level"), [(0, 0), (1, 0), (1, 1), (1, 9)])
def test_sums_end_where_all_products_do(padding, pad_level):
    dice = np.random.default_rng(3)
    weight = dice.integers(-3, 4, (7, 3, 3, 5)).astype(np.int8)
    low, high = dice.integers(0, 3, 5), dice.integers(3, 8, 5)
    op = ir.Conv(
        name="c", weight=weight, stride=1, padding=padding, scale=None, pad_level=pad_level
    )
    found = infer(op, TensorType(shape=(6, 6, 5), low=low, high=high))
    ends = np.stack([weight * n for n in (low, high, *[pad_level] * padding)])
    assert found.low.tolist() == ends.min(axis=0).sum(axis=(1, 2, 3)).tolist()
    assert found.high.tolist() == ends.max(axis=0).sum(axis=(1, 2, 3)).tolist()


@pytest.mark.parametrize(
    ("op", "x"),
    [
        (ir.Flatten(name="y"), kind((2048, 1024, 1))),
        (ir.Embed(name="y", table=np.zeros((1, 256, 64), np.uint8), out_bits=1), None),
        (conv(signs(64, 1, 1, 1)), kind((1024, 1024, 1))),
    ],
    ids=["flatten", "embed", "conv"],
)
def test_refuses_a_tensor_that_no_memory_holds(op, x):
    x = kind((1024, 1024, 3), 0, 255) if x is None else x
    with pytest.raises(GraphError, match="must give at most 1,048,576 channels, and 16,777,216 v"):
        infer(op, x)


def trunk_highs(network):
    """Highest trunk value after every block, were every weight +1; by type inference alone."""
    feature = kind((32, 32, network.stem[-1].width), 0, 3)
    trunk, highs = feature, []
    for block in blocks(network):
        x = skip = trunk
        for index, layer in enumerate(block.convs):
            levels = kind(x.shape, 0, 3)
            weight = np.ones((1, layer.kernel, layer.kernel, layer.cin), np.int8)
            x = infer(conv(weight, layer.stride, scale=1.0), levels)
            x = kind((*x.shape[:2], layer.cout), int(x.low[0]), int(x.high[0]), 1.0)
            if index == 0 and block.down:
                ones = np.ones((block.down.cout, 1, 1, block.down.cin), np.int8)
                skip = infer(conv(ones, block.down.stride, scale=1.0), levels)
        trunk = add(x, skip)
        highs.append(int(trunk.high.max()))
    return highs, trunk.bits


@pytest.mark.parametrize(
    ("variant", "most"), [("18", 28_416), ("34", 42_240), ("50", 7_680), ("101", 19_200)]
)
def test_trunk_of_the_published_networks(variant, most):
    """Takahashi et al. 2024, with every weight +1: only ERNs34 leaves 16 bits (signed)."""
    highs, _ = trunk_highs(ern(variant))
    assert max(highs) == most
    assert (kind(low=-most, high=most).bits <= 16) == (variant != "34")
    if variant == "34":
        assert 41_856 in highs
