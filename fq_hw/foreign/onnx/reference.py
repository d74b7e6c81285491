"""A node as onnxruntime executes it, on other numbers than the image's."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from fq_hw.errors import GraphError
from fq_hw.foreign.judged import called

__all__ = ["executed"]

IR = 10  # version of ONNX's files that onnxruntime knows


QUIET = 4  # onnxruntime's level of messages


@contextlib.contextmanager
def judged(proto: onnx.NodeProto) -> Iterator[None]:
    """Whatever onnxruntime raises as a GraphError that names the node."""
    try:
        yield
    except Exception as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        where = called(proto.name, proto.op_type)
        raise GraphError(f"{where}: onnxruntime does not execute it ({said[0][:200]})") from error


def executed(
    proto: onnx.NodeProto, constants: Sequence[np.ndarray | None], opset: int
) -> Callable[[np.ndarray], list[np.ndarray]]:
    """What the node makes of a float32 tensor; ``constants`` are its other inputs.

    Raises GraphError, now or then, where onnxruntime does not execute it.
    """
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
    options = onnxruntime.SessionOptions()
    options.log_severity_level = QUIET
    with judged(proto):
        session = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])

    def run(x: np.ndarray) -> list[np.ndarray]:
        with judged(proto):
            return session.run(None, {"x": np.ascontiguousarray(x, np.float32)})

    return run
