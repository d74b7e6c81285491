"""ONNX files that were made to harm: one line each, soon, and nothing happens elsewhere."""

import os

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import AttributeProto, helper, numpy_helper
from onnx_builders import levels
from onnx_models import DOMAIN, Maker

from fq_hw.cli import main
from fq_hw.errors import FqHwError
from fq_hw.foreign.onnx import PixelRange, judge, read
from fq_hw.foreign.onnx.reading import clean
from fq_hw.foreign.onnx.rules import quantizers

FORGED = "x\nfq-hw: error: all is well"


def good():
    make = Maker()
    return make.model(make.scores(levels(make), 4))


def changed(change):
    """A good model that ``change`` breaks."""

    def build():
        model = good()
        change(model)
        return model

    return build


def with_node(kind, *inputs, **attributes):
    """A node between levels and their end; arrays become constants."""

    def build():
        make = Maker()
        x = levels(make)
        names = [x if value is None else keep(make, value) for value in inputs]
        return make.model(make.scores(make.node(kind, *names, **attributes), 4))

    return build


def keep(make, value):
    make.tensors.append(numpy_helper.from_array(np.asarray(value), f"k{len(make.tensors)}"))
    return make.tensors[-1].name


def put(part, **fields):
    for name, value in fields.items():
        setattr(part, name, value)


def function(model):
    kinds = [helper.make_opsetid("", 13)]
    node = helper.make_node("Relu", ["x"], ["y"])
    model.functions.append(helper.make_function("", "Conv", ["x"], ["y"], [node], kinds))


def typed(kind):
    return changed(lambda m: put(m.graph.node[0].attribute[0], type=kind))


def doubled(model):
    model.graph.initializer.append(model.graph.initializer[0])


def twice(model):
    node = model.graph.node[-1]
    node.output.append(node.output[0])


def of(shape):
    make = Maker(shape)
    return make.model(make.node("Relu", "image"))


def huge(*shape):
    return np.array(shape, np.int64)


def tiles():
    """Two constants that are small enough each."""
    make = Maker()
    one, many = keep(make, np.ones((1, 1), np.float32)), keep(make, huge(5_000, 4_000))
    parts = [make.node("Tile", one, many) for _ in range(2)]
    return make.model(make.scores(make.node("Add", levels(make), make.node("Add", *parts)), 4))


