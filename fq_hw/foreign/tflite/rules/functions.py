"""Functions of one number: each is a table of 256, and rises, so it is 255 thresholds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fq_hw.data.meaning import whole
from fq_hw.errors import GraphError, require
from fq_hw.foreign.tflite.arithmetic import Factor
from fq_hw.foreign.tflite.importer import ZERO, Importer, bytes_alike, rule
from fq_hw.foreign.tflite.reading import Operator


@rule("RELU", "RELU6", "RELU_N1_TO_1")
def relu(importer: Importer, op: Operator) -> str:
    source, x, y = importer.ends(op)
    zero, ways = int(y.zero[0]), {"RELU": (0, None), "RELU6": (0, 6), "RELU_N1_TO_1": (-1, 1)}
    low, high = (
        None if end is None else zero + int(whole(np.float32(end) / y.scale[0]))
        for end in ways[op.kind]
    )
    factor = Factor.of(np.float64(x.scale[0] / y.scale[0]))
    return table(importer, op, source, lambda q: np.clip(factor.times(q) + zero, low, high))


@rule("LEAKY_RELU")
def leaky_relu(importer: Importer, op: Operator) -> str:
    source, x, y = importer.ends(op)
    slope = np.float32(op.options["Alpha"])
    contract = "alpha must not be negative"
    require(slope >= 0, op.where, contract, float(slope), kind=GraphError)
    above = Factor.of(np.float64(x.scale[0] / y.scale[0]))
    below = Factor.of(np.float64(x.scale[0] * slope / y.scale[0]))
    zero = int(y.zero[0])
    return table(importer, op, source,
                 lambda q: np.where(q >= 0, above.times(q), below.times(q)) + zero)  # fmt: skip


@rule("LOGISTIC", "TANH")
def squashed(importer: Importer, op: Operator) -> str:
    """The kernel's table: float32 numbers, rounded half away from 0."""
    source, x, y = importer.ends(op)
    function = np.tanh if op.kind == "TANH" else lambda real: 1 / (1 + np.exp(-real))
    share, zero = 1 / y.scale[0], int(y.zero[0])

    def made(q: np.ndarray) -> np.ndarray:
        return whole(function(x.scale[0] * q.astype(np.float32)) * share) + zero

    return table(importer, op, source, made)


@rule("QUANTIZE")
def quantize(importer: Importer, op: Operator) -> str:
    """Another scale; at the network's ends another type, whose numbers are the same bytes."""
    if op.outputs[0] == importer.entry:
        return importer.made[op.outputs[0]]
    source, x = importer.source(op)
    y = importer.tensor(op.outputs[0])
    if op.outputs[0] in importer.leaving:
        contract = "must make uint8 of the same scale, zero point 128 more, at the end"
        require(bytes_alike(y, x), op.where, contract, kind=GraphError)
        importer.aside.add(op.outputs[0])
        return source
    source, x, y = importer.ends(op)
    factor, zero = Factor.of(np.float64(x.scale[0]) / np.float64(y.scale[0])), int(y.zero[0])
    return table(importer, op, source, lambda q: factor.times(q) + zero)


def table(
    importer: Importer, op: Operator, source: str, function: Callable[[np.ndarray], np.ndarray]
) -> str:
    """Levels of levels, by what the kernel makes of an integer less its zero point."""
    x, y = importer.tensor(op.inputs[0]), importer.tensor(op.outputs[0])
    zero = ZERO + int(x.zero[0])
    return importer.requantize(op, source, lambda level: function(level - zero), y)
