"""How each kind of TFLite operator is imported: a function for some kinds, declared by ``rule``."""

from fq_hw.foreign.tflite.rules import ends, functions, joins, moves, pools, products

__all__ = ["ends", "functions", "joins", "moves", "pools", "products"]
