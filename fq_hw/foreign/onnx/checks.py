"""What neither onnx nor qonnx would refuse clearly: checked before they see the model."""

from __future__ import annotations

import math

import onnx
from onnx import AttributeProto, helper

from fq_hw.errors import ArtifactError, require
from fq_hw.files import check_line
from fq_hw.foreign.onnx.attributes import OWN_DOMAINS
from fq_hw.foreign.onnx.channels_last import CHANNELS_LAST, LAST_KINDS
from fq_hw.foreign.onnx.constants import QUANTIZERS, check_constants, type_name
from fq_hw.foreign.onnx.node import RULES

__all__ = ["MOST_NODES", "NEWEST_OPSET", "OLDEST_OPSET", "check", "name_kernels"]

NEWEST_OPSET = onnx.defs.onnx_opset_version()
OLDEST_OPSET = 7  # the oldest that onnxruntime executes
MOST_NODES = 1_000  # a network of 150 layers has about as many
MOST_IMAGE = 2**24  # values of an image
STANDARD = ("", "ai.onnx")
COUNTS = (  # attributes that onnx may divide by
    "block_size", "blocksize", "dilations", "group", "kernel_shape", "num_groups", "num_outputs",
    "strides",
)  # fmt: skip
PLAIN = ("FLOAT", "INT", "STRING", "TENSOR", "FLOATS", "INTS", "STRINGS")  # types of attributes


def check(model: onnx.ModelProto, where: str) -> None:
    """Refuse what is not one network from one image to its scores."""
    graph = model.graph
    hint = "is it an ONNX model?"
    require(graph.node, where, "must hold nodes", hint=hint, kind=ArtifactError)
    count, contract = len(graph.node), f"must have at most {MOST_NODES:,} nodes"
    require(count <= MOST_NODES, where, contract, count, kind=ArtifactError)
    contract, hint = "has functions of its own", "export it without, or inline them with onnx"
    require(not model.functions, where, contract, hint=hint, kind=ArtifactError)
    check_opset(model, where)
    check_names(graph, where)
    for node in graph.node:
        check_node(node, where)
    check_order(graph, where)
    check_constants(graph, where)
    check_ends(graph, where)


def check_opset(model: onnx.ModelProto, where: str) -> None:
    """Refuse versions of ONNX that are unknown, or several."""
    found = sorted({o.version for o in model.opset_import if o.domain in STANDARD})
    fits = len(found) == 1 and OLDEST_OPSET <= found[0] <= NEWEST_OPSET
    contract = f"must be of opset {OLDEST_OPSET} to {NEWEST_OPSET}"
    hint = "export it again, or convert it with onnx.version_converter"
    require(fits, where, contract, found, hint=hint, kind=ArtifactError)


def check_names(graph: onnx.GraphProto, where: str) -> None:
    """Refuse names that are no line, which could forge a message, and constants of one name."""
    constants = [t.name for t in graph.initializer]
    for name in (*constants, *(t.name for t in (*graph.input, *graph.output))):
        check_line(name, f"{where}: a tensor")
    for node in graph.node:
        check_line(node.name or "none", f"{where}: a node")
        check_line(node.op_type, f"{where}: the kind of node {node.name!r}")
        check_line(node.domain or "none", f"{where}: the domain of node {node.name!r}")
        for name in (*node.input, *node.output):
            check_line(name or "none", f"{where}: a tensor of node {node.name!r}")
        for a in node.attribute:
            check_line(a.name, f"{where}: an attribute of node {node.name!r}")
    inputs = [i.name for i in graph.input]
    for names, what in ((constants, "constants"), (inputs, "inputs")):
        twice = sorted({name for name in names if names.count(name) > 1})
        contract = f"two {what} must not have one name"
        require(not twice, where, contract, twice, kind=ArtifactError)


