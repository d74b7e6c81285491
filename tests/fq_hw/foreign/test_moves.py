"""Chains of nodes that only move numbers: every tensor is onnxruntime's, and hardware takes it."""

from collections import Counter

import numpy as np
import pytest
from networks import random_images
from onnx import helper
from onnx_builders import levels
from onnx_models import Maker

from fq_hw import ir
from fq_hw.foreign.onnx import PixelRange, compare, judge, read
from fq_hw.schedule.folding import Fold
from fq_hw.schedule.lower import lower

TWICE = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}


def ints(m, *values):
    return m.const(np.array(values))


def twice(m, x):
    return m.node("Resize", x, "", m.const([1.0, 1.0, 2.0, 2.0]), **TWICE)


def reshaped(m, x, *shape):
    return m.node("Reshape", x, ints(m, *shape))


def halves(m, x):
    m.nodes.append(helper.make_node("Split", [x], [f"{x}_0", f"{x}_1"], axis=1))
    return f"{x}_0", f"{x}_1"


def conv(m, x, cin, cout=4, **more):
    return m.quant(m.conv(x, cin, cout, **more), 3, 0.4, signed=0)


def shuffled(m, x, shape, between=(0, 2, 1, 3, 4)):
    x = m.node("Transpose", reshaped(m, x, 1, 2, shape[0] // 2, *between[5:], *shape[1:]),
               perm=between[:5])  # fmt: skip
    return reshaped(m, x, 1, *shape)


def unet(m):
    x = levels(m)
    y = conv(m, m.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), 4)
    return m.scores(conv(m, m.node("Concat", x, twice(m, y), axis=1), 8), 4)


def u_of_sums(m):
    """Up-sampled before the quantizer."""
    x = levels(m)
    y = m.norm(m.conv(m.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), 4, 4), 4)
    return m.scores(conv(m, m.quant(twice(m, y), 3, 0.4), 4), 4)


def shufflenet(m):
    """A unit of the second version: split, one half convolved, joined, shuffled."""
    x = levels(m)
    for _ in range(2):
        first, second = halves(m, x)
        x = m.node("Concat", first, conv(m, second, 2, 2), axis=1)
        x = shuffled(m, x, (4, 8, 8))
    return m.scores(x, 4)


def shuffled_groups(m):
    """One of the first: grouped convolutions with a shuffle between them."""
    x = levels(m)
    for _ in range(2):
        w = m.weights((4, 2, 1, 1), 2)
        x = m.quant(m.node("Conv", x, w, group=2), 3, 0.4, signed=0)
        x = shuffled(m, x, (4, 8, 8))
        w = m.weights((4, 1, 3, 3), 2)
        x = m.quant(m.node("Conv", x, w, group=4, pads=[1] * 4), 3, 0.4, signed=0)
    return m.scores(x, 4)


def shuffled_flat(m):
    """The pixels as one axis."""
    x = reshaped(m, m.node("Transpose", reshaped(m, levels(m), 1, 2, 2, 64), perm=[0, 2, 1, 3]),
                 1, 4, 8, 8)  # fmt: skip
    return m.scores(m.node("MaxPool", x, kernel_shape=[2, 2], strides=[1, 1]), 4)


def unshuffled(m):
    """A stem of PyTorch's pixel_unshuffle, on the image itself."""
    x = reshaped(m, "image", 1, 3, 4, 2, 4, 2)
    x = reshaped(m, m.node("Transpose", x, perm=[0, 1, 3, 5, 2, 4]), 1, 12, 4, 4)
    return m.scores(conv(m, m.quant(x, 4, 0.1), 12), 4)


def focus(m):
    """YOLOv5's: four slices, joined."""
    x = levels(m)
    parts = [
        m.node("Slice", x, ints(m, r, c), ints(m, 99, 99), ints(m, 2, 3), ints(m, 2, 2))
        for c in (0, 1) for r in (0, 1)
    ]  # fmt: skip
    return m.scores(conv(m, m.node("Concat", *parts, axis=1), 16), 4)


