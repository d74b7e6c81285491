"""Convolutions of levels of several scales: a sum for each, and the sum of these."""

import numpy as np
import pytest
from onnx_models import Maker, refused_with, same

from fq_hw import ir


def stem(m):
    return m.quant(m.norm(m.conv(m.quant("image", 8, 1 / 128), 3, 4), 4), 3, 0.4, signed=0)


def branches(m, *ways):
    """Convolutions of one tensor, each with a quantizer of its own, side by side."""
    x = stem(m)
    parts = [m.quant(m.norm(m.conv(x, 4, 3, kernel=k), 3), 3, scale, signed=signed, zero=zero)
             for k, scale, signed, zero in ways]  # fmt: skip
    return m.node("Concat", *parts, axis=1)


TWO = (1, 0.3, 0, 0.0), (3, 0.47, 0, 0.0)
THREE = (*TWO, (3, 0.811, 1, 0.0))


def end(m, x, channels, kernel=3, bits=3):
    x = m.norm(m.conv(x, channels, 4, kernel=kernel, bits=bits), 4)
    return m.scores(m.quant(x, 3, 0.9, signed=0), 4)


def two(m):
    return end(m, branches(m, *TWO), 6)


def binary(m):
    return end(m, branches(m, *TWO), 6, bits=1)


def pointwise(m):
    return end(m, branches(m, *TWO), 6, kernel=1)


def three(m):
    """Of other signs: each has its own level for the padding."""
    return end(m, branches(m, *THREE), 9)


def zeros(m):
    """One scale, but other levels for 0."""
    return end(m, branches(m, (1, 0.3, 0, 0.0), (3, 0.3, 0, 2.0)), 6)


def spread(m):
    """Levels without one for 0, which padding needs: -1 and +1, and all above 0."""
    x, parts = stem(m), [branches(m, (1, 0.3, 0, -2.0))]
    for scale in (0.5, 0.3):
        y = m.norm(m.conv(x, 4, 3), 3)
        parts.append(m.node("BipolarQuant", y, m.const(scale), domain="qonnx.custom_op.general"))
    return end(m, m.node("Concat", *parts, axis=1), 9)


def alike_twice(m):
    return end(m, branches(m, TWO[0], TWO[1], TWO[0]), 9)


def pooled(m):
    """What the concatenation made is no tensor of its own any more."""
    x = m.node("MaxPool", branches(m, *TWO), kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    return end(m, x, 6)


def flat(m):
    x = m.node("MaxPool", branches(m, *TWO), kernel_shape=[4, 4], strides=[4, 4])
    return m.node("MatMul", m.node("Flatten", x), m.weights((24, 5), 3))


def falling(m):
    """One scale is below 0."""
    x = m.node("Mul", branches(m, *TWO), m.const(np.array([-1.0] * 3 + [2] * 3).reshape(6, 1, 1)))
    return end(m, x, 6)


def of_channels(m):
    x = m.norm(m.conv(stem(m), 4, 4), 4)
    x = m.quant(x, 3, np.array([0.3, 0.4, 0.3, 0.71]).reshape(1, 4, 1, 1))
    return end(m, x, 4)


def straight_to_scores(m):
    x = m.conv(branches(m, *THREE), 9, 5, kernel=1, bits=3)
    return m.node("GlobalAveragePool", x)


ADDS = {two: 1, binary: 1, pointwise: 1, three: 2, zeros: 1, spread: 2, alike_twice: 2, pooled: 1,
        flat: 1, falling: 1, of_channels: 2, straight_to_scores: 2}  # fmt: skip


@pytest.mark.parametrize("build", ADDS)
def test_every_tensor_is_qonnx_s(build, tmp_path):
    m = Maker()
    graph = same(m, build(m), tmp_path)
    assert sum(isinstance(op, ir.Add) for op in graph.ops) == ADDS[build]


def test_a_part_reads_its_own_channels(tmp_path):
    """No convolution computes products that are 0 where the concatenation is read itself."""
    m = Maker()
    graph = same(m, two(m), tmp_path)
    assert not any(isinstance(op, ir.Concat) for op in graph.ops)


def test_many_scales_are_refused(tmp_path):
    m = Maker()
    x = m.quant(m.conv(stem(m), 4, 9), 3, np.linspace(0.3, 0.7, 9).reshape(1, 9, 1, 1))
    said = refused_with(m, end(m, x, 9), tmp_path)
    assert "input channels must have at most 8 scales (got 9)" in said


def test_scales_far_apart_are_refused(tmp_path):
    m = Maker()
    x = branches(m, (1, 0.3, 0, 0.0), (3, 3e-9, 0, 0.0))
    assert "must be nearer to each other" in refused_with(m, end(m, x, 6), tmp_path)
