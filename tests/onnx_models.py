"""ONNX models for tests, node by node, in the form that Brevitas exports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from networks import random_images
from onnx import TensorProto, helper, numpy_helper

from fq_hw import flow
from fq_hw.errors import FqHwError
from fq_hw.foreign.onnx import PixelRange, compare, import_graph, read
from fq_hw.ir import Graph

__all__ = ["DOMAIN", "Maker", "refused_with", "same"]

DOMAIN = "qonnx.custom_op.general"


class Maker:
    """Appends nodes; each method returns the name of the tensor that it makes."""

    def __init__(self, shape: Sequence[int | str] = (1, 3, 8, 8), seed: int = 0):
        self.dice = np.random.default_rng(seed)
        self.shape, self.nodes, self.tensors = list(shape), [], []

    def const(self, value: object, name: str = "") -> str:
        """A constant, float32 unless it is of bytes, 32 bits or several integers of 64."""
        array = np.asarray(value)
        whole = array.dtype in (np.int8, np.uint8, np.int32)
        whole = whole or array.dtype == np.int64 and array.ndim
        array = array if whole else array.astype(np.float32)
        name = name or f"const_{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(array, name))
        return name

    def node(
        self, kind: str, *inputs: str, domain: str = "", before: int = 0, **attributes: object
    ) -> str:
        """A node; its result is the output behind ``before`` others."""
        out = f"t{len(self.nodes)}"
        outputs = [*(f"{out}_{n}" for n in range(before)), out]
        self.nodes.append(helper.make_node(kind, inputs, outputs, domain=domain, **attributes))
        return out

    def quant(self, x: str, bits: float, scale: object = 0.1, zero: object = 0.0, **more) -> str:
        attributes = {"signed": 1, "narrow": 0, "rounding_mode": "ROUND"} | more
        values = (self.const(v) for v in (scale, zero, bits))
        return self.node("Quant", x, *values, domain=DOMAIN, **attributes)

    def weights(self, shape: Sequence[int], bits: int = 1, scale: object = 0.2) -> str:
        """Random quantized weights."""
        real = self.const(self.dice.normal(size=shape))
        if bits == 1:
            return self.node("BipolarQuant", real, self.const(scale), domain=DOMAIN)
        return self.quant(real, bits, scale, narrow=1)

    def conv(self, x: str, cin: int, cout: int, kernel: int = 3, bits: int = 1, **more) -> str:
        scale = more.pop("scale", 0.2)
        weights = self.weights((cout, cin, kernel, kernel), bits, scale)
        attributes = {"pads": [kernel // 2] * 4, "kernel_shape": [kernel] * 2} | more
        return self.node("Conv", x, weights, **attributes)

    def qcdq(self, x: str, scale: float, kind: type = np.int8) -> str:
        """A pair of nodes that quantizes to bytes."""
        parts = self.const(scale), self.const(kind(0))
        return self.node("DequantizeLinear", self.node("QuantizeLinear", x, *parts), *parts)

    def bytes(self, shape: Sequence[int], bits: int, scale: object, axis: int = 0) -> str:
        """Random weights stored as bytes."""
        most = 2 ** (bits - 1) - 1
        codes = self.dice.integers(-most, most + 1, shape).astype(np.int8)
        zero = np.zeros(np.shape(scale), np.int8)
        inputs = (self.const(v) for v in (codes, scale, zero))
        return self.node("DequantizeLinear", *inputs, axis=axis)

    def norm(self, x: str, channels: int) -> str:
        dice = self.dice
        gain = dice.uniform(0.3, 1.5, channels) * dice.choice([-1, 1], channels)
        gain[0] = 0
        parts = (gain, dice.normal(size=channels), dice.normal(size=channels) * 2,
                 dice.uniform(0.5, 30, channels))  # fmt: skip
        return self.node("BatchNormalization", x, *(self.const(p) for p in parts))

    def scores(self, x: str, channels: int, classes: int = 4) -> str:
        """A 1x1 convolution and the average of all pixels: an end for levels N,C,H,W."""
        x = self.conv(x, channels, classes, kernel=1, bits=2)
        return self.node("Flatten", self.node("GlobalAveragePool", x))

    def model(self, out: str, opset: int = 13, shape: Sequence[int] | None = None, own: int = 1):
        """The whole model, unchecked: tests break it on purpose. ``own``: of qonnx's domain."""
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, self.shape)
        counts = self.nodes and self.nodes[-1].op_type in ("ArgMax", "TopK")
        kind = TensorProto.INT64 if counts else TensorProto.FLOAT
        result = helper.make_tensor_value_info(out, kind, shape)
        graph = helper.make_graph(self.nodes, "net", [image], [result], self.tensors)
        opsets = [helper.make_opsetid("", opset), helper.make_opsetid(DOMAIN, own)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)

    def save(self, path: Path, out: str, **more: object) -> Path:
        onnx.save(self.model(out, **more), path)
        return path


def same(
    maker: Maker, out: str, folder: Path, pixels: PixelRange = PixelRange.UNIT, **more: object
) -> Graph:
    """The model's graph, which has hardware, and every tensor as qonnx has it."""
    model = read(maker.save(folder / "net.onnx", out, **more))
    imported = import_graph(model, "net", pixels)
    for image in random_images(imported.graph.input.shape, 4):
        rows = list(compare(model, imported, pixels, image))
        assert not any(row.wrong for row in rows), [row for row in rows if row.wrong]
    assert flow.Model(graph=imported.graph).design().plan.nodes
    return imported.graph


def refused_with(maker: Maker, out: str, folder: Path, **more: object) -> str:
    """What import says of a model that it refuses, in one line."""
    path = maker.save(folder / "net.onnx", out, **more)
    try:
        import_graph(read(path), "net", PixelRange.UNIT)
    except FqHwError as error:
        assert "\n" not in str(error)
        return str(error)
    raise AssertionError("import took the model")
