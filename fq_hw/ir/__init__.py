"""The layer IR: what is computed, in integers; no folding, no hardware, no files but one."""

from fq_hw.ir.graph import Graph
from fq_hw.ir.ops import (
    Add,
    ArgMax,
    ClassScale,
    Conv,
    Embed,
    Input,
    Op,
    PixelSum,
    Threshold,
)
from fq_hw.ir.types import TensorType, infer

__all__ = [
    "Add",
    "ArgMax",
    "ClassScale",
    "Conv",
    "Embed",
    "Graph",
    "Input",
    "Op",
    "PixelSum",
    "TensorType",
    "Threshold",
    "infer",
]
