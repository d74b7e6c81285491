"""Inputs that are no pictures: what a byte means, from the model's own first quantizer."""

import numpy as np
import pytest
from networks import random_images
from onnx_models import Maker, same

from fq_hw import flow, golden
from fq_hw.data import DataKind
from fq_hw.errors import FqHwError
from fq_hw.foreign.onnx import PixelRange, compare, judge, read

MODEL = PixelRange.MODEL
PICTURES = np.stack(list(random_images((8, 8, 2), 4)))


def sound(first: str, scale: float, zero: int, moved: bool = False) -> tuple[Maker, str]:
    """A small network that quantizes its input so before it computes anything."""
    maker = Maker(shape=(1, 8, 8, 2) if moved else (1, 2, 8, 8))
    x = maker.node("Transpose", "image", perm=[0, 3, 1, 2]) if moved else "image"
    if first == "Quant":
        x = maker.quant(x, 8, scale, float(zero))
    else:
        kind = np.dtype(first).type
        parts = maker.const(np.float32(scale)), maker.const(kind(zero))
        x = maker.node("DequantizeLinear", maker.node("QuantizeLinear", x, *parts), *parts)
    x = maker.node("Relu", maker.conv(x, 2, 4, bits=4))
    return maker, maker.scores(maker.quant(x, 2, 40.0, signed=0), 4)


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize(
    ("first", "scale", "zero", "origin"),
    [("Quant", 0.7, -20, 108), ("int8", 1.5, 44, 172), ("uint8", 1.5, 44, 44)],
)
def test_a_byte_is_the_number_that_the_model_makes_it_of(
    first, scale, zero, origin, moved, tmp_path
):
    maker, out = sound(first, scale, zero, moved)
    graph = same(maker, out, tmp_path, MODEL)
    assert graph.input.meaning == (np.float32(scale), origin)
    assert not [op for op in graph.ops if type(op).__name__ == "Embed"]  # bytes as they come
    # Real inputs, as the model itself takes them, give what qonnx gives for them.
    model = read(tmp_path / "net.onnx")
    real = (PICTURES - np.float32(origin)) * np.float32(scale)
    noise = np.random.default_rng(1).uniform(-0.4, 0.4, real.shape) * scale
    for name, array in (("images", (real + noise).astype(np.float32)), ("labels", np.arange(4))):
        np.save(tmp_path / f"{name}.npy", array)
    found = flow.images.load_images(flow.Model(graph=graph), DataKind.NPY, tmp_path).test()
    np.testing.assert_array_equal(found.images, PICTURES)
    imported = judge(model, "net", MODEL).model
    for image in found.images:
        assert not any(row.wrong for row in compare(model, imported, MODEL, image))
    assert golden.run(graph, found.images)["scores"].any()


def test_a_quantizer_of_another_range_is_a_doubt(tmp_path):
    maker, out = sound("int8", 1.5, 44)
    model = read(maker.save(tmp_path / "net.onnx", out))
    said = judge(model, "net", PixelRange.UNIT).doubt
    assert said.startswith("the model's first quantizer takes -258 to 124.5, and its pixels are 0 ")
    assert not judge(model, "net", MODEL).doubt
    maker, out = sound("uint8", 1 / 255, 0)
    assert not judge(read(maker.save(tmp_path / "net.onnx", out)), "net", PixelRange.UNIT).doubt
    maker, out = sound("uint8", 1 / 255, 128)
    doubt = judge(read(maker.save(tmp_path / "net.onnx", out)), "net", PixelRange.UNIT).doubt
    assert "takes -0.502 to 0.498" in doubt


def several(maker: Maker) -> str:
    x = maker.quant("image", 8, np.full((1, 2, 1, 1), 0.5))
    return maker.scores(x, 2)


def narrow(maker: Maker) -> str:
    return maker.scores(maker.quant("image", 4, 0.5), 2)


def without(maker: Maker) -> str:
    return maker.scores(maker.quant(maker.conv("image", 2, 4, bits=4), 2, 5.0), 4)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (several, "must have one constant scale, and one zero point, for the whole input"),
        (narrow, "must have a positive scale and 256 codes, zero among them"),
        (without, "a quantizer must read it first, which says what a byte is"),
    ],
)
def test_a_model_that_does_not_say_it_is_refused(build, said, tmp_path):
    maker = Maker(shape=(1, 2, 8, 8))
    model = read(maker.save(tmp_path / "net.onnx", build(maker)))
    with pytest.raises(FqHwError, match=said) as caught:
        judge(model, "net", MODEL)
    assert "choose other --pixels" in str(caught.value)
    assert "\n" not in str(caught.value)
