"""What a byte is to a model that quantizes its input: the number of which it makes that byte."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import onnx
from onnx import helper
from qonnx.core.modelwrapper import ModelWrapper

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.node import described
from fq_hw.foreign.pixels import PIXELS, PixelRange, Pixels

__all__ = ["image_of", "pixels_of", "range_doubt"]

MOVING = ("Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze")
FAR = 2  # times what both share: a quantizer that was calibrated on such pixels is not so wide
HINT = "choose other --pixels"


def image_of(model: ModelWrapper) -> onnx.ValueInfoProto:
    """The model's one input that is no constant."""
    (image,) = (i for i in model.graph.input if model.get_initializer(i.name) is None)
    return image


def pixels_of(model: ModelWrapper, pixels: PixelRange) -> Pixels:
    """What a byte of the model's input is.

    Raises GraphError where the model is asked, and no quantizer of 8 bits reads the input first.
    """
    if pixels is not PixelRange.MODEL:
        return PIXELS[pixels]
    image = image_of(model).name
    node, where = first_reader(model.graph, image), f"input {image!r}"
    kind = node.op_type if node is not None else "nothing"
    contract = "a quantizer must read it first, which says what a byte is"
    known = kind in ("IntQuant", "Quant", "QuantizeLinear")
    require(known, where, contract, kind, hint=HINT, kind=GraphError)
    where = described(node)
    parts = [model.get_initializer(name) for name in node.input[1:]]
    lone = all(part is not None and part.size == 1 for part in parts)
    contract = "must have one constant scale, and one zero point, for the whole input"
    require(lone, where, contract, hint=HINT, kind=GraphError)
    scale, zero, low, high = (quant if len(parts) == 3 else quantize_linear)(node, parts)
    contract = "must have a positive scale and 256 codes, zero among them"
    fits = scale > 0 and np.isfinite(scale) and high - low == 255
    require(fits and low <= zero <= high, where, contract, (scale, zero, low, high), hint=HINT,
            kind=GraphError)  # fmt: skip
    return Pixels(Fraction(scale), Fraction(zero - low))


def range_doubt(model: ModelWrapper, pixels: PixelRange) -> str:
    """A line where the model's own quantizer takes a far wider or narrower range than pixels."""
    try:
        own = pixels_of(model, PixelRange.MODEL)
    except GraphError:
        return ""
    (low, high), (least, most) = (p.real(np.array([0, 255])).tolist()
                                  for p in (own, pixels_of(model, pixels)))  # fmt: skip
    if FAR * (min(high, most) - max(low, least)) > max(high - low, most - least):
        return ""
    return (
        f"the model's first quantizer takes {low:.4g} to {high:.4g}, and its pixels are "
        f"{least:.4g} to {most:.4g}; where it saw other inputs in training, "
        "choose other --pixels ('model' has it from that quantizer)"
    )


def first_reader(graph: onnx.GraphProto, image: str) -> onnx.NodeProto | None:
    """The node that first does more with the input than to move its numbers."""
    alike = {image}
    for node in graph.node:  # in topological order
        if node.input and node.input[0] in alike:
            if node.op_type not in MOVING:
                return node
            alike.add(node.output[0])
    return None


def quantize_linear(
    node: onnx.NodeProto, parts: list[np.ndarray]
) -> tuple[float, float, float, float]:
    """Scale, zero point, lowest and highest code of a QuantizeLinear node."""
    zero = parts[1].reshape(()) if len(parts) > 1 else np.uint8(0)
    ends = np.iinfo(zero.dtype) if zero.dtype.kind in "iu" else np.finfo(zero.dtype)
    return float(parts[0].reshape(())), float(zero), float(ends.min), float(ends.max)


def quant(node: onnx.NodeProto, parts: list[np.ndarray]) -> tuple[float, float, float, float]:
    """The same of a Quant node, whose third constant is the bit width."""
    scale, zero, bits = (float(part.reshape(())) for part in parts)
    named = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    low = -(2 ** (bits - 1)) if named.get("signed", 1) else 0.0
    return scale, zero, low, low + 2**bits - 1
