"""What neither onnx nor qonnx would refuse clearly: checked before they see the model."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, external_data_helper, helper, numpy_helper

from fq_hw.errors import ArtifactError, require

__all__ = ["NEWEST_OPSET", "OLDEST_OPSET", "QUANTIZERS", "check", "check_constants", "name_kernels"]

NEWEST_OPSET = onnx.defs.onnx_opset_version()
OLDEST_OPSET = 7  # the oldest that onnxruntime executes
QUANTIZERS = ("BipolarQuant", "DequantizeLinear", "IntQuant", "Quant", "QuantizeLinear")
NUMBERS = (
    "BOOL", "DOUBLE", "FLOAT", "INT16", "INT32", "INT4", "INT64", "INT8", "UINT16", "UINT32",
    "UINT4", "UINT64", "UINT8",
)  # fmt: skip


def check(model: onnx.ModelProto, where: str) -> None:
    """Refuse what is not one network from one image to its scores."""
    graph = model.graph
    hint = "is it an ONNX model?"
    require(graph.node, where, "must hold nodes", hint=hint, kind=ArtifactError)
    for opset in model.opset_import:
        new = opset.domain in ("", "ai.onnx") and not OLDEST_OPSET <= opset.version <= NEWEST_OPSET
        contract = f"must be of opset {OLDEST_OPSET} to {NEWEST_OPSET}"
        hint = "export it again, or convert it with onnx.version_converter"
        require(not new, where, contract, opset.version, hint=hint, kind=ArtifactError)
    check_order(graph, where)
    check_constants(graph, where)
    check_ends(graph, where)


def check_order(graph: onnx.GraphProto, where: str) -> None:
    """Refuse nodes that read what no node before them makes, and sub-graphs."""
    constants = {
        t.name for t in (*graph.initializer, *(s.values for s in graph.sparse_initializer))
    }
    made = {i.name for i in graph.input} | constants | {""}  # an input that is left out
    for node in graph.node:
        called = f"node {node.name or node.op_type!r}"
        missing = [name for name in node.input if name not in made]
        contract = f"{called} must come after what it reads (or there is a cycle)"
        require(not missing, where, contract, missing, kind=ArtifactError)
        for a in node.attribute:  # which onnx may divide by
            sizes = a.name in ("dilations", "kernel_shape", "strides")
            fits = not sizes or min(a.ints, default=1) >= 1
            contract = f"{called}: attribute {a.name} must hold numbers above 0"
            require(fits, where, contract, list(a.ints), kind=ArtifactError)
        inner = any(a.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS) for a in node.attribute)
        contract = f"{called} ({node.op_type}) holds a graph of its own, which has no hardware"
        require(not inner, where, contract, kind=ArtifactError)
        require(any(node.output), where, f"{called} makes nothing", kind=ArtifactError)
        again = [name for name in node.output if name and name in made]
        contract = f"{called} must not make a tensor that is there already"
        require(not again, where, contract, again, kind=ArtifactError)
        made.update(node.output)


def name_kernels(graph: onnx.GraphProto, where: str) -> None:
    """Give every Conv its kernel_shape: where that is left out, onnx aborts on other ranks.

    Raises ArtifactError for convolutions of other than two dimensions.
    """
    shapes = {t.name: list(t.dims) for t in graph.initializer}
    for node in graph.node:
        if node.op_type == "Conv" and len(node.input) > 1 and node.input[1] in shapes:
            shape = shapes[node.input[1]]
            contract = f"node {node.name or 'Conv'!r} must be two-dimensional: weights of 4 axes"
            require(len(shape) == 4, where, contract, len(shape), kind=ArtifactError)
            if all(a.name != "kernel_shape" for a in node.attribute):
                node.attribute.append(helper.make_attribute("kernel_shape", shape[2:]))
        elif node.op_type == "Constant":
            for a in node.attribute:
                shapes[node.output[0]] = list(a.t.dims)
        elif node.input and node.input[0] in shapes and node.op_type in QUANTIZERS:
            shapes[node.output[0]] = shapes[node.input[0]]  # quantized weights


def check_constants(graph: onnx.GraphProto, where: str) -> None:
    """Refuse constants outside the file, of no numbers, and with NaN or infinity in them."""
    require(not graph.sparse_initializer, where, "sparse constants are not supported",
            kind=ArtifactError)  # fmt: skip
    values = [(t.name, t) for t in graph.initializer]
    for node in graph.node:
        values += [
            (f"{a.name} of {node.name or node.output[0]}", a.t)
            for a in node.attribute
            if a.type == AttributeProto.TENSOR
        ]
    for name, tensor in values:
        called = f"constant {name!r}"
        outside = external_data_helper.uses_external_data(tensor)
        contract = f"{called} must be in the file itself, not be external data"
        hint = "save the model with its weights in one file"
        require(not outside, where, contract, hint=hint, kind=ArtifactError)
        kind = TensorProto.DataType.Name(tensor.data_type)
        contract = f"{called} must be of a type of numbers that is supported"
        require(kind in NUMBERS, where, contract, kind, hint=f"one of {', '.join(NUMBERS)}",
                kind=ArtifactError)  # fmt: skip
        try:
            array = numpy_helper.to_array(tensor)
        except (ValueError, TypeError) as error:
            raise ArtifactError(f"{where}: {called} is damaged ({error})") from error
        finite = array.dtype.kind != "f" or np.isfinite(array).all()
        contract = f"{called} must hold finite numbers, but has NaN or infinity in it"
        require(finite, where, contract, kind=ArtifactError)


def check_ends(graph: onnx.GraphProto, where: str) -> None:
    """Refuse another number of inputs and outputs than one, and images of unknown shape."""
    constants = {t.name for t in graph.initializer}
    images = [i for i in graph.input if i.name not in constants]
    names = [i.name for i in images]
    require(len(images) == 1, where, "must have one input, the image", names, kind=ArtifactError)
    names = [o.name for o in graph.output]
    require(len(names) == 1, where, "must have one output, the scores", names, kind=ArtifactError)
    (image,) = images
    called = f"input {image.name!r}"
    tensor = image.type.tensor_type
    shape = [d.dim_value if d.HasField("dim_value") else d.dim_param or "?"
             for d in tensor.shape.dim]  # fmt: skip
    static = len(shape) in (2, 4) and all(isinstance(n, int) and n >= 1 for n in shape[1:])
    contract = f"{called} must have a static shape N,C,H,W or N,H,W,C (or N,F without an image)"
    require(static, where, contract, shape, hint="export it with one", kind=ArtifactError)
    kind = TensorProto.DataType.Name(tensor.elem_type)
    hint = "the model must see the pixels as real numbers; --pixels says how"
    require(kind == "FLOAT", where, f"{called} must be of type FLOAT", kind, hint=hint,
            kind=ArtifactError)  # fmt: skip
