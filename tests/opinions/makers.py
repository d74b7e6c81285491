"""Who computes the formulas: float64 NumPy, and models for onnxruntime, qonnx and LiteRT."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

import numpy as np
from tflite_models import Maker as TfliteMaker

from opinions.formulas import LEVELS, TOP, Maker, network

__all__ = ["MAKERS", "Litert", "Numpy", "Onnxruntime", "Qonnx"]

Found = dict[str, np.ndarray]


class Opinion(Maker):
    """A maker for pictures of one shape, and how it runs."""

    def __init__(self, record: Mapping, arrays: Mapping[str, np.ndarray]):
        self.record, self.arrays = record, arrays
        self.shape = tuple(record["image"])

    @abstractmethod
    def run(self, image: np.ndarray) -> Found:
        """Named tensors of a picture, uint8 H,W,C: H,W,C each, and the scores."""

    def index(self, tables: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """One table for all colours, and where that of each colour begins."""
        rows = tables.reshape(-1, tables.shape[-1])
        begins = np.arange(self.shape[2]) * (256 if len(tables) > 1 else 0)
        return rows, begins


class Numpy(Opinion):
    """In float64, as the formulas stand."""

    def run(self, image: np.ndarray) -> Found:
        self.image, self.found = image, {}
        network(self.record, self.arrays, self)
        return self.found

    def lookup(self, tables):
        rows, begins = self.index(tables)
        return rows[self.image + begins].reshape(*self.shape[:2], -1).astype(np.float64)

    def conv(self, x, weight, scale, stride):
        kernel = weight.shape[2]
        edge = kernel // 2
        padded = np.pad(x, ((edge, edge), (edge, edge), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), (0, 1))
        signs = np.where(weight >= 0, 1.0, -1.0) * scale[:, None, None, None]
        some = windows[::stride, ::stride]
        flat = some.reshape(*some.shape[:2], -1)
        return flat @ signs.reshape(len(signs), -1).T

    def affine(self, x, gain, offset):
        return x * gain + offset

    def level(self, x, name):
        self.found[name] = np.floor(np.clip(x, 0, TOP) * (LEVELS / TOP) + 0.5)
        return self.found[name]

    def times(self, x, factor):
        return x * factor

    def add(self, a, b, name):
        self.found[name] = a + b
        return self.found[name]

    def mean(self, x, name):
        self.found[name] = x.mean((0, 1))


class Onnxruntime(Opinion):
    """As a model of plain ONNX in float32."""

    def __init__(self, record, arrays):
        super().__init__(record, arrays)
        self.nodes, self.constants, self.named, self.count = [], [], {}, 0
        network(record, arrays, self)
        self.start()

    def start(self) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        content = self.model(8).SerializeToString()
        self.session = onnxruntime.InferenceSession(content, options)

    def run(self, image):
        names = list(self.named)
        values = self.session.run([self.named[n] for n in names], {"pixels": image[None]})
        return {name: plain(value) for name, value in zip(names, values, strict=True)}

    def model(self, ir_version: int):
        """The ONNX model, with every named tensor as an output."""
        from onnx import TensorProto, helper

        pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, (1, *self.shape))
        ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
                for name in self.named.values()]  # fmt: skip
        graph = helper.make_graph(self.nodes, "ern", [pixels], ends, self.constants)
        domains = sorted({node.domain for node in self.nodes})
        versions = [helper.make_opsetid(d, 1 if d else 17) for d in domains]
        return helper.make_model(graph, opset_imports=versions, ir_version=ir_version)

    def constant(self, value, kind=np.float32) -> str:
        from onnx import numpy_helper

        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def node(self, kind: str, *inputs: str, name: str | None = None, **fields) -> str:
        from onnx import helper

        self.count += 1
        out = f"t{self.count}"
        self.nodes.append(helper.make_node(kind, inputs, [out], **fields))
        if name is not None:
            self.named[name] = out
        return out

    def lookup(self, tables):
        from onnx import TensorProto

        rows, begins = self.index(tables)
        index = self.node("Cast", "pixels", to=TensorProto.INT64)
        index = self.node("Add", index, self.constant(begins, np.int64))
        found = self.node("Gather", self.constant(rows), index, axis=0)
        size = (1, *self.shape[:2], self.shape[2] * rows.shape[1])
        found = self.node("Reshape", found, self.constant(size, np.int64))
        return self.node("Transpose", found, perm=[0, 3, 1, 2])

    def conv(self, x, weight, scale, stride):
        signs = np.where(weight >= 0, 1.0, -1.0) * scale[:, None, None, None]
        return self.convolved(x, self.constant(signs), weight.shape[2], stride)

    def convolved(self, x: str, weight: str, kernel: int, stride: int) -> str:
        edge = [kernel // 2] * 4
        return self.node("Conv", x, weight, strides=[stride] * 2, pads=edge,
                         kernel_shape=[kernel] * 2)  # fmt: skip

    def affine(self, x, gain, offset):
        gain, offset = (self.constant(v.reshape(1, -1, 1, 1)) for v in (gain, offset))
        return self.node("Add", self.node("Mul", x, gain), offset)

    def level(self, x, name):
        x = self.node("Clip", x, self.constant(0), self.constant(TOP))
        x = self.node("Mul", x, self.constant(LEVELS / TOP))
        return self.node("Floor", self.node("Add", x, self.constant(0.5)), name=name)

    def times(self, x, factor):
        return self.node("Mul", x, self.constant(factor))

    def add(self, a, b, name):
        return self.node("Add", a, b, name=name)

    def mean(self, x, name):
        self.node("GlobalAveragePool", x, name=name)


class Qonnx(Onnxruntime):
    """As a QONNX model: weights by BipolarQuant, activations by Quant, which qonnx computes."""

    DOMAIN = "qonnx.custom_op.general"

    def start(self) -> None:
        from qonnx.core.modelwrapper import ModelWrapper
        from qonnx.transformation.infer_shapes import InferShapes

        self.wrapped = ModelWrapper(self.model(8)).transform(InferShapes())

    def run(self, image):
        from qonnx.core.onnx_exec import execute_onnx

        values = execute_onnx(self.wrapped, {"pixels": image[None]}, True)
        return {name: plain(values[place]) for name, place in self.named.items()}

    def conv(self, x, weight, scale, stride):
        # BipolarQuant has no sign of a channel's scale; zero belongs to +1 there as here.
        given = [self.constant(weight), self.constant(scale.reshape(-1, 1, 1, 1))]
        signs = self.node("BipolarQuant", *given, domain=self.DOMAIN)
        return self.convolved(x, signs, weight.shape[2], stride)

    def level(self, x, name):
        step = [self.constant(v) for v in (TOP / LEVELS, 0, 2)]  # scale, zero point, bits
        x = self.node("Quant", x, *step, domain=self.DOMAIN, signed=0, narrow=0,
                      rounding_mode="ROUND")  # fmt: skip
        return self.node("Mul", x, self.constant(LEVELS / TOP), name=name)


class Litert(Opinion):
    """As a TFLite model of float32."""

    def __init__(self, record, arrays):
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        super().__init__(record, arrays)
        self.make, self.named = TfliteMaker(np.random.default_rng(0)), {}
        self.pixels = self.make.tensor((1, *self.shape), np.uint8)
        network(record, arrays, self)
        content = self.make.content(self.pixels, self.named["scores"])
        self.interpreter = Interpreter(
            model_content=content,
            num_threads=1,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )  # a delegate keeps no tensor within
        self.interpreter.allocate_tensors()

    def run(self, image):
        self.interpreter.set_tensor(self.pixels, image[None])
        self.interpreter.invoke()
        return {name: self.interpreter.get_tensor(place)[0] for name, place in self.named.items()}

    def constant(self, value, kind=np.float32) -> int:
        value = np.asarray(value, kind)
        return self.make.tensor(value.shape, kind, values=value)

    def op(
        self, kind: str, inputs: list[int], shape, name=None, dtype=np.float32, **options
    ) -> int:
        out = self.make.op(kind, inputs, self.make.tensor(shape, dtype), **options)
        if name is not None:
            self.named[name] = out
        return out

    def lookup(self, tables):
        rows, begins = self.index(tables)
        shape = (1, *self.shape)
        index = self.op("CAST", [self.pixels], shape, dtype=np.int32)
        index = self.op("ADD", [index, self.constant(begins, np.int32)], shape, dtype=np.int32)
        found = self.op("GATHER", [self.constant(rows), index], (*shape, rows.shape[1]))
        size = (1, *self.shape[:2], self.shape[2] * rows.shape[1])
        return self.op("RESHAPE", [found, self.constant(size, np.int32)], size)

    def conv(self, x, weight, scale, stride):
        signs = np.where(weight >= 0, 1.0, -1.0)
        kernel, (_, h, w, c) = weight.shape[2], self.make.shape(x)
        edge = kernel // 2
        if edge:
            sides = self.constant([(0, 0), (edge, edge), (edge, edge), (0, 0)], np.int32)
            x = self.op("PAD", [x, sides], (1, h + 2 * edge, w + 2 * edge, c))
        shape = (1, (h - 1) // stride + 1, (w - 1) // stride + 1, len(weight))
        given = [
            x,
            self.constant(signs.transpose(0, 2, 3, 1)),
            self.constant(np.zeros(len(weight))),
        ]
        x = self.op("CONV_2D", given, shape, Padding=1, StrideH=stride, StrideW=stride,
                    DilationHFactor=1, DilationWFactor=1)  # fmt: skip
        return self.two("MUL", x, scale)

    def two(self, kind: str, x: int, value, name=None) -> int:
        return self.op(kind, [x, self.constant(value)], self.make.shape(x), name)

    def affine(self, x, gain, offset):
        return self.two("ADD", self.two("MUL", x, gain), offset)

    def level(self, x, name):
        x = self.two("MINIMUM", self.two("MAXIMUM", x, 0), TOP)
        x = self.two("ADD", self.two("MUL", x, LEVELS / TOP), 0.5)
        return self.op("FLOOR", [x], self.make.shape(x), name)

    def times(self, x, factor):
        return self.two("MUL", x, factor)

    def add(self, a, b, name):
        return self.op("ADD", [a, b], self.make.shape(a), name)

    def mean(self, x, name):
        axes, channels = self.constant([1, 2], np.int32), self.make.shape(x)[-1]
        self.op("MEAN", [x, axes], (1, channels), name)


def plain(value: np.ndarray) -> np.ndarray:
    """N,C,H,W of one picture as H,W,C; scores as C."""
    value = value[0].transpose(1, 2, 0)
    return value.reshape(-1) if value.shape[:2] == (1, 1) else value


MAKERS = {"NumPy": Numpy, "onnxruntime": Onnxruntime, "qonnx": Qonnx, "LiteRT": Litert}