def pixel_shuffle(m):
    x = conv(m, levels(m), 4, 12)
    y = reshaped(m, x, 1, 3, 2, 2, 8, 8)
    y = reshaped(m, m.node("Transpose", y, perm=[0, 1, 4, 2, 5, 3]), 1, 3, 16, 16)
    return m.scores(y, 3)


def shortcut(m):
    """ResNet's option A: every other pixel, and channels of 0."""
    x = levels(m)
    y = m.node("Slice", x, ints(m, 0, 0), ints(m, 8, 8), ints(m, 2, 3), ints(m, 2, 2))
    y = m.node("Pad", y, ints(m, 0, 2, 0, 0, 0, 2, 0, 0))
    y = m.node("Add", y, conv(m, x, 4, 8, strides=[2, 2]))
    return m.scores(m.quant(y, 3, 0.4, signed=0), 8)


def padded(m):
    """Uneven padding before a strided convolution, as TensorFlow has it."""
    x = m.node("Pad", levels(m), ints(m, 0, 0, 0, 0, 0, 0, 1, 1))
    return m.scores(conv(m, x, 4, strides=[2, 2], pads=[0] * 4), 4)


def padded_maximum(m):
    x = m.node("Pad", levels(m), ints(m, 0, 0, 1, 1, 0, 0, 1, 1))
    return m.scores(m.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2]), 4)


def padded_far(m):
    x = m.node("Pad", levels(m), ints(m, 0, 0, 3, 4, 0, 0, 0, 1), m.const(0.8))
    return m.scores(conv(m, x, 4), 4)


def padded_bipolar(m):
    """0 lies between the levels."""
    x = m.quant(m.conv(levels(m), 4, 4), 1, 0.5)
    return m.scores(conv(m, m.node("Pad", x, ints(m, 0, 0, 3, 3, 0, 0, 3, 3)), 4), 4)


def cropped(m):
    x = m.node("Pad", twice(m, levels(m)), ints(m, 0, 0, 1, 0, 0, 0, 0, 2))
    x = m.node("Slice", x, ints(m, 1, 1), ints(m, -1, 9), ints(m, 2, 3), ints(m, 1, 1))
    return m.scores(x, 4)


def many(m):
    """More than one op takes: blocks, then every other row of them, then twice."""
    x = m.node("SpaceToDepth", levels(m), blocksize=2)
    x = m.node("Slice", x, ints(m, 0), ints(m, 9), ints(m, 2), ints(m, 2))
    x = m.node("Gather", twice(m, x), ints(m, 5, 0, 15, 5), axis=1)
    return m.scores(x, 4)


def difference(m):
    x = levels(m)
    y = m.node("MaxPool", conv(m, x, 4), kernel_shape=[2, 2], strides=[2, 2])
    return m.scores(m.quant(m.node("Sub", x, twice(m, y)), 4, 0.3), 4)


