"""Random networks of every supported kind of node."""

from __future__ import annotations

import numpy as np
from onnx_models import DOMAIN, Maker

__all__ = ["NETS", "Positive", "plain"]


def plain(make):
    """Norms of any sign, Relu and Quant, a max pool, a dense layer with a bias."""
    x = make.quant("image", 8, 1 / 128)
    x = make.norm(make.conv(x, 3, 6), 6)
    x = make.quant(make.node("Relu", x), 2, 0.7, signed=0)
    x = make.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = make.norm(make.conv(x, 6, 5, bits=2, strides=[2, 2]), 5)
    x = make.quant(x, 3, 0.4)
    x = make.node("Flatten", x)
    weights = make.weights((7, 20), bits=3, scale=0.125)
    return make.node("Gemm", x, weights, make.const(make.dice.normal(size=7)), transB=1)


def residual(make):
    """A sum of two branches through quantizers of one scale; an average; scales per channel."""
    x = make.quant("image", 8, 1 / 128)
    x = make.quant(make.conv(x, 3, 4), 2, 0.3, signed=0)
    y = make.conv(x, 4, 4, bits=4, scale=make.dice.uniform(0.1, 0.3, (4, 1, 1, 1)))
    y = make.quant(make.norm(y, 4), 4, 0.25)
    x = make.node("Add", y, make.quant(x, 4, 0.25))
    x = make.quant(make.node("Relu", x), 2, 0.9, signed=0)
    x = make.conv(x, 4, 5, kernel=1, pads=[0] * 4)
    x = make.node("GlobalAveragePool", make.norm_up(x, 5))
    return make.node("ArgMax", make.node("Flatten", x), axis=1)


