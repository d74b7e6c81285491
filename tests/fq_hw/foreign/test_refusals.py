"""What no file may end in is a traceback: each of these is refused in one line, by name."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_builders import flat, levels
from onnx_models import DOMAIN, Maker

from fq_hw.errors import FqHwError
from fq_hw.foreign.onnx import PixelRange, import_graph, read


def poisoned(index, value=np.nan):
    """A constant with NaN or infinity in it."""

    def build(m):
        x = m.conv(levels(m), 4, 4, kernel=1, bits=2)
        rows = m.const(np.sort(m.dice.normal(size=(4, 3)), axis=1))
        x = m.node("MultiThreshold", m.norm(x, 4), rows, domain=DOMAIN, out_dtype="UINT2")
        x = m.node("Flatten", m.node("GlobalAveragePool", x))
        out = m.node("Gemm", x, m.weights((3, 4)), m.const(np.zeros(3)), transB=1)
        tensor = m.tensors[index]
        array = numpy_helper.to_array(tensor).copy()
        array.reshape(-1)[-1] = value
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
        return out

    return build


def after(kind, *inputs, **attributes):
    """A node on levels N,F, then a dense layer."""

    def build(m):
        more = [m.const(value) for value in inputs]
        x = m.node(kind, flat(m), *more, **attributes)
        return m.node("MatMul", x, m.weights((4, 3)))

    return build


def typed(kind, dtype, *shapes):
    """A node with constants of another type than its input's."""

    def build(m):
        names = []
        for number, shape in enumerate(shapes):
            names.append(f"other_{number}")
            m.tensors.append(numpy_helper.from_array(np.ones(shape, dtype), names[-1]))
        return m.scores(m.quant(m.node(kind, levels(m), *names), 2, 0.5), 4)

    return build


def text(m):
    m.tensors.append(numpy_helper.from_array(np.array([b"x"], object), "words"))
    return m.node("Add", levels(m), "words")


def branch(m):
    x = levels(m)
    inner = helper.make_graph(
        [helper.make_node("Identity", [x], ["inner"])], "inner", [],
        [helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)],
    )  # fmt: skip
    m.tensors.append(numpy_helper.from_array(np.array(True), "yes"))
    return m.node("If", "yes", then_branch=inner, else_branch=inner)


def again(m):
    out = m.scores(levels(m), 4)
    m.nodes.append(helper.make_node("Relu", [m.nodes[0].output[0]], [out]))
    return out


def values_of_top_k(m):
    m.node("TopK", flat(m), m.const(np.array([1])), before=1)
    return m.nodes[-1].output[0]


def behind_class(m):
    x = m.node("ArgMax", flat(m), axis=1)
    return m.node("Add", x, x)


def lonely(m):
    return m.node("MatMul", flat(m), m.weights((4, 1)))


def swapped(m):
    x = m.node("GlobalAveragePool", m.conv(levels(m), 4, 4, kernel=1))
    return m.node("MatMul", m.weights((3, 1)), m.node("Flatten", x))


def half(m):
    parts = m.const(0.1), m.const(np.uint8(3))
    return m.scores(m.node("QuantizeLinear", m.conv(levels(m), 4, 4), *parts), 4)


def half_shaped(m):
    parts = m.const(0.1), m.const(np.uint8(3))
    return m.node("Flatten", m.node("QuantizeLinear", levels(m), *parts))


def unread(m):
    return m.node("DequantizeLinear", flat(m), m.const(0.1))


def flat_weights(m):
    return m.node("Gemm", flat(m), m.quant(m.const(np.ones(4)), 3))


def cubic(m):
    return m.node("Conv", levels(m), m.weights((2, 4, 1, 1, 1)))


def grouped(m):
    return m.node("Conv", levels(m), m.weights((4, 2, 3, 3)), group=4)


def zero_point(m):
    return m.node("Conv", levels(m), m.quant(m.const(np.ones((2, 4, 1, 1))), 4, 0.1, 0.5))


def wide_weights(m):
    return m.node("Conv", levels(m), m.quant(m.const(np.ones((2, 4, 1, 1))), 16, 0.1))


def nothing(m):
    return m.node("Conv", levels(m), m.quant(m.const(np.zeros((2, 4, 1, 1))), 4, 0.1))


def product(m):
    x = levels(m)
    return m.scores(m.node("Mul", x, m.quant(m.conv(x, 4, 4), 3)), 4)


def constant_out(m):
    levels(m)
    return m.quant(m.const(np.ones((1, 3))), 4)


def falls(m):
    return m.scores(m.node("Clip", m.conv(levels(m), 4, 4), m.const(1.0), m.const(0.5)), 4)


