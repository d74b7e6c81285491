"""Folding: random networks equal qonnx's own execution, tensor by tensor."""

import numpy as np
import pytest
from networks import least_plan, random_images
from onnx_models import DOMAIN, Maker

from fq_hw import golden
from fq_hw.errors import GraphError
from fq_hw.foreign import onnx


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


NETS = {
    falling: (1, 3, 8, 8), from_image: (1, 3, 6, 6),
    features: (1, 12), row: (1, 784), borders: (1, 3, 6, 6), settling: (1, 3, 6, 6),
    twice: (1, 3, 5, 5),
    clamps: (1, 3, 6, 6),
    qcdq: (1, 3, 8, 8),
    inception: (1, 3, 6, 8),
    plain: (1, 3, 8, 8), residual: (1, 3, 6, 6), thresholds: (1, 3, 8, 8), binary: (1, 8, 8, 3),
}  # fmt: skip


class Positive(Maker):
    def conv_to(self, x, channels):
        """A convolution of one scale, as joins need it."""
        return self.quant(self.conv(x, channels, channels), 5, 0.5)

    def norm_up(self, x, channels):
        """An affine step of positive gain."""
        gain = self.const(self.dice.uniform(0.5, 2, (1, channels, 1, 1)))
        return self.node("Mul", x, gain)


@pytest.mark.parametrize("pixels", list(onnx.PixelRange), ids=lambda p: p.value)
@pytest.mark.parametrize("net", NETS, ids=lambda net: net.__name__)
@pytest.mark.parametrize("seed", range(3))
def test_every_value_is_qonnx_s(net, seed, pixels, tmp_path):
    make = Positive(NETS[net], seed)
    model = onnx.read(make.save(tmp_path / "net.onnx", net(make)))
    judged = onnx.judge(model, "net", pixels)
    assert all(line.supported for line in judged.lines), judged.lines
    found = judged.imported
    images = random_images(found.graph.input.shape, 6, seed)
    for image in images:
        rows = list(onnx.compare(model, found, pixels, image))
        assert not any(row.wrong for row in rows), [row for row in rows if row.wrong]
        assert {row.tensor for row in rows} >= {"class", found.ranked}
    before, after = (golden.run(graph, images) for graph in (found.whole, found.graph))
    np.testing.assert_array_equal(before["scores"], after["scores"])


@pytest.mark.parametrize("net", NETS, ids=lambda net: net.__name__)
def test_hardware_takes_what_folds(net, tmp_path):
    make = Positive(NETS[net], 1)
    model = onnx.read(make.save(tmp_path / "net.onnx", net(make)))
    least_plan(onnx.fold(model, "net", onnx.PixelRange.UNIT).graph, 20_000)


def test_a_difference_is_named(tmp_path):
    make = Positive(NETS[plain], 1)
    model = onnx.read(make.save(tmp_path / "net.onnx", plain(make)))
    found = onnx.fold(model, "net", onnx.PixelRange.UNIT)
    image = random_images(found.graph.input.shape, 5, 1)[4]
    other = [row for row in onnx.compare(model, found, onnx.PixelRange.BYTE, image) if row.wrong]
    assert other and other[0].tensor == "Quant_0_out0"
    place = other[0].place
    assert len(place) == 4 and other[0].reference != other[0].found


REFUSED = {
    "depthwise": (lambda m: m.conv(m.quant("image", 8), 1, 3, group=3), "group must be 1"),
    "float weights": (
        lambda m: m.node("Conv", "image", m.const(np.ones((2, 3, 3, 3))), pads=[1] * 4),
        "weights must be quantized",
    ),
    "not quantized": (
        lambda m: m.conv(m.conv("image", 3, 4), 4, 2),
        "input must be quantized; put a Quant node before it",
    ),
    "scale per channel of an activation": (
        lambda m: m.quant("image", 4, np.ones((1, 3, 1, 1)) * [[[[0.1]], [[0.2]], [[0.3]]]][0]),
        "an activation needs one scale and one zero point for the whole tensor",
    ),
    "scale per input channel": (
        lambda m: m.conv("image", 3, 2, scale=np.linspace(0.1, 0.3, 3).reshape(1, 3, 1, 1)),
        "weights need one scale for each output channel",
    ),
    "zero point of weights": (
        lambda m: m.node("Conv", "image", m.quant(m.const(np.ones((2, 3, 1, 1))), 4, 0.1, 1.0)),
        "weights need zero point 0",
    ),
    "sum of other scales": (
        lambda m: m.node("Add", m.quant(m.conv("image", 3, 3), 4, 0.25),
                         m.quant(m.conv("image", 3, 3), 4, 0.75)),
        "both inputs need one scale for all channels, the same or a power of two apart",
    ),
    "overlapping windows": (
        lambda m: m.node("MaxPool", m.quant("image", 2), kernel_shape=[3, 3], strides=[2, 2]),
        "windows must lie side by side",
    ),
    "padding with no level": (
        lambda m: m.conv(m.quant("image", 2, 0.5, zero=0.3, signed=0), 3, 2),
        "padding is with 0, which must be a level",
    ),
    "pads on one side": (lambda m: m.conv("image", 3, 2, pads=[0, 0, 1, 1]), "pads must be equal"),
    "dilations": (lambda m: m.conv("image", 3, 2, dilations=[2, 2]), "dilations must be 1"),
    "negative scale": (lambda m: m.quant("image", 4, -0.1), "scale must be positive"),
    "half a bit": (lambda m: m.quant("image", 2.5), "bit width must be a whole number in 1..8"),
    "wide": (lambda m: m.quant("image", 16), "bit width must be a whole number in 1..8"),
    "rounding": (
        lambda m: m.quant("image", 4, rounding_mode="ROUND_TO_ZERO"),
        "rounding_mode must be one of",
    ),
    "softmax": (
        lambda m: m.node("Softmax", m.conv("image", 3, 2), axis=1),
        "this node is supported at the end of a model, where it keeps the ranking",
    ),
    "tanh": (lambda m: m.node("Tanh", "image"), "is not supported; supported are Add, ArgMax"),
    "divide by 0": (lambda m: m.node("Div", "image", m.const(0.0)), "must not divide by 0"),
    "thresholds fall": (
        lambda m: m.node("MultiThreshold", "image", m.const([[2.0, 1.0]]), domain=DOMAIN,
                         out_dtype="INT2"),
        "thresholds must ascend",
    ),
    "average of a Relu": (
        lambda m: m.node("GlobalAveragePool", m.node("Relu", m.conv("image", 3, 2))),
        "a quantizer must stand between a Relu or Clip and what follows it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case, tmp_path):
    build, message = REFUSED[case]
    make = Maker()
    model = onnx.read(make.save(tmp_path / "net.onnx", build(make)))
    judged = onnx.judge(model, "net", onnx.PixelRange.UNIT)
    refused = [line for line in judged.lines if not line.supported]
    assert refused and message in refused[0].why
    with pytest.raises(GraphError, match=r"^node '\w+' \(\w+\): ") as caught:
        onnx.fold(model, "net", onnx.PixelRange.UNIT)
    assert refused[0].why in str(caught.value) and "\n" not in str(caught.value)
