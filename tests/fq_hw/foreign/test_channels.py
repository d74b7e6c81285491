"""Scales for each channel of an activation: before depthwise layers, pools, thresholds."""

import numpy as np
import pytest
from onnx_models import DOMAIN, Maker, same

SCALES = np.array([0.11, 0.23, 0.31, 0.47])
SHAPE = (1, 4, 1, 1)


def depthwise(m, x):
    return m.node("Conv", x, m.weights((8, 1, 3, 3), 3), group=4, pads=[1] * 4)


def scored(m, x):
    return m.scores(m.quant(depthwise(m, x), 3, 0.9, signed=0), 8)


def quant(m, x, **more):
    return m.quant(x, 3, SCALES.reshape(SHAPE), **more)


def unsigned(m, x):
    return quant(m, x, signed=0)


def zeros(m, x):
    """Only the scales differ; one zero point serves all, for padding needs one level of 0."""
    return m.quant(x, 4, SCALES.reshape(SHAPE), np.full(SHAPE, 3.0), signed=0)


def bipolar(m, x):
    return m.quant(x, 1, SCALES.reshape(SHAPE), signed=1)


def linear(m, x):
    parts = m.const(SCALES), m.const(np.full(4, 3, np.uint8))
    x = m.node("QuantizeLinear", x, *parts, axis=1)
    return m.node("DequantizeLinear", x, *parts, axis=1)


def again(m, x):
    """Levels of levels: float32 decides."""
    return m.quant(quant(m, x), 2, SCALES[::-1].reshape(SHAPE) * 2)


@pytest.mark.parametrize("way", [quant, unsigned, zeros, bipolar, linear, again])
def test_before_a_depthwise_layer(way, tmp_path):
    m = Maker()
    x = m.conv(m.quant("image", 8, 1 / 128), 3, 4)
    same(m, scored(m, way(m, m.norm(x, 4))), tmp_path)


@pytest.mark.parametrize("way", [quant, linear])
def test_of_the_image(way, tmp_path):
    m = Maker((1, 4, 6, 6))
    same(m, scored(m, way(m, "image")), tmp_path)


def test_channels_last(tmp_path):
    """qonnx's own domain for it."""
    m = Maker((1, 8, 8, 3))
    last = {"domain": DOMAIN.replace("general", "channels_last")}
    x = m.node("Conv", m.quant("image", 8, 1 / 128), m.weights((4, 3, 3, 3), 3), pads=[1] * 4,
               kernel_shape=[3, 3], **last)  # fmt: skip
    parts = (m.const(v) for v in (np.ones(4), np.arange(4) / 8, np.ones(4) / 3, np.arange(4) + 1.0))
    x = m.node("BatchNormalization", x, *parts, **last)
    x = m.quant(x, 3, SCALES.reshape(1, 1, 1, 4))
    x = m.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2], **last)
    x = m.node("Conv", x, m.weights((4, 3, 3, 1), 3), group=4, kernel_shape=[3, 3], **last)
    x = m.node("MatMul", m.node("Flatten", m.quant(x, 3, 0.5)), m.weights((16, 5), 3))
    same(m, x, tmp_path)


def test_rows_with_the_channels_last(tmp_path):
    m = Maker((1, 12, 3))
    last = {"domain": DOMAIN.replace("general", "channels_last")}
    x = m.node("Conv", m.quant("image", 8, 1 / 128), m.weights((4, 3, 3), 3), kernel_shape=[3],
               **last)  # fmt: skip
    parts = (m.const(v) for v in (np.ones(4), np.arange(4) / 8, np.ones(4) / 3, np.arange(4) + 1.0))
    x = m.quant(m.node("BatchNormalization", x, *parts, **last), 3, 0.5)
    same(m, m.node("MatMul", m.node("Flatten", x), m.weights((40, 5), 3)), tmp_path)