CASES = {
    "NaN in a scale": (poisoned(4), "constant 'const_4' must hold finite numbers"),
    "NaN in a weight": (poisoned(3), "constant 'const_3' must hold finite numbers"),
    "NaN in a norm": (poisoned(6), "constant 'const_6' must hold finite numbers"),
    "infinity in a threshold": (poisoned(16, np.inf), "constant 'const_16' must hold finite"),
    "NaN in a bias": (poisoned(-1), "must hold finite numbers, but has NaN or infinity in it"),
    "text": (text, "constant 'words' must be of a type of numbers that is supported (got"),
    "a branch": (branch, "(If) holds a graph of its own, which has no hardware"),
    "a tensor made twice": (again, "must not make a tensor that is there already"),
    "two axes too few": (flat_weights, "weights must be a matrix (got (4,))"),
    "strides of 0": (
        lambda m: m.node("Conv", levels(m), m.weights((2, 4, 3, 3)), auto_pad="SAME_LOWER",
                         strides=[0, 0]),
        "attribute strides must hold numbers above 0 (got [0, 0])",
    ),
    "an axis too many": (cubic, "must be of one or two dimensions: weights of 3 or 4 axes (got 5)"),
    "double": (typed("BatchNormalization", np.float64, *[(4,)] * 4), "input 1 must be of type"),
    "integers": (typed("Mul", np.int64, (1,)), "(Mul): input 1 must be of type tensor(float)"),
    "no scale": (lambda m: m.node("Quant", flat(m), domain=DOMAIN, signed=1, narrow=0),
                 "(Quant): input 1 is missing"),
    "empty": (typed("Add", np.float32, (0,)), ""),
    "values of TopK": (values_of_top_k, "(TopK): output 0 is not supported"),
    "behind the class": (behind_class, "(Add): cannot stand behind ArgMax"),
    "softmax inside": (after("Softmax", axis=1), "(MatMul): cannot stand behind Softmax"),
    "one score": (lonely, "must be at least two scores: one alone has no largest"),
    "a constant as output": (constant_out, "must be computed from the image"),
    "weights first": (swapped, "(MatMul): input 0 must come from the image, not be a constant"),
    "half a quantizer": (half, "(Conv): input 0 must be of type"),
    "half, and a shape": (half_shaped, "cannot stand behind QuantizeLinear without Dequantize"),
    "other half": (unread, "(DequantizeLinear): input 0 must be of type"),
    "groups": (grouped, "weights must be for 4 channels, in 4 groups"),
    "zero point of weights": (zero_point, "(Conv): zero points of weights must be integers (got"),
    "16 bits": (wide_weights, "(Conv): bit width of weights must be a whole number in 1..8 (got"),
    "weights of 0": (nothing, "(Conv): weights must be in -32768..32768, and not all 0"),
    "product": (product, "a product of two computed tensors has no hardware"),
    "clip of nothing": (falls, "(Clip): min must not be above max (got (1.0, 0.5))"),
    "unknown kind": (after("Cos"), "(Cos): is not supported; supported are Abs, Add, ArgMax"),
    "another domain": (after("Relu", domain="com.microsoft"), ""),
    "no axis": (after("Unsqueeze"), ""),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_refused_in_one_line(case, tmp_path):
    build, message = CASES[case]
    make = Maker()
    path = make.save(tmp_path / "net.onnx", build(make))
    with pytest.raises(FqHwError) as caught:
        import_graph(read(path), "net", PixelRange.UNIT)
    said = str(caught.value)
    assert message in said and "\n" not in said


def test_old_opsets_and_other_types(tmp_path):
    for change, message in (
        (lambda model: setattr(model.opset_import[0], "version", 6), "must be of opset 7 to"),
        (lambda model: setattr(model.graph.input[0].type.tensor_type, "elem_type", 2),
         "input 'image' must be of type FLOAT (got 'UINT8')"),
    ):  # fmt: skip
        make = Maker()
        model = make.model(make.scores(levels(make), 4))
        change(model)
        onnx.save(model, tmp_path / "net.onnx")
        with pytest.raises(FqHwError) as caught:
            import_graph(read(tmp_path / "net.onnx"), "net", PixelRange.UNIT)
        assert message in str(caught.value)


def test_the_declared_type_and_shape_of_the_output_do_not_matter(tmp_path):
    make = Maker()
    model = make.model(make.scores(levels(make), 4), shape=(16, 1000))
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64
    onnx.save(model, tmp_path / "net.onnx")
    found = import_graph(read(tmp_path / "net.onnx"), "net", PixelRange.UNIT)
    assert found.features[found.ranked].dims == (1, 4)
