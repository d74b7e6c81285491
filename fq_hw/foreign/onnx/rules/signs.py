"""Tensors whose real values fall as their integers rise, made to rise."""

from __future__ import annotations

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.exact import FAR
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import OnnxNode
from fq_hw.foreign.onnx.values import Feature, Twin

__all__ = ["rising"]


def rising(importer: Importer, node: OnnxNode, x: Feature) -> Feature:
    """The same real numbers with no scale below 0: what a sum needs.

    A convolution's weights are negated; levels are counted from the other end.
    """
    falls = x.scale < 0
    if not falls.any():
        return x
    op = next(n for n in importer.nodes if n["name"] == x.op)
    contract = "a tensor times a negative number must come from a convolution or a quantizer"
    known = op["op"] in ("conv", "threshold") and x.pixels is None
    require(known, node.where, contract, hint="quantize it", kind=GraphError)
    names = (f"{x.op}.falling{number}" for number in range(len(importer.nodes)))
    made = {**op, "name": next(name for name in names if name not in importer.types), "scale": None}
    most = 0
    if op["op"] == "conv":
        made["weight"] = np.where(falls[:, None, None, None], -op["weight"], op["weight"])
    else:  # most - #{t: s * x >= t} = #{t: -s * x >= 1 - t}
        most, levels = 2 ** op["out_bits"] - 1, op["levels"]
        made["levels"] = np.where(falls[:, None], (1 - levels)[:, ::-1].clip(-FAR, FAR), levels)
        made["sign"] = np.where(falls, -op["sign"], op["sign"]).astype(np.int8)
    importer.append(made)
    importer.twins[x.op] = Twin(op=made["name"], falls=falls, most=most)
    return importer.twins[x.op].of(x)
