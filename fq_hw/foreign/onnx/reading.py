"""Reading an ONNX file: checks that cost little first, then qonnx's cleaning."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import external_data_helper, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.transformation.qcdq_to_qonnx import QCDQToQuant
from qonnx.util.cleanup import cleanup_model

from fq_hw.errors import ArtifactError, require

__all__ = ["MOST_BYTES", "NEWEST_OPSET", "read"]

MOST_BYTES = 100 * 2**20  # a network for small FPGAs has a few megabytes
NEWEST_OPSET = onnx.defs.onnx_opset_version()
OWN_DOMAINS = ("qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general")


def read(path: Path) -> ModelWrapper:
    """The cleaned model of ``path``: static shapes, constants folded, quantizers kept.

    Raises ArtifactError, in one line, for what is not an ONNX model that stands by itself.
    """
    where = str(path)
    require(path.is_file(), where, "must be an ONNX file", "a missing one", kind=ArtifactError)
    size = os.path.getsize(path)
    contract = f"must have 1 to {MOST_BYTES:,} bytes"
    require(0 < size <= MOST_BYTES, where, contract, size, kind=ArtifactError)
    try:
        model = onnx.load_model(path, load_external_data=False)
    except (DecodeError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{where}: is no ONNX model ({error}); export it again") from error
    check(model, where)
    return clean(model, where)


def check(model: onnx.ModelProto, where: str) -> None:
    """Refuse what neither onnx nor qonnx would refuse clearly."""
    require(model.graph.node, where, "must hold nodes; is it an ONNX model?", 0, kind=ArtifactError)
    for opset in model.opset_import:
        new = opset.domain in ("", "ai.onnx") and opset.version > NEWEST_OPSET
        contract = f"must be of opset {NEWEST_OPSET} or older; export it with a lower opset"
        require(not new, where, contract, opset.version, kind=ArtifactError)
    for tensor in model.graph.initializer:
        outside = external_data_helper.uses_external_data(tensor)
        contract = f"must hold its weights itself; {tensor.name!r} must not be external data"
        require(not outside, where, contract, "another file", kind=ArtifactError)
    made = {i.name for i in model.graph.input} | {t.name for t in model.graph.initializer}
    made.add("")  # an input that is left out
    for node in model.graph.node:
        missing = [name for name in node.input if name not in made]
        contract = f"node {node.name or node.op_type!r} must come after what it reads"
        require(
            not missing, where, f"{contract} (or there is a cycle)", missing, kind=ArtifactError
        )
        made.update(node.output)
    constants = {t.name for t in model.graph.initializer}
    inputs = [i for i in model.graph.input if i.name not in constants]
    names = [i.name for i in inputs]
    require(len(inputs) == 1, where, "must have one input, the image", names, kind=ArtifactError)
    names = [o.name for o in model.graph.output]
    require(len(names) == 1, where, "must have one output, the scores", names, kind=ArtifactError)
    shape = [d.dim_value if d.HasField("dim_value") else d.dim_param or "?"
             for d in inputs[0].type.tensor_type.shape.dim]  # fmt: skip
    static = len(shape) == 4 and all(isinstance(n, int) and n >= 1 for n in shape[1:])
    contract = f"input {names and inputs[0].name!r} must have a static shape N,C,H,W or N,H,W,C"
    require(static, where, f"{contract}; export it with one", shape, kind=ArtifactError)


def name_weights(model: onnx.ModelProto) -> None:
    """Weights stored as bytes behind a DequantizeLinear become float ones behind a Quant.

    qonnx does so too, but only where one scale serves the whole tensor.
    """
    tensors = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    for node in model.graph.node:
        known = node.op_type == "DequantizeLinear" and all(name in tensors for name in node.input)
        if not known:
            continue
        codes, scale = (tensors[name] for name in node.input[:2])
        zero = tensors[node.input[2]] if len(node.input) > 2 else np.zeros(1)
        axis = next((a.i for a in node.attribute if a.name == "axis"), 1) % max(codes.ndim, 1)
        shape = [-1 if n == axis else 1 for n in range(codes.ndim)] if scale.size > 1 else []
        scale, zero = scale.reshape(shape), zero.reshape(shape) if zero.any() else np.zeros(())
        parts = ((codes - zero) * scale, scale, zero, np.array(8 * codes.itemsize))
        names = [f"{node.output[0]}_{part}" for part in ("real", "scale", "zero", "bits")]
        model.graph.initializer.extend(
            numpy_helper.from_array(part.astype(np.float32), name)
            for part, name in zip(parts, names, strict=True)
        )
        signed = int(np.issubdtype(codes.dtype, np.signedinteger))
        quant = helper.make_node(
            "Quant", names, list(node.output), node.name, domain=OWN_DOMAINS[0],
            signed=signed, narrow=0, rounding_mode="ROUND",
        )  # fmt: skip
        node.CopyFrom(quant)


def clean(model: onnx.ModelProto, where: str) -> ModelWrapper:
    """Shapes inferred, constants folded, names unique; QCDQ pairs become quantizers."""
    for node in model.graph.node:
        if node.domain in OWN_DOMAINS:
            node.domain = OWN_DOMAINS[0]
    for tensor in (*model.graph.input, *model.graph.output):  # one image at a time
        dims = tensor.type.tensor_type.shape.dim
        if dims and tensor.name not in {t.name for t in model.graph.initializer}:
            dims[0].dim_value = 1
    del model.graph.value_info[:]  # of another batch, maybe
    name_weights(model)
    if OWN_DOMAINS[0] not in {opset.domain for opset in model.opset_import}:
        model.opset_import.append(onnx.helper.make_opsetid(OWN_DOMAINS[0], 1))
    try:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            wrapped = ModelWrapper(model)
            if any(node.op_type == "DequantizeLinear" for node in model.graph.node):
                wrapped = wrapped.transform(InferShapes()).transform(QCDQToQuant())
            return cleanup_model(wrapped)
    except Exception as error:  # qonnx and onnx raise whatever they meet
        said = str(error).strip().splitlines() or [type(error).__name__]
        message = f"{where}: onnx or qonnx cannot read it ({said[0][:200]}); check it with onnx"
        raise ArtifactError(message) from error
