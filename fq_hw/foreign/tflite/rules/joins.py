"""Where two tensors become one."""

from __future__ import annotations

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.foreign.tflite.arithmetic import Factor
from fq_hw.foreign.tflite.importer import (
    NONE,
    ZERO,
    Importer,
    activated,
    check_int8,
    check_same,
    rule,
)
from fq_hw.foreign.tflite.reading import Operator
from fq_hw.passes.narrow_tables import thresholds

LEFT = 20  # bits by which the kernel of ADD shifts its inputs before it scales them


@rule("ADD", "SUB")
def add(importer: Importer, op: Operator) -> str:
    """A sum or difference of two scales: each input by a table, added exactly, requantized."""
    (a, x), (b, z) = (importer.source(op, place) for place in (0, 1))
    y = importer.tensor(op.outputs[0])
    low, high = (end + ZERO for end in activated(op, y))
    for one in (x, z):
        check_int8(one, op.where)
    same = importer.types[a].shape == importer.types[b].shape
    require(same, op.where, "both inputs must have one shape", kind=GraphError)
    twice = 2 * np.float64(max(x.scale[0], z.scale[0]))
    codes = np.arange(256, dtype=np.int64) - ZERO
    tables = [
        Factor.of(np.float64(one.scale[0]) / twice).times((codes - int(one.zero[0])) << LEFT)
        for one in (x, z)
    ]
    if op.kind == "SUB":
        tables[1] = -tables[1]
    factor = Factor.of(twice / ((1 << LEFT) * np.float64(y.scale[0])))
    sums = tables[0][:, None] + tables[1]
    made = np.clip(factor.times(sums) + int(y.zero[0]) + ZERO, low, high)
    levels = thresholds(sums, made)
    assert levels is not None, "the kernel's result rises with its sum"
    parts = [
        importer.add("lookup", f"{op.name}.{side}", source, table=table, scale=1.0)
        for source, table, side in zip((a, b), tables, ("first", "second"), strict=True)
    ]
    name = importer.add("add", f"{op.name}.sum", *parts)
    channels = importer.types[name].shape[2]
    return importer.add("threshold", op.name, name, levels=np.tile(levels, (channels, 1)),
                        sign=np.ones(channels, np.int8), out_bits=8)  # fmt: skip


@rule("CONCATENATION")
def concatenation(importer: Importer, op: Operator) -> str:
    """Of channels; the kernel moves numbers, and wants one scale and zero point of all."""
    y, joined = importer.tensor(op.outputs[0]), ""
    rank = len(y.shape)
    contract, axis = f"must join the channels, axis {rank - 1}", op.options["Axis"]
    require(axis in (-1, rank - 1), op.where, contract, axis, kind=GraphError)
    plain = op.options["FusedActivationFunction"] == NONE
    require(plain, op.where, "must have no activation", kind=GraphError)
    for place in range(len(op.inputs)):
        source, x = importer.source(op, place)
        check_same(op, x, y)
        last = place == len(op.inputs) - 1
        name = op.name if last else f"{op.name}.{place}"
        joined = importer.add("concat", name, joined, source) if joined else source
    return joined
