"""qonnx's Trunc: the low bits of an integer are dropped, behind averages above all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
from qonnx.custom_op.general.quant import max_int, min_int, resolve_rounding_mode

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import OnnxNode, Value, rule
from fq_hw.foreign.onnx.quantize import ROUNDING, Steps
from fq_hw.foreign.onnx.rules.quantizers import quantized

__all__: list[str] = []  # rules declare themselves

MOST_INTEGERS = 2**20  # whose results are tried one by one


@rule("Trunc", honours=("rounding_mode", "signed", "narrow"))
def trunc(importer: Importer, node: OnnxNode) -> Value:
    x, scale, zero = node.feature(), fraction(node, 1), fraction(node, 2)
    newer = "signed" in node.attributes  # version 2 has a scale of its result
    require(scale > 0, node.where, "scale must be positive", float(scale), kind=GraphError)
    plain = x.pixels is None and x.curve is None
    require(plain, node.where, "input must be quantized", kind=GraphError)
    out_scale, bits = scale, node.number(5 if newer else 4)
    dropped = node.number(3) - bits
    if newer:
        out_scale = fraction(node, 4)
        contract = "output scale must be positive"
        require(out_scale > 0, node.where, contract, float(out_scale), kind=GraphError)
        dropped = np.round(np.log2(float(out_scale / scale)))
    contract = "must drop a whole number of bits, 0 to 16"
    require(dropped in range(17), node.where, contract, dropped, kind=GraphError)
    lowest, highest = importer.real_range(x)
    ends = [round(end / scale + zero) for end in (min(lowest), max(highest))]
    contract = f"must read at most {MOST_INTEGERS:,} different integers"
    few = ends[1] - ends[0] < MOST_INTEGERS
    require(few, node.where, contract, ends, kind=GraphError)
    integers = np.arange(ends[0], ends[1] + 1)
    results = integers / 2.0**dropped
    if newer:
        signed, narrow = (bool(node.attributes[name]) for name in ("signed", "narrow"))
        results = results.clip(min_int(signed, narrow, bits), max_int(signed, narrow, bits))
    results = rounding(node)(results)
    low, high = int(results[0]), int(results[-1])
    contract = "must give 2 to 256 different values"
    require(1 <= high - low < 256, node.where, contract, high - low + 1, kind=GraphError)
    first = integers[np.searchsorted(results, np.arange(low + 1, high + 1))].tolist()
    origin = zero / 2 ** int(dropped) if newer else zero
    steps = Steps(
        edges=np.array([[(n - Fraction(1, 2) - zero) * scale for n in first]], object),
        exclusive=np.array([[n % 2 == 1 for n in first]]),  # the input is rounded half to even
        scale=out_scale,
        shift=(low - origin) * out_scale,
        reference=never,
    )
    return quantized(importer, node, replace(x, known=None), steps)


def fraction(node: OnnxNode, index: int) -> Fraction:
    """A constant number as float32 has it."""
    return Fraction(float(np.float32(node.number(index))))


def never(real: np.ndarray) -> np.ndarray:
    """Only an image that is not quantized is looked up; that is refused."""
    raise NotImplementedError


def rounding(node: OnnxNode) -> Callable[[np.ndarray], np.ndarray]:
    """qonnx's own function of the node's rounding mode."""
    mode = str(node.attributes["rounding_mode"]).upper()
    contract = f"rounding_mode must be one of {', '.join(ROUNDING)}"
    require(mode in ROUNDING, node.where, contract, mode, kind=GraphError)
    return resolve_rounding_mode(mode)
