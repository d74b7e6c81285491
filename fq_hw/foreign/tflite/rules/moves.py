"""What moves numbers without changing them: shapes, padding, nearest neighbours."""

from __future__ import annotations

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.foreign.tflite.importer import ZERO, Importer, check_same, rule
from fq_hw.foreign.tflite.reading import Operator


@rule("EXPAND_DIMS", "RESHAPE", "SQUEEZE")
def reshape(importer: Importer, op: Operator) -> str:
    source, _ = importer.source(op)
    shape = importer.tensor(op.outputs[0]).shape
    kind = importer.types[source].shape
    row = kind[0] == 1 and shape == kind
    if row or shape == (1, *kind) or shape == (1, kind[2]) and kind[:2] == (1, 1):
        return source
    flat = shape in ((1, int(np.prod(kind))), (1, 1, 1, int(np.prod(kind))))
    contract = f"must make {(1, int(np.prod(kind)))} of {(1, *kind)}"
    require(flat, op.where, contract, shape, kind=GraphError)
    return importer.add("flatten", op.name, source)


@rule("PAD", "PADV2")
def pad(importer: Importer, op: Operator) -> str:
    """Pixels around an image, of the real number 0 or a constant."""
    source, x = importer.source(op)
    check_same(op, x, importer.tensor(op.outputs[0]))
    sides = importer.constant(op, 1, np.int32).values
    h, w, c = importer.types[source].shape
    contract = "must pad height and width alone, by 0 or more"
    fits = sides.shape == (4, 2) and not sides[[0, 3]].any() and (sides >= 0).all()
    require(fits, op.where, contract, sides.tolist(), kind=GraphError)
    level = int(x.zero[0])
    if op.kind == "PADV2":
        level = int(importer.constant(op, 2, np.int8).values.reshape(-1)[0])
    rows, columns = (
        np.pad(np.arange(size), tuple(side), constant_values=-1)
        for size, side in zip((h, w), sides[1:3].tolist(), strict=True)
    )
    return importer.add("grid", op.name, source, rows=rows, columns=columns, level=level + ZERO)


@rule("RESIZE_NEAREST_NEIGHBOR")
def resize(importer: Importer, op: Operator) -> str:
    """Each pixel as often as all others, which is one thing however centres are counted."""
    source, x = importer.source(op)
    y = importer.tensor(op.outputs[0])
    check_same(op, x, y)
    size = importer.types[source].shape[:2]
    times = [n // m for n, m in zip(y.shape[1:3], size, strict=True)] if len(y.shape) == 4 else []
    fits = tuple(t * n for t, n in zip(times, size, strict=False)) == tuple(y.shape[1:3])
    contract = f"must make whole multiples of {size[0]} x {size[1]} pixels"
    require(fits, op.where, contract, y.shape[1:3], kind=GraphError)
    contract = "align_corners must be 0"
    aligned = op.options["AlignCorners"]
    require(not aligned, op.where, contract, aligned, kind=GraphError)
    rows, columns = (np.arange(n).repeat(t) for n, t in zip(size, times, strict=True))
    return importer.add("grid", op.name, source, rows=rows, columns=columns)


@rule("PACK", "SHAPE", "STRIDED_SLICE")
def sizes(importer: Importer, op: Operator) -> str:
    """The shape of a RESHAPE, of a batch that a file leaves open: which its result says, too."""
    tensor = importer.tensor(op.outputs[0])
    require(tensor.kind is np.int32, op.where, "must make int32, as a shape is", kind=GraphError)
    return ""