CASES = {
    "two bombs": (tiles, "must have at most 33,554,432 values when they are computed (got 6"),
    "a node's name": (changed(lambda m: put(m.graph.node[0], name=FORGED)), "must be one line of"),
    "a kind": (changed(lambda m: put(m.graph.node[0], op_type="\x1b[31mred")), "must be one line"),
    "a long name": (changed(lambda m: put(m.graph.node[0], name="a" * 10**6)), "must be one line"),
    "an output": (changed(lambda m: put(m.graph.output[0], name=FORGED)), "must be one line of"),
    "an attribute": (changed(lambda m: put(m.graph.node[0].attribute[0], name="")), "must be one"),
    "a domain": (changed(lambda m: put(m.graph.node[0], domain="os")), "must be of a domain of"),
    "a qonnx kind": (changed(lambda m: put(m.graph.node[0], op_type="GenericPartition")),
                     "is not supported; of domain 'qonnx.custom_op.general' are"),
    "functions": (changed(function), "has functions of its own"),
    "opset 0": (changed(lambda m: put(m.opset_import[0], version=0)), "must be of opset 7 to"),
    "opset 10**9": (changed(lambda m: put(m.opset_import[0], version=10**9)), "must be of opset"),
    "no opset": (changed(lambda m: m.ClearField("opset_import")), "must be of opset 7 to"),
    "two opsets": (changed(lambda m: m.opset_import.append(helper.make_opsetid("ai.onnx", 11))),
                   "(got [11, 13])"),
    "unknown type": (changed(lambda m: put(m.graph.initializer[0], data_type=65536)),
                     "must be of a type of numbers that is supported (got '65536')"),
    "unknown input": (changed(lambda m: put(m.graph.input[0].type.tensor_type, elem_type=99)),
                      "must be of type FLOAT (got '99')"),
    "an axis below 0": (changed(lambda m: m.graph.initializer[3].dims.__setitem__(0, -1)),
                        "must have no axis below 0 (got -1)"),
    "long axes": (changed(lambda m: m.graph.initializer[3].dims.__setitem__(0, 2**40)),
                  "is damaged ("),
    "two constants": (changed(doubled), "two constants must not have one name"),
    "one output twice": (changed(twice), "must not make a tensor that is there already"),
    "no type": (typed(AttributeProto.UNDEFINED), "must be of type FLOAT, INT, STRING"),
    "a sparse attribute": (typed(AttributeProto.SPARSE_TENSOR), "must be of type FLOAT, INT,"),
    "an attribute twice": (
        changed(lambda m: m.graph.node[0].attribute.append(m.graph.node[0].attribute[0])),
        "has an attribute twice",
    ),
    "group 0": (with_node("Conv", None, np.ones((4, 4, 1, 1), np.float32), group=0),
                "attribute group must hold numbers above 0 (got 0)"),
    "blocks of 0": (with_node("SpaceToDepth", None, blocksize=0), "blocksize must hold numbers"),
    "strides of -1": (with_node("MaxPool", None, kernel_shape=[2, 2], strides=[1, -1]),
                      "attribute strides must hold numbers above 0 (got [1, -1])"),
    "far padding": (with_node("MaxPool", None, kernel_shape=[2, 2], pads=[2**62] * 4), ""),
    "a bomb of ones": (with_node("ConstantOfShape", huge(10**4, 10**8)), "must have at most 33,"),
    "a bomb of tiles": (with_node("Tile", np.ones((64, 64), np.float32), huge(10**4, 10**4)),
                        "must have at most 33,554,432 values (got [640000, 640000])"),
    "a stretched bomb": (with_node("Expand", np.ones((1, 1), np.float32), huge(10**6, 10**6)),
                         "must have at most 33,554,432 values"),
    "a padded bomb": (with_node("Pad", None, huge(0, 0, 10**6, 10**6, 0, 0, 10**6, 10**6)),
                      "must have at most 33,554,432 values"),
    "a long range": (with_node("Range", huge(0)[0], huge(10**12)[0], huge(1)[0]), ""),
    "shapes below 0": (with_node("Reshape", None, huge(1, -5, 4)), ""),
    "an abort": (with_node("OneHot", huge(1, 2), huge(3), np.ones(2, np.float32), axis=4), ""),
    "a large image": (lambda: of((1, 3, 2**20, 2**20)), "must have at most 16,777,216 values"),
    "many colours": (lambda: of((1, 5_000, 8, 8)), "must have at most 1,024 channels (got 5000)"),
    "many nodes": (changed(lambda m: m.graph.node.extend([m.graph.node[0]] * 5_000)),
                   "must have at most 1,000 nodes (got 50"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_refused_in_one_line(case, tmp_path, capfd):
    build, message = CASES[case]
    onnx.save(build(), tmp_path / "net.onnx")
    with pytest.raises(FqHwError) as caught:
        model = read(tmp_path / "net.onnx")
        judged = judge(model, "net", PixelRange.UNIT)
        first = next(line for line in judged.lines if not line.supported)
        raise FqHwError(f"{tmp_path}/net.onnx: {first.why}")
    said = str(caught.value)
    assert message in said and said.isprintable() and len(said) <= 1_000
    assert capfd.readouterr() == ("", "")  # what onnxruntime says itself is lost


def test_no_domain_is_imported(tmp_path, monkeypatch):
    (tmp_path / "evil.py").write_text("open('trace', 'w')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for kind in ("Quant", "Relu", "Mystery"):
        model = good()
        model.graph.node[1].domain, model.graph.node[1].op_type = "evil", kind
        model.opset_import.append(helper.make_opsetid("evil", 1))
        onnx.save(model, "net.onnx")
        assert main(["import", "net.onnx"]) == 2
    assert not (tmp_path / "trace").exists()


def test_notes_are_left_out(tmp_path):
    """qonnx evaluates what notes say of a tensor's layout as Python."""
    model = good()
    note = model.graph.quantization_annotation.add(tensor_name="image")
    note.quant_parameter_tensor_names.add(key="tensor_layout", value="open('trace', 'w')")
    onnx.save(model, tmp_path / "net.onnx")
    found = read(tmp_path / "net.onnx").model
    assert not found.graph.quantization_annotation and not found.metadata_props


def test_every_reader_has_the_same_numbers(tmp_path):
    """A constant with its data twice: onnxruntime would take the one, numpy the other."""
    model = good()
    model.graph.initializer[0].float_data.append(7.0)
    onnx.save(model, tmp_path / "net.onnx")
    first = read(tmp_path / "net.onnx").graph.initializer[0]
    assert not first.float_data and numpy_helper.to_array(first) == np.float32(1 / 128)


def test_many_constants_are_computed_in_one_go(tmp_path, monkeypatch):
    """One by one, as qonnx does it, 900 of them take minutes."""
    asked, session = [], onnxruntime.InferenceSession
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *a: asked.append(0) or session(*a))
    make = Maker()
    scale = make.const(1 / 1024)
    for _ in range(3):
        scale = make.node("Add", scale, scale)
    x = make.node("Quant", "image", scale, make.const(0.0), make.const(8.0), domain=DOMAIN,
                  signed=1, narrow=0, rounding_mode="ROUND")  # fmt: skip
    model = make.model(make.scores(make.quant(make.conv(x, 3, 4), 3, 0.4, signed=0), 4))
    found = clean(model, "net.onnx").graph
    constants = {t.name: numpy_helper.to_array(t) for t in found.initializer}
    assert len(asked) == 1 and constants[found.node[0].input[1]] == np.float32(1 / 128)


def test_refuses_millions_of_levels(tmp_path, monkeypatch):
    monkeypatch.setattr(quantizers, "MOST_LEVELS", 20)
    onnx.save(good(), tmp_path / "net.onnx")  # 4 channels of 3 bits
    judged = judge(read(tmp_path / "net.onnx"), "net", PixelRange.UNIT)
    first = next(line for line in judged.lines if not line.supported)
    assert first.why == "must have at most 20 levels in all channels together (got 28)"


def test_chance_is_no_constant(tmp_path, capsys):
    make = Maker()
    x = make.node("Mul", levels(make), make.node("RandomNormal", shape=[1]))
    make.save(tmp_path / "net.onnx", make.scores(x, 4))
    assert main(["import", str(tmp_path / "net.onnx")]) == 2
    assert "RandomNormal_0 (RandomNormal): is not supported" in capsys.readouterr().err


def test_a_pipe_is_no_file(tmp_path, capsys):
    os.mkfifo(tmp_path / "net.onnx")
    assert main(["import", str(tmp_path / "net.onnx")]) == 2
    assert "net.onnx: is a pipe, not a file; give an ONNX file" in capsys.readouterr().err


def test_a_model_is_called_after_its_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    onnx.save(good(), "my model (1).onnx")
    assert main(["import", "my model (1).onnx"]) == 0
    assert "graph: build/my_model__1_.graph.safetensors" in capsys.readouterr().out
