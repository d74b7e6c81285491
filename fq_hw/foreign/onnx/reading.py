"""Reading an ONNX file: checks that cost little first, then qonnx's cleaning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.fold_constants import FoldConstants
from qonnx.transformation.general import GiveUniqueNodeNames, GiveUniqueParameterTensors
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.transformation.quant_constant_folding import FoldTransposeIntoQuantInit

from fq_hw.errors import ArtifactError, FqHwError, require
from fq_hw.files import read_bytes
from fq_hw.foreign.apart import apart
from fq_hw.foreign.onnx.attributes import OWN_DOMAINS
from fq_hw.foreign.onnx.channels_last import in_standard
from fq_hw.foreign.onnx.checks import STANDARD, check, name_kernels
from fq_hw.foreign.onnx.constants import QUANTIZERS, check_constants, check_sizes, check_total

__all__ = ["MOST_BYTES", "read"]

MOST_BYTES = 100 * 2**20  # a network for small FPGAs has a few megabytes
NAMED_IN_NO_DOMAIN = ("Quant", "IntQuant", "BipolarQuant", "Trunc")  # by some exporters
NEVER_SAME = (
    "Bernoulli", "Dropout", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform",
    "RandomUniformLike",
)  # fmt: skip
KEPT = (*QUANTIZERS, *NEVER_SAME)  # are no constants, whatever they read
IR = 10  # version of ONNX's files that onnxruntime knows


def read(path: Path) -> ModelWrapper:
    """The cleaned model of ``path``: static shapes, constants folded, quantizers kept.

    Raises ArtifactError, in one line, for what is not an ONNX model that stands by itself.
    """
    found = apart(lambda: cleaned(path), str(path))
    return wrapped_up(onnx.ModelProto.FromString(found))


def wrapped_up(model: onnx.ModelProto) -> ModelWrapper:
    """For qonnx, which need not look for the shapes that inference finds."""
    return ModelWrapper(model, fix_missing_initializer_valueinfo=False)


def cleaned(path: Path) -> bytes:
    """The same as a file's content."""
    where = str(path)
    raw = read_bytes(path, where, most=MOST_BYTES, hint="give an ONNX file")
    try:
        model = onnx.ModelProto.FromString(raw)
    except (DecodeError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{where}: is no ONNX model ({error}); export it again") from error
    check(model, where)
    in_standard(model.graph)
    name_kernels(model.graph, where)
    found = clean(model, where).SerializeToString()
    contract = f"its constants must have at most {MOST_BYTES:,} bytes when they are computed"
    require(len(found) <= MOST_BYTES, where, contract, len(found), kind=ArtifactError)
    return found


def bare(model: onnx.ModelProto) -> onnx.ModelProto:
    """The network alone: no notes, which qonnx would execute as Python, one image, two domains."""
    (opset,) = {o.version for o in model.opset_import if o.domain in STANDARD}
    own = [o.version for o in model.opset_import if o.domain in OWN_DOMAINS]
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid(OWN_DOMAINS[0], max(own or [1]))]
    graph = model.graph
    constants = {t.name for t in graph.initializer}
    images = [i for i in graph.input if i.name not in constants]
    found = helper.make_graph(graph.node, "network", images, graph.output, graph.initializer)
    for image in found.input:
        image.type.tensor_type.shape.dim[0].dim_value = 1
    for node in found.node:
        own_kind = node.domain in OWN_DOMAINS or node.op_type in NAMED_IN_NO_DOMAIN
        node.domain = OWN_DOMAINS[0] if own_kind else ""
    return helper.make_model(found, opset_imports=opsets)


def clean(model: onnx.ModelProto, where: str) -> onnx.ModelProto:
    """Shapes inferred, constants folded, every tensor and node with a name of its own."""
    try:
        wrapped = inferred(wrapped_up(bare(model)), where)
        fold_shapes(wrapped)
        wrapped = fold_constants(wrapped, where)
        for step in (
            GiveUniqueParameterTensors(),
            FoldConstants(exclude_op_types=list(KEPT)),
            FoldTransposeIntoQuantInit(),
            GiveUniqueNodeNames(),
        ):
            wrapped = wrapped.transform(step, make_deepcopy=False, cleanup=False)
        wrapped.cleanup()
    except (FqHwError, MemoryError):
        raise
    except Exception as error:  # qonnx and onnx raise whatever they meet
        said = str(error).strip().splitlines() or [type(error).__name__]
        message = f"{where}: onnx or qonnx cannot read it ({said[0][:200]}); check it with onnx"
        raise ArtifactError(message) from error
    check_constants(wrapped.graph, where)
    name_tensors(wrapped.graph)
    return wrapped.model


