"""What a model may end in, beside one score for each class."""

import numpy as np
import pytest
from onnx_models import Maker, refused_with, same


def levels(m):
    return m.quant(m.norm(m.conv(m.quant("image", 8, 1 / 128), 3, 4), 4), 3, 0.4, signed=0)


def grid(m):
    """A result for each of 4 x 4 places."""
    x = m.conv(m.node("MaxPool", levels(m), kernel_shape=[2, 2], strides=[2, 2]), 4, 6, bits=3)
    return m.node("Add", x, m.const(np.arange(6).reshape(6, 1, 1) / 7))


def last(m):
    return m.node("Transpose", m.conv(levels(m), 4, 3, bits=3), perm=[0, 2, 3, 1])


def one_map(m):
    return m.conv(levels(m), 4, 1, bits=3)


@pytest.mark.parametrize(("build", "scores"), [(grid, 96), (last, 192), (one_map, 64)])
def test_a_score_for_each_pixel(build, scores, tmp_path):
    m = Maker()
    graph = same(m, build(m), tmp_path)
    assert graph.classes == scores


def dense(m, classes=5):
    return m.scores(levels(m), 4, classes)


@pytest.mark.parametrize("kind", ["Relu", "Clip", "both"])
def test_a_clamp_at_the_end(kind, tmp_path):
    """Scores that it makes equal were not."""
    m = Maker()
    x = dense(m)
    x = x if kind == "Clip" else m.node("Relu", x)
    x = x if kind == "Relu" else m.node("Clip", x, m.const(-0.1), m.const(0.3))
    same(m, m.node("Flatten", x), tmp_path)


def scaled(m):
    """Another factor for each class: behind the Relu the ranking is another."""
    return m.node("Mul", m.node("Relu", dense(m)), m.const(np.arange(1, 6) / 8))


def one(m):
    return dense(m, 1)


REFUSED = {scaled: "a quantizer must stand between a Relu", one: "must be at least two scores"}


@pytest.mark.parametrize("build", REFUSED)
def test_refused(build, tmp_path):
    m = Maker()
    assert REFUSED[build] in refused_with(m, build(m), tmp_path)
