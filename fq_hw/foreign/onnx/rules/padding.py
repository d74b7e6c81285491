"""The level that stands for a number around an image, made where a quantizer has none."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.exact import FAR
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.node import OnnxNode
from fq_hw.foreign.onnx.values import Feature, uniform

__all__ = ["with_level", "with_zero"]

MOST = 255  # of a code


def with_zero(
    importer: Importer, node: OnnxNode, x: Feature, part: str = ""
) -> tuple[Feature, int]:
    """The input with a level that is worth 0, and that level.

    Where there is none, as with -1 and +1, the codes are spread: x becomes factor * x + offset,
    with the zero between them. ``part`` tells what several tensors that ``node`` reads become.
    """
    return with_level(importer, node, x, 0.0, part)


def with_level(
    importer: Importer, node: OnnxNode, x: Feature, value: float, part: str = ""
) -> tuple[Feature, int]:
    """The same for any number."""
    zero = uniform((Fraction(value) - x.shift) / x.scale)
    contract = (
        f"padding is with {value:g}, which must be a level of the input, or halfway between two"
    )
    hint = "quantize the image, or choose other --pixels" if x.pixels is not None else ""
    require(zero is not None, node.where, contract, kind=GraphError)
    if zero.denominator == 1 and 0 <= zero <= MOST:
        return x, int(zero)
    factor, high = zero.denominator, int(importer.types[x.op].high.max())
    level = int(zero * factor)
    offset = max(-level, 0)
    most = max(factor * high, level) + offset
    fits = factor <= 2 and most <= MOST and x.pixels is None
    require(fits, node.where, contract, float(zero), hint=hint, kind=GraphError)
    bits = most.bit_length()
    codes = np.arange(high + 1) * factor + offset  # ascending: code n is reached from its place on
    reached = np.searchsorted(codes, np.arange(1, 2**bits))
    levels = np.tile(np.where(reached > high, FAR, reached), (x.channels, 1))
    name = importer.add("threshold", node, x.op, suffix=f"{part}.spread", levels=levels,
                    sign=np.ones(x.channels, np.int8), out_bits=bits)  # fmt: skip
    scale = x.scale / factor
    spread = replace(x, op=name, scale=scale, shift=x.shift - scale * offset, edges=None,
                     source=None, known=None)  # fmt: skip
    return spread, level + offset
