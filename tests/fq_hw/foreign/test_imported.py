"""Folding: random networks equal qonnx's own execution, tensor by tensor."""

import numpy as np
import pytest
from networks import least_plan, random_images
from onnx import TensorProto, save
from onnx_models import DOMAIN, Maker
from onnx_nets import NETS, Positive, plain

from fq_hw import golden
from fq_hw.errors import GraphError
from fq_hw.foreign import onnx
from fq_hw.foreign.pixels import PIXELS
from fq_hw.schedule import timing


@pytest.mark.parametrize("pixels", list(PIXELS), ids=lambda p: p.value)
@pytest.mark.parametrize("net", NETS, ids=lambda net: net.__name__)
@pytest.mark.parametrize("seed", [0, 1, pytest.param(2, marks=pytest.mark.slow)])
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
    least_plan(onnx.import_graph(model, "net", onnx.PixelRange.UNIT).graph, 20_000)


def test_features_are_the_pixels_of_grey_images(tmp_path):
    net = next(net for net in NETS if net.__name__ == "row")
    make = Positive(NETS[net], 3)
    model = onnx.read(make.save(tmp_path / "net.onnx", net(make)))
    found = onnx.import_graph(model, "net", onnx.PixelRange.UNIT, (28, 28, 1))
    assert found.graph.input.shape == (28, 28, 1)
    images = random_images((28, 28, 1), 3, 1)
    for image in images:
        rows = onnx.compare(model, found, onnx.PixelRange.UNIT, image)
        assert not [row for row in rows if row.wrong]
    row = onnx.import_graph(model, "net", onnx.PixelRange.UNIT)
    found, row = (
        golden.run(f.graph, images.reshape(-1, *f.graph.input.shape)) for f in (found, row)
    )
    np.testing.assert_array_equal(found["scores"], row["scores"])
    for other in ((28, 27, 1), (14, 14, 4)):
        with pytest.raises(
            GraphError, match="its 784 features must be the pixels of an image of one"
        ):
            onnx.import_graph(model, "net", onnx.PixelRange.UNIT, other)
    make = Maker()
    model = onnx.read(make.save(tmp_path / "net.onnx", make.conv("image", 3, 2)))
    with pytest.raises(GraphError, match=r"is an image \(8, 8, 3\) \(got \(4, 16, 3\)\)"):
        onnx.import_graph(model, "net", onnx.PixelRange.UNIT, (4, 16, 3))


def doubled(make):
    return make.node("Add", "image", "image")


def less_itself(make):
    return make.node("Sub", "image", make.node("Mul", "image", make.const(0.3)))


def beside_itself(make):
    falling = make.node("Mul", "image", make.const(-1.0))
    return make.node("Concat", "image", falling, "image", axis=1)


def largest(make):
    return make.node("MaxPool", "image", kernel_shape=[2, 2], strides=[2, 2])


def smallest(make):
    x = make.node("Mul", "image", make.const(np.array([-1.0, 0.7, -0.3]).reshape(3, 1, 1)))
    return make.node("GlobalMaxPool", x)


@pytest.mark.parametrize("pixels", [onnx.PixelRange.UNIT, onnx.PixelRange.SIGNED])
@pytest.mark.parametrize("way", [doubled, less_itself, beside_itself, largest, smallest])
def test_pixels_are_rounded_in_float32_behind_pools_and_joins(way, pixels, tmp_path):
    """With a step of 2 / 255 many pixels lie on an edge of the quantizer: float32 decides."""
    make = Maker((1, 3, 6, 6), 2)
    x = make.quant(way(make), 8, 2 / 255)
    channels = 9 if way is beside_itself else 3
    x = make.conv(x, channels, 4, kernel=1, bits=3, pads=[0] * 4)
    scores = make.node("GlobalAveragePool", x)
    model = onnx.read(make.save(tmp_path / "net.onnx", scores))
    found = onnx.import_graph(model, "net", pixels)
    images = np.arange(6 * 108).reshape(6, 6, 6, 3).astype(np.uint8)
    for image in images:
        rows = list(onnx.compare(model, found, pixels, image))
        assert not [row for row in rows if row.wrong or row.ties and row.tensor != "class"]
    timing.simulate(least_plan(found.graph, 400))  # which would stand still


def scaled(make, x):
    return make.node("Mul", x, make.const(0.7)), 4


def falling(make, x):
    x = make.node("Sub", make.const(0.05), make.node("Div", x, make.const(2.0)))
    return make.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), 4


def joined(make, x):
    return make.node("Concat", x, make.node("Add", x, x), axis=1), 8


def normed(make, x):
    parts = ([1.0, -0.5, 0.0, 0.25], [0.1, 0.35, 0.7, 0.2], [0.05, 0.0, 0.2, 0.1], [1, 4, 2, 0.25])
    return make.node("BatchNormalization", x, *map(make.const, parts), epsilon=0.0), 4


