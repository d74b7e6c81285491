"""What stands at the end of a network, and of what nothing but its place counts."""

from __future__ import annotations

from fq_hw.errors import GraphError, require
from fq_hw.foreign.tflite.importer import Importer, rule
from fq_hw.foreign.tflite.reading import Operator


@rule("SOFTMAX")
def softmax(importer: Importer, op: Operator) -> str:
    contract = "must stand at the end, where it keeps the ranking"
    require(op.outputs[0] == importer.exit, op.where, contract, kind=GraphError)
    return passed(importer, op)


@rule("DEQUANTIZE")
def dequantize(importer: Importer, op: Operator) -> str:
    contract = "must stand at the end; what follows it is no layer of integers"
    require(op.outputs[0] in importer.leaving, op.where, contract, kind=GraphError)
    return passed(importer, op)


def passed(importer: Importer, op: Operator) -> str:
    """The scores as they come; what the operator makes of them is nobody's integers."""
    source, _ = importer.source(op)
    importer.aside.add(op.outputs[0])
    return source
