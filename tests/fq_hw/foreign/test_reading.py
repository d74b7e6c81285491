"""Broken and foreign files: one clear line each, nothing written, nothing executed."""

import numpy as np
import onnx
import pytest
from commands import refused
from onnx import TensorProto, helper
from onnx_models import Maker

from fq_hw.cli import main
from fq_hw.foreign.onnx import reading


def good(make):
    return make.conv(make.quant("image", 2), 3, 2, pads=[0] * 4)


def cyclic(make):
    out = good(make)
    make.nodes[0].input[0] = out
    return make.model(out)


def missing_scale(make):
    out = good(make)
    del make.tensors[0]  # the first quantizer's scale
    return make.model(out)


def twisted(make):
    out = good(make)
    make.nodes.reverse()
    return make.model(out)


def external(make):
    model = make.model(good(make))
    tensor = model.graph.initializer[-2]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"
    return model


def two_inputs(make):
    model = make.model(good(make))
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))
    return model


def two_outputs(make):
    model = make.model(good(make))
    model.graph.output.append(helper.make_tensor_value_info("t0", TensorProto.FLOAT, None))
    return model


def odd_shapes(make):
    weights = make.weights((2, 5, 3, 3))  # for 5 channels, not 3
    return make.model(make.node("Conv", "image", weights))


def unknown_kind(make):
    return make.model(make.node("Mystery", "image"))


def unknown_domain(make):
    return make.model(make.node("Quant", "image", domain="com.example.secret"))


MODELS = {
    "cyclic": (cyclic, "must come after what it reads (or there is a cycle)"),
    "missing scale": (missing_scale, "must come after what it reads"),
    "not in order": (twisted, "must come after what it reads"),
    "external data": (external, "must be in the file itself, not be external data"),
    "opset too new": (lambda m: m.model(good(m), opset=99), "must be of opset"),
    "two inputs": (two_inputs, "must have one input"),
    "two outputs": (two_outputs, "must have one output"),
    "no nodes": (lambda m: m.model("image"), "must hold nodes"),
    "wrong shapes": (odd_shapes, ""),
    "unknown node": (unknown_kind, ""),
    "unknown domain": (unknown_domain, ""),
}
SHAPES = {
    "dynamic height": (1, 3, "height", 8),
    "a video": (1, 3, 4, 8, 8),
    "no shape": (),
    "empty": (1, 3, 0, 8),
}


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("case", MODELS)
def test_broken_models(case, tmp_path, capsys):
    build, message = MODELS[case]
    onnx.save(build(Maker()), tmp_path / "net.onnx")
    said = refused(capsys, "import", "net.onnx")
    assert said.startswith("net.onnx: ") and message in said
    assert not list(tmp_path.rglob("*.safetensors"))


@pytest.mark.parametrize("case", SHAPES)
def test_images_of_unknown_shape(case, tmp_path, capsys):
    make = Maker(SHAPES[case])
    onnx.save(make.model(make.node("Relu", "image")), tmp_path / "net.onnx")
    assert "must have a static shape N,C,H,W or N,H,W,C" in refused(capsys, "import", "net.onnx")


def truncated(tmp_path):
    make = Maker()
    whole = make.save(tmp_path / "whole.onnx", good(make)).read_bytes()
    return whole[: len(whole) // 2]


FILES = {
    "empty": (lambda path: b"", "must hold nodes; is it an ONNX model?"),
    "zeros": (lambda path: bytes(100_000), "is no ONNX model"),
    "text": (lambda path: b"this is not a model\n" * 50, "is no ONNX model"),
    "truncated": (truncated, ""),
    "pickle": (lambda path: b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x02os.", ""),
}


@pytest.mark.parametrize("case", FILES)
def test_other_files(case, tmp_path, capsys):
    make, message = FILES[case]
    (tmp_path / "net.onnx").write_bytes(make(tmp_path))
    said = refused(capsys, "import", "net.onnx")
    assert said.startswith("net.onnx: ") and message in said


def test_a_file_too_large_is_not_read(tmp_path, capsys):
    with (tmp_path / "net.onnx").open("wb") as file:
        file.truncate(200 * 2**20)  # zeros that take no room on the disk
    said = refused(capsys, "import", "net.onnx")
    assert "a file of this kind has at most 104,857,600 bytes (got 209715200)" in said


def test_a_missing_file(capsys):
    said = refused(capsys, "import", "net.onnx")
    assert said == "net.onnx: there is no such file; give an ONNX file"


def test_an_unsupported_node_is_named_with_the_table(tmp_path, capsys):
    make = Maker()
    x = make.node("Softmax", good(make))
    make.save(tmp_path / "net.onnx", make.node("Relu", x))
    assert main(["import", "net.onnx"]) == 2
    err = capsys.readouterr().err
    assert "Softmax_0" in err and "reads what an unsupported node makes" in err
    last = err.splitlines()[-1]
    assert last.startswith(
        "fq-hw: error: net.onnx: 2 of 5 nodes are not supported; the first is Soft"
    )


def test_a_model_of_another_batch_is_read_for_one_image(tmp_path):
    for batch in (16, "batch"):
        make = Maker((batch, 3, 8, 8))
        path = make.save(tmp_path / "net.onnx", good(make), shape=(batch, 2, 6, 6))
        model = reading.read(path)
        assert model.get_tensor_shape(model.graph.output[0].name) == [1, 2, 6, 6]
        assert np.prod(model.get_tensor_shape(model.graph.input[0].name)) == 3 * 64