def inferred(model: ModelWrapper, where: str) -> ModelWrapper:
    """With the shape and type of every tensor that onnx infers.

    What the file says of its output may be of another batch, or wrong; so it is not asked.
    """
    (name,) = (tensor.name for tensor in model.graph.output)
    del model.graph.output[:]
    model = model.transform(InferShapes(), make_deepcopy=False, cleanup=False)
    check_sizes(model.graph, where)
    unknown = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
    model.graph.output.append(model.get_tensor_valueinfo(name) or unknown)
    for tensor in [tensor for tensor in model.graph.value_info if tensor.name == name]:
        model.graph.value_info.remove(tensor)
    return model


def fold_shapes(model: ModelWrapper) -> None:
    """Shape nodes become constants: exporters compute what a Reshape makes by them."""
    for node in [node for node in model.graph.node if node.op_type == "Shape"]:
        shape = model.get_tensor_shape(node.input[0])
        ends = {a.name: a.i for a in node.attribute}
        if shape and 0 not in shape:
            found = np.array(shape[ends.get("start") : ends.get("end")], np.int64)
            model.graph.initializer.append(numpy_helper.from_array(found, node.output[0]))
            model.graph.node.remove(node)


def fold_constants(model: ModelWrapper, where: str) -> ModelWrapper:
    """Nodes of ONNX that read constants alone become constants, computed in one go.

    qonnx takes a fifth of a second for each of them.
    """
    graph, nodes = model.graph, []
    known = {t.name for t in graph.initializer} | {""}
    for node in graph.node:
        kept = node.domain or node.op_type in KEPT
        if not kept and known.issuperset(node.input):
            nodes.append(node)
            known.update(node.output)
    if not nodes:
        return model
    check_total(graph, {name for node in nodes for name in node.output}, where)
    places = {id(node) for node in nodes}
    others = [node for node in graph.node if id(node) not in places]
    read = {name for node in others for name in node.input} | {o.name for o in graph.output}
    wanted = [name for node in nodes for name in node.output if name and name in read]
    results = [helper.make_empty_tensor_value_info(name) for name in wanted]
    inputs = {name for node in nodes for name in node.input}
    used = [t for t in graph.initializer if t.name in inputs]
    alone = helper.make_graph(nodes, "constants", [], results, used)
    standard = [o for o in model.model.opset_import if o.domain == ""]
    content = helper.make_model(alone, opset_imports=standard, ir_version=IR).SerializeToString()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    computed = onnxruntime.InferenceSession(content, options).run(wanted, {}) if wanted else []
    del graph.node[:]
    graph.node.extend(others)
    for name, array in zip(wanted, computed, strict=True):
        graph.initializer.append(numpy_helper.from_array(array, name))
    return model.transform(InferShapes(), make_deepcopy=False, cleanup=False)


def name_tensors(graph: onnx.GraphProto) -> None:
    """Call tensors after the nodes that make them or read them first, as qonnx would.

    qonnx itself renames one input of a node that reads a tensor twice.
    """
    constants, names = {t.name for t in graph.initializer}, {"": ""}
    for number, tensor in enumerate(graph.input):
        names[tensor.name] = f"global_in_{number}" if number else "global_in"
    for node in graph.node:
        read = [name for name in node.input if name in constants and name not in names]
        names |= {name: f"{node.name}_param{n}" for n, name in enumerate(dict.fromkeys(read))}
        names |= {name: f"{node.name}_out{n}" for n, name in enumerate(node.output) if name}
    for tensor in graph.output:
        names[tensor.name] = "global_out"
    for tensor in (*graph.input, *graph.output, *graph.initializer, *graph.value_info):
        tensor.name = names.get(tensor.name, tensor.name)
    for annotation in graph.quantization_annotation:
        annotation.tensor_name = names.get(annotation.tensor_name, annotation.tensor_name)
    for node in graph.node:
        node.input[:] = [names[name] for name in node.input]
        node.output[:] = [names[name] for name in node.output]