def difference_of_some(m):
    """A gain below 0 in some channels, of what no quantizer gives."""
    x = levels(m)
    y = m.node("MaxPool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4)
    y = m.node("Mul", y, m.const(np.array([1.0, -1, -1, 1]).reshape(4, 1, 1)))
    return m.scores(m.quant(m.node("Sub", y, x), 4, 0.3), 4)


def difference_of_tables(m):
    x = levels(m)
    y = m.quant(m.node("Abs", m.node("Sub", x, m.const(1.3))), 3, 0.4, signed=0)
    return m.scores(m.quant(m.node("Sub", x, y), 4, 0.3), 4)


def flat(m):
    x = m.node("Flatten", twice(m, m.node("SpaceToDepth", levels(m), blocksize=4)))
    return m.node("MatMul", x, m.weights((1024, 3)))


def last(m):
    """Channels on the last axis in between."""
    x = m.node("Transpose", levels(m), perm=[0, 2, 3, 1])
    x = m.node("Slice", x, ints(m, 1, 1), ints(m, 7, 3), ints(m, 1, 3), ints(m, 2, 1))
    x = m.node("Transpose", x, perm=[0, 3, 1, 2])
    return m.scores(conv(m, x, 2), 4)


# What each becomes, beside the ops that all have.
CASES = {
    unet: {"Grid": 1, "Concat": 1}, u_of_sums: {"Grid": 1}, shufflenet: {"Select": 4, "Concat": 2},
    shuffled_groups: {"Select": 2}, shuffled_flat: {"Select": 1},
    unshuffled: {"SpaceToDepth": 1, "Select": 1},
    focus: {"Grid": 4, "Concat": 3}, pixel_shuffle: {"Select": 1, "DepthToSpace": 1},
    shortcut: {"Grid": 1, "Select": 1}, padded: {}, padded_maximum: {}, padded_far: {"Grid": 1},
    padded_bipolar: {"Grid": 1}, cropped: {"Grid": 2},
    many: {"SpaceToDepth": 1, "Select": 2, "Grid": 1}, difference: {"Grid": 1, "Lookup": 1},
    difference_of_some: {}, difference_of_tables: {"Lookup": 2},
    flat: {"SpaceToDepth": 1, "Grid": 1}, last: {"Select": 1, "Grid": 1},
}  # fmt: skip
KINDS = ("Concat", "DepthToSpace", "Grid", "Lookup", "Select", "SpaceToDepth")


@pytest.mark.parametrize("build", CASES, ids=lambda build: build.__name__)
def test_is_what_onnxruntime_computes(build, tmp_path):
    m = Maker((1, 3, 8, 8), 2)
    model = read(m.save(tmp_path / "net.onnx", build(m)))
    judged = judge(model, "net", PixelRange.UNIT)
    assert judged.imported, [line.why for line in judged.lines if not line.supported]
    for image in random_images((8, 8, 3), 3, 5):
        rows = list(compare(model, judged.imported, PixelRange.UNIT, image))
        assert not any(row.wrong for row in rows), [row for row in rows if row.wrong]
    graph = judged.imported.graph
    found = Counter(type(op).__name__ for op in graph.ops)
    assert {kind: found[kind] for kind in KINDS if found[kind]} == CASES[build]
    lower(graph, {op.name: Fold(pe=1, simd=1) for op in graph.ops if isinstance(op, ir.Conv)})


def turned(m):
    return m.node("Slice", levels(m), ints(m, -1), ints(m, -99), ints(m, 3), ints(m, -1))


def swapped(m):
    """Height and width change places."""
    return twice(m, m.node("Transpose", levels(m), perm=[0, 1, 3, 2]))


def of_sums(m):
    return m.node("Pad", m.conv(levels(m), 4, 4), ints(m, 0, 0, 1, 1, 0, 0, 1, 1))


def of_a_function(m):
    return m.node("Slice", m.node("Tanh", m.conv(levels(m), 4, 4)), ints(m, 0), ints(m, 2),
                  ints(m, 1))  # fmt: skip


def all_outside(m):
    return m.node("Pad", levels(m), ints(m, 0, 0, 3, 0, 0, 0, -8, 0))


def falling_sums(m):
    x = levels(m)
    y = m.conv(m.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), 4, 4)
    return m.node("Sub", m.conv(x, 4, 4), twice(m, y))


UNEVEN = "rows, columns or channels of the result are none that hardware can take"
REFUSED = {
    turned: UNEVEN, swapped: UNEVEN, all_outside: UNEVEN,
    of_sums: "input must be quantized", of_a_function: "a function that is no line",
    falling_sums: "sums times a negative number must come from a convolution",
}  # fmt: skip


@pytest.mark.parametrize("build", REFUSED, ids=lambda build: build.__name__)
def test_refuses(build, tmp_path):
    m = Maker((1, 3, 8, 8), 2)
    model = read(m.save(tmp_path / "net.onnx", build(m)))
    judged = judge(model, "net", PixelRange.UNIT)
    refused = [line.why for line in judged.lines if not line.supported]
    assert refused and REFUSED[build] in refused[0] and "\n" not in refused[0]
