"""How each kind of ONNX node folds: one function a kind, declared by ``rule``."""

from fq_hw.foreign.onnx.rules import (
    arithmetic,
    convolutions,
    ends,
    joins,
    pools,
    quantizers,
    shapes,
)

__all__ = ["arithmetic", "convolutions", "ends", "joins", "pools", "quantizers", "shapes"]