def thresholds(make):
    """MultiThreshold on the image and inside, zero points, floors and ceilings, a mean."""
    edges = np.sort(make.dice.uniform(0, 1, (3, 3)), axis=1)
    x = make.node("MultiThreshold", "image", make.const(edges), domain=DOMAIN, out_scale=0.5,
                  out_bias=-0.5, out_dtype="INT2")  # fmt: skip
    x = make.conv(x, 3, 4)
    edges = np.sort(make.dice.normal(size=(4, 6)), axis=1)
    x = make.node("MultiThreshold", x, make.const(edges), domain=DOMAIN, out_scale=1.0,
                  out_dtype="UINT3")  # fmt: skip
    x = make.norm(make.conv(x, 4, 4, kernel=5), 4)  # a norm: no sum lies on the edge of a level
    x = make.quant(x, 4, 0.3, zero=5.0, signed=0, rounding_mode="FLOOR")
    x = make.norm(make.conv(x, 4, 4), 4)
    x = make.quant(x, 2, 0.8, narrow=1, rounding_mode="CEIL")
    x = make.node("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = make.node("Mul", make.conv(x, 4, 3, pads=[0] * 4), make.const(0.25))
    return make.node("ReduceMean", x, axes=[2, 3], keepdims=0)


def binary(make):
    """Activations of one bit, pixels without a quantizer, an image with the channels last."""
    x = make.node("Transpose", "image", perm=[0, 3, 1, 2])
    x = make.norm(make.conv(x, 3, 4, scale=0.07, pads=[0] * 4), 4)
    x = make.node("BipolarQuant", x, make.const(0.5), domain=DOMAIN)
    x = make.conv(x, 4, 4, pads=[0] * 4)
    x = make.quant(make.node("Sub", x, make.const(0.3)), 1, 1.0)
    x = make.conv(x, 4, 6, kernel=2, pads=[0] * 4, strides=[2, 2])
    x = make.node("Div", make.node("Transpose", x, perm=[0, 2, 3, 1]), make.const(2.0))
    x = make.quant(x, 3, 0.5, signed=0)
    x = make.node("Reshape", x, make.const(np.array([1, -1])))
    return make.node("MatMul", x, make.weights((24, 4), bits=1))


def qcdq(make):
    """Pairs of QuantizeLinear and DequantizeLinear; weights stored as bytes."""
    x = make.qcdq("image", 1 / 128)
    x = make.node(
        "Conv", x, make.bytes((4, 3, 3, 3), 4, make.dice.uniform(0.1, 0.3, 4)), pads=[1] * 4
    )
    x = make.qcdq(make.node("Relu", make.norm(x, 4)), 0.02, np.uint8)
    x = make.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = make.node("Conv", x, make.bytes((5, 4, 4, 4), 3, 0.125))
    return make.node("Flatten", x)


def inception(make):
    """Three branches joined, the last of them the one that comes first."""
    x = make.quant(make.norm(make.conv(make.quant("image", 8, 1 / 128), 3, 4), 4), 2, 0.5, signed=0)
    y = make.quant(make.norm(make.conv(x, 4, 3), 3), 2, 0.5, signed=0)
    z = make.quant(make.norm(make.conv(y, 3, 2, kernel=5), 2), 2, 0.5, signed=0)
    x = make.node("Concat", x, z, y, axis=1)
    x = make.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    return make.node("GlobalAveragePool", make.conv(x, 9, 5, kernel=1, pads=[0] * 4))


def clamps(make):
    """Clips within a quantizer's range and beyond it, scaled by gains of either sign."""
    x = make.norm(make.conv(make.quant("image", 8, 1 / 128), 3, 6), 6)
    x = make.node("Clip", x, make.const(-0.35), make.const(0.52))
    x = make.norm(x, 6)
    x = make.quant(make.node("Clip", x, "", make.const(0.9)), 4, 0.2)
    x = make.norm(make.conv(x, 6, 5, bits=2), 5)
    x = make.node("Clip", make.node("Relu", x), make.const(0.0), make.const(1.6))
    x = make.quant(x, 3, 0.3, signed=0)
    return make.node("GlobalAveragePool", make.conv(x, 5, 5, kernel=1, pads=[0] * 4))


def features(make):
    """No image but 12 features, scaled each by its own constants; Sign, and Softmax at the end."""
    x = make.node("Sub", "image", make.const(make.dice.uniform(0.3, 0.6, (1, 12))))
    x = make.quant(make.node("Mul", x, make.const(make.dice.uniform(1, 5, 12))), 3, 0.25)
    x = make.node("MatMul", x, make.weights((12, 8), bits=2, scale=make.dice.uniform(0.1, 0.3, 8)))
    x = make.node("Sign", make.node("Add", x, make.const(make.dice.normal(size=8))))
    x = make.node("Gemm", x, make.weights((8, 4), bits=3), alpha=0.5)
    return make.node("Softmax", x)


def row(make):
    """784 features: a row of one colour."""
    x = make.quant("image", 2, 0.3, signed=0)
    x = make.node("MatMul", x, make.weights((784, 8)))
    x = make.node("BipolarQuant", make.norm(x, 8), make.const(1.0), domain=DOMAIN)
    return make.node("LogSoftmax", make.node("MatMul", x, make.weights((8, 3))), axis=1)


def borders(make):
    """Padding around levels that have no zero: -1 and +1, halves, and all above 0."""
    x = make.node("BipolarQuant", make.node("Sub", "image", make.const(0.5)), make.const(1.0),
                  domain=DOMAIN)  # fmt: skip
    x = make.node("BipolarQuant", make.conv(x, 3, 4), make.const(0.5), domain=DOMAIN)
    x = make.quant(make.norm(make.conv(x, 4, 4), 4), 2, 0.5, zero=-2.0, signed=0)
    x = make.quant(make.norm(make.conv(x, 4, 4), 4), 3, 0.25, zero=0.5)
    return make.node("GlobalAveragePool", make.conv(x, 4, 3))


def settling(make):
    """Relus and clips behind quantizers, and what reads them: sums, averages, joins, pools."""
    x = make.quant(make.norm(make.conv(make.quant("image", 8, 1 / 128), 3, 4), 4), 4, 0.25)
    y = make.quant(make.norm(make.conv(make.node("Relu", x), 4, 4), 4), 4, 0.25)
    y = make.node("Clip", y, make.const(-0.5), make.const(1.25))
    x = make.node("Add", make.conv_to(y, 4), make.conv_to(make.node("Relu", x), 4))
    x = make.node("Relu", make.quant(x, 3, 0.5, signed=0))  # which changes nothing
    x = make.node("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
    return make.node("GlobalAveragePool", make.conv(make.quant(x, 4, 0.25), 4, 3, kernel=1,
                                                    pads=[0] * 4))  # fmt: skip


def twice(make):
    """One tensor read twice by a sum, a difference and itself in a third scale."""
    x = make.quant(make.norm(make.conv(make.quant("image", 8, 1 / 128), 3, 4), 4), 3, 0.25)
    x = make.node("Add", x, x)
    x = make.node("Sub", x, make.node("Mul", x, make.const(0.25)))
    x = make.quant(x, 4, 0.5)
    return make.node("GlobalAveragePool", make.conv(x, 4, 3))


def falling(make):
    """Negative factors before maxima, sums and scores; differences; units a power of two apart."""
    image = make.quant("image", 8, 1 / 128)
    x = make.node("MaxPool", make.norm(make.conv(image, 3, 4), 4), kernel_shape=[2, 2],
                  strides=[2, 2])  # fmt: skip
    x = make.quant(x, 3, 0.25)
    y = make.quant(make.conv(x, 4, 4), 4, 0.5)
    x = make.node("Sub", make.node("Mul", x, make.const(-0.5)), y)
    z = make.node("Mul", make.conv(make.quant(x, 3, 0.5), 4, 4, bits=2, scale=0.25), make.const(-1))
    x = make.quant(make.node("Add", z, make.quant(x, 3, 0.25)), 3, 0.5)
    x = make.node("GlobalMaxPool", make.node("Mul", x, make.const(-1.0)))
    x = make.node("Flatten", make.conv(x, 4, 4, kernel=1, pads=[0] * 4))
    return make.node("Mul", x, make.const(make.dice.choice([-1.0, 0.5, 0.0], 4)))


def from_image(make):
    """Sums of the image itself, of its levels and of an average."""
    x = make.quant("image", 8, 2**-8, signed=0)
    y = make.quant(make.conv(x, 3, 3), 4, 2**-4, signed=0)
    x = make.node("Add", x, y)
    z = make.quant("image", 2, 2**-2, signed=0)
    x = make.quant(make.node("Add", z, x), 4, 2**-3, signed=0)
    x = make.node("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
    y = make.quant(make.conv(make.quant(x, 3, 0.25), 3, 3), 3, 2**-5)
    return make.node("GlobalAveragePool", make.node("Add", x, y))


def exported(make):
    """As exporters write it: narrow codes behind a Clip, a computed shape, biases of int32."""
    parts = make.const(1 / 128), make.const(np.int8(0))
    x = make.node("DequantizeLinear", make.node("QuantizeLinear", "image", *parts), *parts)
    real = make.const(make.dice.normal(size=(4, 3, 3, 3)))
    scales = make.const(np.full(4, 0.25)), make.const(np.zeros(4, np.int8))
    codes = make.node("QuantizeLinear", real, *scales, axis=0)
    codes = make.node("Clip", codes, make.const(np.int8(-3)), make.const(np.int8(3)))
    bias = make.const(make.dice.integers(-(2**18), 2**18, 4).astype(np.int32))
    bias = make.node("DequantizeLinear", bias, make.const(2.0**-19))
    x = make.node("Conv", x, make.node("DequantizeLinear", codes, *scales, axis=0), bias)
    parts = make.const(0.25), make.const(np.uint8(3))
    x = make.node("QuantizeLinear", x, *parts)
    x = make.node("Clip", x, make.const(np.uint8(0)), make.const(np.uint8(14)))
    x = make.node("MaxPool", make.node("DequantizeLinear", x, *parts), kernel_shape=[2, 2],
                  strides=[2, 2])  # fmt: skip
    size = make.node("Gather", make.node("Shape", x), make.const(np.array([0])), axis=0)
    shape = make.node("Concat", size, make.const(np.array([-1])), axis=0)
    x = make.node("Reshape", x, shape)
    weights = make.node("DequantizeLinear", make.const(make.dice.integers(-7, 8, (16, 3)).astype(
        np.int8)), make.const(0.125))  # fmt: skip
    x = make.node("MatMul", x, weights)
    x = make.node("Cast", make.node("ArgMax", make.node("Sigmoid", x), axis=-1), to=6)
    return make.node("Identity", x)


NETS = {  # with the shape of their image
    exported: (1, 3, 6, 6),
    falling: (1, 3, 8, 8), from_image: (1, 3, 6, 6),
    features: (1, 12), row: (1, 784), borders: (1, 3, 6, 6), settling: (1, 3, 6, 6),
    twice: (1, 3, 5, 5),
    clamps: (1, 3, 6, 6),
    qcdq: (1, 3, 8, 8),
    inception: (1, 3, 6, 8),
    plain: (1, 3, 8, 8), residual: (1, 3, 6, 6), thresholds: (1, 3, 8, 8), binary: (1, 8, 8, 3),
}  # fmt: skip


class Positive(Maker):
    """With two more pieces."""

    def conv_to(self, x, channels):
        """A convolution of one scale, as joins need it."""
        return self.quant(self.conv(x, channels, channels), 5, 0.5)

    def norm_up(self, x, channels):
        """An affine step of positive gain."""
        gain = self.const(self.dice.uniform(0.5, 2, (1, channels, 1, 1)))
        return self.node("Mul", x, gain)
