"""Small float networks, and what onnxruntime's own quantizer makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

__all__ = ["KINDS", "WAYS", "quantized"]

U8, S8 = QuantType.QUInt8, QuantType.QInt8
WAYS = {  # activations, weights, and whether these have a scale a channel
    "u8s8 by channel": {"activation_type": U8, "weight_type": S8, "per_channel": True},
    "s8s8": {"activation_type": S8, "weight_type": S8},
    "u8u8": {"activation_type": U8, "weight_type": U8},
}


class Float:
    """A float network so far."""

    def __init__(self, seed: int):
        self.dice = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, values: np.ndarray) -> str:
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.float32(values), name))
        return name

    def node(self, kind: str, *inputs: str, **attributes: object) -> str:
        name = f"tensor{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def conv(self, x: str, cin: int, cout: int, kernel: int = 3, stride: int = 1, group: int = 1):
        shape = cout, cin // group, kernel, kernel
        weight = self.dice.normal(size=shape) / np.sqrt(np.prod(shape[1:]))
        parts = self.constant(weight), self.constant(self.dice.normal(size=cout) / 10)
        return self.node("Conv", x, *parts, strides=[stride] * 2, pads=[kernel // 2] * 4,
                         group=group)  # fmt: skip

    def relu(self, x: str) -> str:
        return self.node("Relu", x)


def resnet(m: Float, x: str) -> str:
    """Shortcuts: each side of a sum has a scale of its own."""
    y = m.conv(m.relu(m.conv(x, 8, 8)), 8, 8)
    x = m.relu(m.node("Add", x, y))
    y = m.conv(m.relu(m.conv(x, 8, 12, stride=2)), 12, 12)
    return m.relu(m.node("Add", m.conv(x, 8, 12, kernel=1, stride=2), y))


def mobilenet(m: Float, x: str) -> str:
    ends = m.constant(np.array(0.0)), m.constant(np.array(6.0))
    x = m.node("Clip", m.conv(x, 8, 8, stride=2, group=8), *ends)
    return m.relu(m.conv(x, 8, 12, kernel=1))


def pools(m: Float, x: str) -> str:
    x = m.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    return m.node("AveragePool", m.relu(m.conv(x, 8, 12)), kernel_shape=[2, 2], strides=[2, 2])


def concat(m: Float, x: str) -> str:
    sides = m.relu(m.conv(x, 8, 6, kernel=1)), m.relu(m.conv(x, 8, 6))
    return m.relu(m.conv(m.node("Concat", *sides, axis=1), 12, 12))


KINDS = {"resnet": resnet, "mobilenet": mobilenet, "pools": pools, "concat": concat}


def quantized(kind: str, way: str, folder: Path, size: tuple[int, int]) -> Path:
    """The file of a network of 12 channels, quantized by onnxruntime."""
    m = Float(len(kind))
    x = KINDS[kind](m, m.relu(m.conv("image", 3, 8)))
    x = m.node("Flatten", m.node("GlobalAveragePool", x))
    parts = m.constant(m.dice.normal(size=(5, 12))), m.constant(m.dice.normal(size=5))
    x = m.node("Gemm", x, *parts, transB=1)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in (("image", [1, 3, *size]), (x, [1, 5]))]  # fmt: skip
    graph = helper.make_graph(m.nodes, "net", ends[:1], ends[1:], m.constants)
    plain, path = folder / "plain.onnx", folder / "net.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, plain)
    images = iter(m.dice.random((20, 1, 3, *size)).astype(np.float32))

    class Reader(CalibrationDataReader):
        def get_next(self):
            image = next(images, None)
            return None if image is None else {"image": image}

    quantize_static(plain, path, Reader(), quant_format=QuantFormat.QDQ, **WAYS[way])
    return path
