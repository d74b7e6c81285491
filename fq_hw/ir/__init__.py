"""The layer IR: what is computed, in integers; no folding, no hardware, no files but one."""

from fq_hw.ir.axis import Axis
from fq_hw.ir.graph import Graph
from fq_hw.ir.ops import (
    Add,
    ArgMax,
    Bias,
    ClassScale,
    Concat,
    Conv,
    Embed,
    Flatten,
    Input,
    Join,
    Lookup,
    MaxPool,
    Op,
    PixelSum,
    Pool,
    Requantize,
    SumPool,
    Threshold,
)
from fq_hw.ir.types import TensorType, infer

__all__ = [
    "Add",
    "ArgMax",
    "Axis",
    "Bias",
    "ClassScale",
    "Concat",
    "Conv",
    "Embed",
    "Flatten",
    "Graph",
    "Input",
    "Join",
    "Lookup",
    "MaxPool",
    "Op",
    "PixelSum",
    "Pool",
    "Requantize",
    "SumPool",
    "TensorType",
    "Threshold",
    "infer",
]