@pytest.mark.parametrize("mode", ["ROUND", "FLOOR", "HALF_UP"])
@pytest.mark.parametrize("steps", [(0.7, 0.2), (0.1, 0.2), (0.35, 0.1)])
@pytest.mark.parametrize("way", [scaled, falling, joined, normed])
def test_levels_are_rounded_in_float32_behind_levels(way, steps, mode, tmp_path):
    """Level 5 of 0.7 is 17.5 steps of 0.2 in float32, a tie, but less in exact numbers."""
    make = Maker((1, 3, 6, 6), 2)
    x = make.norm(make.conv(make.quant("image", 8, 1 / 128), 3, 4, kernel=1, pads=[0] * 4), 4)
    x, channels = way(make, make.quant(x, 4, steps[0]))
    x = make.quant(x, 5, steps[1], rounding_mode=mode)
    x = make.conv(x, channels, 4, kernel=1, bits=3, pads=[0] * 4)
    file = make.save(tmp_path / "net.onnx", make.node("GlobalAveragePool", x))
    model = onnx.read(file)
    found = onnx.import_graph(model, "net", onnx.PixelRange.UNIT)
    for image in random_images((6, 6, 3), 4, 1):
        rows = list(onnx.compare(model, found, onnx.PixelRange.UNIT, image))
        assert not [row for row in rows if row.wrong or row.ties and row.tensor != "class"]


def test_a_class_that_is_not_the_output_is_not_the_model_s_answer(tmp_path):
    """A dead branch ranks what it made of the scores; the model ends in the scores themselves."""
    make = Maker()
    x = make.quant("image", 8, 1 / 128)
    scores = make.node("GlobalAveragePool", make.conv(x, 3, 4, kernel=1, pads=[0] * 4))
    falls = make.node("Flatten", make.node("Mul", scores, make.const(-1.0)))
    make.node("ArgMax", falls, axis=1)
    model = make.model(scores)
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT
    save(model, tmp_path / "net.onnx")
    model = onnx.read(tmp_path / "net.onnx")
    assert model.graph.node[-1].op_type == "ArgMax"
    found = onnx.import_graph(model, "net", onnx.PixelRange.UNIT)
    for image in random_images(found.graph.input.shape, 4, 1):
        rows = onnx.compare(model, found, onnx.PixelRange.UNIT, image)
        assert not [row for row in rows if row.wrong]


def test_a_difference_is_named(tmp_path):
    make = Positive(NETS[plain], 1)
    model = onnx.read(make.save(tmp_path / "net.onnx", plain(make)))
    found = onnx.import_graph(model, "net", onnx.PixelRange.UNIT)
    image = random_images(found.graph.input.shape, 5, 1)[4]
    other = [row for row in onnx.compare(model, found, onnx.PixelRange.BYTE, image) if row.wrong]
    assert other and other[0].tensor == "Quant_0_out0"
    place = other[0].place
    assert len(place) == 4 and other[0].reference != other[0].found


REFUSED = {
    "groups": (lambda m: m.conv(m.quant("image", 8), 1, 3, group=2), "group must divide 3"),
    "float weights": (
        lambda m: m.node("Conv", "image", m.const(np.full((2, 3, 3, 3), 0.5)), pads=[1] * 4),
        "weights must be quantized",
    ),
    "not quantized": (
        lambda m: m.conv(m.conv("image", 3, 4), 4, 2),
        "input must be quantized; put a Quant node before it",
    ),
    "scale per row of an activation": (
        lambda m: m.quant("image", 4, np.full((1, 1, 8, 1), 0.1)),
        "a constant must be one number or one for each of 3 channels",
    ),
    "scale per input channel": (
        lambda m: m.conv("image", 3, 2, scale=np.linspace(0.1, 0.3, 3).reshape(1, 3, 1, 1)),
        "weights need one scale for each output channel",
    ),
    "zero point of weights": (
        lambda m: m.node("Conv", "image", m.quant(m.const(np.ones((2, 3, 1, 1))), 4, 0.1, 0.5)),
        "zero points of weights must be integers",
    ),
    "sum of other scales": (
        lambda m: m.node("Add", m.quant(m.conv("image", 3, 3), 4, 0.25),
                         m.conv(m.quant("image", 4, 0.3), 3, 3)),
        "both inputs need one scale for all channels, the same or a power of two apart",
    ),
    "padding with no level": (
        lambda m: m.conv(m.quant("image", 2, 0.5, zero=0.3, signed=0), 3, 2),
        "padding is with 0, which must be a level",
    ),
    "pads of a kernel": (
        lambda m: m.node("MaxPool", "image", kernel_shape=[3, 3], pads=[0, 0, 3, 3]),
        "pads must be less",
    ),
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
    "cosine": (lambda m: m.node("Cos", "image"), "is not supported; supported are Abs, Add, Arg"),
    "average of a tanh": (
        lambda m: m.node("GlobalAveragePool", m.node("Tanh", m.conv("image", 3, 2))),
        "a quantizer must stand between a function that is no line and what follows it",
    ),
    "maximum of what turns around": (
        lambda m: m.node("GlobalMaxPool", m.node("Abs", m.conv("image", 3, 2))),
        "a quantizer must stand between a function that turns around and a maximum",
    ),
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
        onnx.import_graph(model, "net", onnx.PixelRange.UNIT)
    assert refused[0].why in str(caught.value) and "\n" not in str(caught.value)
