"""Tensors whose real values fall as their integers rise, made to rise."""

from __future__ import annotations

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.exact import FAR
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import OnnxNode
from fq_hw.foreign.onnx.quantize import MOST_BITS
from fq_hw.foreign.onnx.values import Feature, Twin

__all__ = ["rising"]


def rising(importer: Importer, node: OnnxNode, x: Feature) -> Feature:
    """The same real numbers with no scale below 0: what a sum needs.

    A convolution's weights are negated; levels are counted from the other end, by their quantizer
    or behind whatever else made them.
    """
    falls = x.scale < 0
    if not falls.any():
        return x
    op = next(n for n in importer.nodes if n["name"] == x.op)
    contract = "sums times a negative number must come from a convolution"
    few = x.levels and importer.types[x.op].high.max() < 2**MOST_BITS
    known = op["op"] in ("conv", "threshold") or few
    require(known, node.where, contract, hint="quantize it", kind=GraphError)
    names = (f"{x.op}.falling{number}" for number in range(len(importer.nodes)))
    name, most = next(name for name in names if name not in importer.types), 0
    if op["op"] == "conv":
        weight = np.where(falls[:, None, None, None], -op["weight"], op["weight"])
        made = {**op, "name": name, "scale": None, "weight": weight}
    elif op["op"] == "threshold":  # most - #{t: s * x >= t} = #{t: -s * x >= 1 - t}
        most, levels = 2 ** op["out_bits"] - 1, op["levels"]
        turned = np.where(falls[:, None], (1 - levels)[:, ::-1].clip(-FAR, FAR), levels)
        sign = np.where(falls, -op["sign"], op["sign"]).astype(np.int8)
        made = {**op, "name": name, "scale": None, "levels": turned, "sign": sign}
    else:
        most = int(importer.types[x.op].high.max())
        most = most if x.edges is None else max(most, x.edges.shape[1])  # codes that never come
        made = {"name": name, "inputs": [x.op], **counted_down(falls, most)}
    importer.append(made)
    importer.twins[x.op] = Twin(op=name, falls=falls, most=most)
    return importer.twins[x.op].of(x)


def counted_down(falls: np.ndarray, most: int) -> dict[str, object]:
    """An op that makes most - x of the channels that fall: a table, unless others do not."""
    if falls.all():
        return {"op": "lookup", "table": most - np.arange(most + 1)}
    bits = max(most.bit_length(), 1)
    steps = np.pad(np.arange(1, most + 1), (0, 2**bits - 1 - most), constant_values=FAR)
    down = np.pad(np.arange(1 - most, 1), (0, 2**bits - 1 - most), constant_values=FAR)
    return {"op": "threshold", "levels": np.where(falls[:, None], down, steps), "out_bits": bits,
            "sign": np.where(falls, -1, 1).astype(np.int8)}  # fmt: skip
