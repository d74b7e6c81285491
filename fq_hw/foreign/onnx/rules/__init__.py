"""How each kind of ONNX node is imported: one function a kind, declared by ``rule``."""

from fq_hw.foreign.onnx.rules import (
    arithmetic,
    clamps,
    convolutions,
    ends,
    functions,
    joins,
    linear,
    moves,
    pools,
    quantizers,
    shapes,
    transposed,
    trunc,
)

__all__ = [
    "arithmetic",
    "clamps",
    "convolutions",
    "ends",
    "functions",
    "joins",
    "linear",
    "moves",
    "pools",
    "quantizers",
    "shapes",
    "transposed",
    "trunc",
]
