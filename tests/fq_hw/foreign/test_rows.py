"""Tensors of one axis instead of height and width, N,C,W: sound, sensors, Conv1d."""

import numpy as np
import pytest
from onnx_models import DOMAIN, Maker, refused_with, same


def conv(m, x, cin, cout, kernel=3, **more):
    given = {} if "auto_pad" in more else {"pads": [kernel // 2] * 2}
    given |= {"kernel_shape": [kernel]} | more
    return m.node("Conv", x, m.weights((cout, cin // more.get("group", 1), kernel), 3), **given)


def levels(m, cin=2):
    x = conv(m, m.quant("image", 8, 1 / 128), cin, 4)
    return m.quant(m.norm(x, 4), 3, 0.4, signed=0)


def scored(m, x, channels=4):
    x = m.node("GlobalAveragePool", conv(m, x, channels, 5, kernel=1))
    return m.node("Squeeze", x, m.const(np.array([2])))


def kernels(m):
    x = conv(m, levels(m), 4, 8, 5, strides=[2], dilations=[2], pads=[3, 1])
    x = m.quant(x, 3, 0.9, signed=0)
    return scored(m, m.quant(conv(m, x, 8, 4, group=4, auto_pad="SAME_UPPER"), 3, 0.9))


def pools(m):
    x = m.node("MaxPool", levels(m), kernel_shape=[3], strides=[2], pads=[1, 1], ceil_mode=1)
    x = m.quant(m.node("AveragePool", x, kernel_shape=[2], strides=[2]), 4, 0.3)
    return scored(m, x)


def mean(m):
    x = m.node("ReduceMean", conv(m, levels(m), 4, 5), axes=[-1], keepdims=0)
    return m.node("Softmax", x, axis=1)


def to_image_and_back(m):
    """As older exporters write Conv1d."""
    x = m.node("Unsqueeze", levels(m), m.const(np.array([2])))
    x = m.quant(m.conv(x, 4, 4, bits=3, pads=[1] * 4), 3, 0.9)
    return scored(m, m.node("Squeeze", x, m.const(np.array([2]))))


def upright(m):
    """Of an image one column is left: its rows are what goes on."""
    weights = m.weights((4, 2, 3, 5), 3)
    x = m.node("Conv", m.quant("image", 8, 1 / 128), weights, pads=[1, 0, 1, 0])
    x = m.node("Squeeze", m.quant(m.norm(x, 4), 3, 0.4), m.const(np.array([3])))
    x = m.node("MaxPool", x, kernel_shape=[3], strides=[2], pads=[1, 0])
    return scored(m, m.quant(conv(m, x, 4, 4, strides=[2]), 3, 0.9))


def dense(m):
    x = m.node("Flatten", levels(m))
    return m.node("MatMul", x, m.weights((48, 5), 3))


def channels_last(m):
    """N,W,C all along; a MatMul works on every place by itself."""
    x = m.node("Transpose", levels(m), perm=[0, 2, 1])
    x = m.node("Add", m.node("MatMul", x, m.weights((4, 6), 3)), m.const(np.arange(6) / 8))
    rows = m.const(np.sort(m.dice.normal(size=(6, 3)), axis=1))
    x = m.node("MultiThreshold", x, rows, domain=DOMAIN, out_dtype="UINT2", data_layout="NWC")
    return scored(m, m.node("Transpose", x, perm=[0, 2, 1]), 6)


def joined(m):
    x = levels(m)
    x = m.node("Concat", x, m.quant(conv(m, x, 4, 4), 3, 0.4, signed=0), axis=-2)
    return scored(m, m.node("Add", x, x), 8)


def transposed(m):
    x = m.node("ConvTranspose", levels(m), m.weights((4, 4, 3), 3), strides=[2], pads=[1, 0])
    return scored(m, m.quant(x, 3, 0.9))


def moved(m):
    """Slices, padding and shuffles of rows."""
    x = m.node("Slice", levels(m), *(m.const(np.array([n])) for n in (1, 11, 2)))
    return scored(m, m.node("Pad", x, m.const(np.array([0, 0, 1, 0, 0, 2]))))


BUILDERS = [
    transposed,
    moved,
    kernels,
    pools,
    mean,
    to_image_and_back,
    dense,
    channels_last,
    joined,
]
CASES = [*((build, (1, 2, 12)) for build in BUILDERS), (upright, (1, 2, 9, 5))]


@pytest.mark.parametrize(("build", "shape"), CASES, ids=lambda v: getattr(v, "__name__", ""))
def test_every_tensor_is_qonnx_s(build, shape, tmp_path):
    m = Maker(shape, 5)
    same(m, build(m), tmp_path)


def test_an_image_with_the_channels_last(tmp_path):
    m = Maker((1, 12, 2), 5)
    x = m.node("Transpose", m.quant("image", 8, 1 / 128), perm=[0, 2, 1])
    assert same(m, scored(m, x, 2), tmp_path).input.shape == (1, 12, 2)


def refused(said, build, shape=(1, 2, 12)):
    return pytest.param(build, shape, said, id=said[:30])


REFUSED = [
    refused("must have weights of 3 axes", lambda m: scored(m, m.conv(levels(m), 4, 4))),
    refused("pads must be two numbers", lambda m: scored(m, m.node(
        "MaxPool", levels(m), kernel_shape=[2], pads=[0] * 4))),
    refused("perm must be [0, 2, 1], to N,W,C",
            lambda m: scored(m, m.node("Transpose", levels(m), perm=[1, 0, 2]))),
    refused("must be over height and width, axes [2] of N,C,W",
            lambda m: m.node("ReduceMean", levels(m), axes=[1])),
]  # fmt: skip


@pytest.mark.parametrize(("build", "shape", "said"), REFUSED)
def test_refused(build, shape, said, tmp_path):
    m = Maker(shape, 5)
    assert said in refused_with(m, build(m), tmp_path)
