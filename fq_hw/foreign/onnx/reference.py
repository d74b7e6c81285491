"""A node as onnxruntime executes it, on other numbers than the image's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

__all__ = ["executed"]

IR = 10  # version of ONNX's files that onnxruntime knows


def executed(
    proto: onnx.NodeProto, constants: Sequence[np.ndarray | None], opset: int
) -> Callable[[np.ndarray], list[np.ndarray]]:
    """What the node makes of a float32 tensor; ``constants`` are its other inputs."""
    named = [
        numpy_helper.from_array(np.ascontiguousarray(value), f"constant{n}")
        for n, value in enumerate(constants)
        if value is not None
    ]
    inputs = ["" if value is None else f"constant{n}" for n, value in enumerate(constants)]
    outputs = [f"y{n}" for n in range(len(proto.output))]
    node = helper.make_node(proto.op_type, ["x", *inputs], outputs)
    node.attribute.extend(proto.attribute)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    image = helper.make_tensor_value_info("x", TensorProto.FLOAT, None)
    graph = helper.make_graph([node], "node", [image], ends, named)
    opsets = [helper.make_opsetid("", opset)]
    content = helper.make_model(graph, opset_imports=opsets, ir_version=IR).SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return lambda x: session.run(None, {"x": np.ascontiguousarray(x, np.float32)})
