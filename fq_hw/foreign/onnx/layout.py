"""How a model sees the image: its shape, and which axis holds the colours."""

from __future__ import annotations

import math

import onnx
from onnx import helper

from fq_hw.errors import GraphError, require

__all__ = ["image_shape"]

COLOURS = (1, 3, 4)
MOST_COLOURS = 1_024  # of a pixel: each has a table of 256 values
MOST_FEATURES = 64  # of N,F that come as the colours of one pixel; more come one after the other
KEEP = (  # kinds that treat every axis alike: what stands behind them decides
    "Abs", "Add", "BipolarQuant", "Cast", "Celu", "Clip", "DequantizeLinear", "Div", "Dropout",
    "Elu", "Erf", "Gelu", "HardSigmoid", "HardSwish", "Identity", "IntQuant", "LeakyRelu", "Mish",
    "Mul", "Neg", "Quant", "QuantizeLinear", "Relu", "Selu", "Sigmoid", "Sign", "Softplus",
    "Softsign", "Sub", "Swish", "Tanh",
)  # fmt: skip
LAST = ([0, 3, 1, 2], [0, 2, 1])  # permutations that bring channels from the last axis to axis 1


def image_shape(
    graph: onnx.GraphProto, image: onnx.ValueInfoProto, given: tuple[int, int, int] | None = None
) -> tuple[tuple[int, int, int], dict[str, bool]]:
    """H,W,C of the image, and how the model has it: channels last, flat (N,F), one row (N,C,W).

    N,C,H,W and N,H,W,C are told apart by the first node that treats the axes differently: a
    Transpose to N,C,H,W means that they come last. Only where there is none, as before a Flatten,
    does the number of colours decide. What N,F are the pixels of, ``given`` says, H,W and 1.
    """
    dims = [d.dim_value for d in image.type.tensor_type.shape.dim]
    where = f"input {image.name!r}"
    contract = "must have a static shape N,C,H,W, N,H,W,C, N,C,W, N,W,C or N,F"
    fits = len(dims) in (2, 3, 4) and math.prod(dims) > 0
    require(fits, where, contract, dims, kind=GraphError)
    if len(dims) == 2 and given is not None:
        contract = f"its {dims[1]} features must be the pixels of an image of one colour"
        fits = math.prod(given) == dims[1] and (given[2] == 1 or given[:2] == (1, 1))
        require(fits, where, contract, given, kind=GraphError)
        return given, {"flat": True}
    if len(dims) == 2:
        wide = dims[1] > MOST_FEATURES
        return ((1, dims[1], 1) if wide else (1, 1, dims[1])), {"flat": True}
    last = channels_last(graph, image.name)
    if last is None:
        last = dims[-1] in COLOURS and dims[1] not in COLOURS
    sides, channels = (dims[1:-1], dims[-1]) if last else (dims[2:], dims[1])
    row = len(sides) == 1
    shape = (*([1] if row else []), *sides, channels)
    contract = f"must have at most {MOST_COLOURS:,} channels"
    require(shape[2] <= MOST_COLOURS, where, contract, shape[2], kind=GraphError)
    contract = f"is an image {shape}"
    require(given in (None, shape), where, contract, given, kind=GraphError)
    return shape, {"last": last, "row": row}


def channels_last(graph: onnx.GraphProto, image: str) -> bool | None:
    """What the first node that treats the axes differently says; None where there is none."""
    alike = {image}
    for node in graph.node:  # in topological order
        if alike.isdisjoint(node.input):
            continue
        if node.op_type in KEEP:
            alike.add(node.output[0])
        elif node.op_type == "Transpose":
            return any(list(a.ints) in LAST for a in node.attribute if a.name == "perm")
        elif node.op_type == "MultiThreshold":
            layouts = [helper.get_attribute_value(a) for a in node.attribute
                       if a.name == "data_layout"]  # fmt: skip
            return layouts in ([b"NHWC"], [b"NWC"])
        elif node.op_type not in ("Flatten", "Reshape"):
            return False
    return None