def check_node(node: onnx.NodeProto, where: str) -> None:
    """Refuse kinds that would not be onnx's or ours, and attributes that onnx cannot bear.

    qonnx imports the Python module that a domain names.
    """
    called = f"{where}: node {node.name or node.op_type!r}"
    domains = ("", *OWN_DOMAINS, CHANNELS_LAST)
    known = node.domain in (*STANDARD, *domains)
    contract = f"must be of a domain of {', '.join(map(repr, domains))}"
    require(known, called, contract, node.domain, kind=ArtifactError)
    kinds = LAST_KINDS if node.domain == CHANNELS_LAST else sorted(RULES)
    ours = node.domain in STANDARD or node.op_type in kinds
    contract = f"is not supported; of domain {node.domain!r} are {', '.join(kinds)}"
    require(ours, called, contract, node.op_type, kind=ArtifactError)
    names = [a.name for a in node.attribute]
    require(len({*names}) == len(names), called, "has an attribute twice", names,
            kind=ArtifactError)  # fmt: skip
    require(any(node.output), called, "makes nothing", kind=ArtifactError)
    for a in node.attribute:
        kind = AttributeProto.AttributeType.Name(a.type)
        contract = f"({node.op_type}) holds a graph of its own, which has no hardware"
        inner = kind in ("GRAPH", "GRAPHS")
        require(not inner, called, contract, kind=ArtifactError)
        contract = f"attribute {a.name} must be of type {', '.join(PLAIN)}"
        require(kind in PLAIN, called, contract, kind, kind=ArtifactError)
        least = a.i if kind == "INT" else min(a.ints, default=1)
        contract = f"attribute {a.name} must hold numbers above 0"
        found = list(a.ints) or a.i
        require(a.name not in COUNTS or least >= 1, called, contract, found, kind=ArtifactError)


def check_order(graph: onnx.GraphProto, where: str) -> None:
    """Refuse nodes that read what no node before them makes."""
    made = {t.name for t in (*graph.input, *graph.initializer)} | {""}  # an input that is left out
    for node in graph.node:
        called = f"node {node.name or node.op_type!r}"
        missing = [name for name in node.input if name not in made]
        contract = f"{called} must come after what it reads (or there is a cycle)"
        require(not missing, where, contract, missing, kind=ArtifactError)
        for name in filter(None, node.output):
            contract = f"{called} must not make a tensor that is there already"
            require(name not in made, where, contract, name, kind=ArtifactError)
            made.add(name)


def name_kernels(graph: onnx.GraphProto, where: str) -> None:
    """Give every convolution its kernel_shape: where that is left out, onnx aborts on other ranks.

    Raises ArtifactError for convolutions of other than one or two dimensions.
    """
    shapes = {t.name: list(t.dims) for t in graph.initializer}
    for node in graph.node:
        if (
            node.op_type in ("Conv", "ConvTranspose")
            and len(node.input) > 1
            and node.input[1] in shapes
        ):
            shape = shapes[node.input[1]]
            called = f"node {node.name or node.op_type!r}"
            contract = f"{called} must be of one or two dimensions: weights of 3 or 4 axes"
            require(len(shape) in (3, 4), where, contract, len(shape), kind=ArtifactError)
            if all(a.name != "kernel_shape" for a in node.attribute):
                node.attribute.append(helper.make_attribute("kernel_shape", shape[2:]))
        elif node.op_type == "Constant":
            for a in node.attribute:
                shapes[node.output[0]] = list(a.t.dims)
        elif node.input and node.input[0] in shapes and node.op_type in QUANTIZERS:
            shapes[node.output[0]] = shapes[node.input[0]]  # quantized weights
        elif node.op_type == "Transpose" and node.input and node.input[0] in shapes:
            shape = shapes[node.input[0]]
            perm = next((list(a.ints) for a in node.attribute if a.name == "perm"), [])
            if sorted(perm) == list(range(len(shape))):
                shapes[node.output[0]] = [shape[n] for n in perm]


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
    static = len(shape) in (2, 3, 4) and all(isinstance(n, int) and n >= 1 for n in shape[1:])
    contract = f"{called} must have a static shape N,C,H,W or N,H,W,C (N,C,W or N,W,C of one row, "
    contract += "or N,F without an image)"
    require(static, where, contract, shape, hint="export it with one", kind=ArtifactError)
    fits = math.prod(shape[1:]) <= MOST_IMAGE
    contract = f"{called} must have at most {MOST_IMAGE:,} values"
    require(fits, where, contract, shape, kind=ArtifactError)
    kind = type_name(tensor.elem_type)
    hint = "the model must see the pixels as real numbers; --pixels says how"
    require(kind == "FLOAT", where, f"{called} must be of type FLOAT", kind, hint=hint,
            kind=ArtifactError)  # fmt: skip
